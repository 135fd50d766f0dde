/* SPDX-License-Identifier: ISC */
/*
 * The hops to the relay, in the order in which they are reached: jump hosts (ProxyJump), then the
 * relay itself. Each has settings and keys of its own.
 */
#ifndef CLIENT_ROUTE_H
#define CLIENT_ROUTE_H

#include "client/identities.h"
#include "client/settings.h"

enum { ROUTE_MAX = 16 };

struct leg {
	struct client_settings settings; /* what it points to belongs to conf */
	struct identities identities;
	struct client_conf *conf; /* private */
};

struct route {
	struct leg legs[ROUTE_MAX];
	size_t count;
};

/* Bad lines were told to the log; f says why there is no route. route_fini is due in any case. */
enum err route_load(struct route *r, const struct cmdline *o, const struct settings_who *who,
	struct fault *f) MUST_USE;
void route_fini(struct route *r);
/* The key files of all hops, once it is known that they are wanted. */
void route_load_keys(struct route *r, const struct settings_who *who);
void route_fini_keys(struct route *r);

static inline const struct client_settings *route_relay(const struct route *r)
{
	return &r->legs[r->count - 1].settings;
}

#endif
