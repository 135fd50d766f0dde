/* SPDX-License-Identifier: ISC */
/*
 * What one key uses now, over all its connections: limits on a key line hold for the key, not for
 * each connection it makes. A connection takes its key's account at login and gives it back at its
 * end; the last one frees it.
 */
#ifndef RELAY_ACCOUNT_H
#define RELAY_ACCOUNT_H

#include "bridge/throttle.h"

enum { ACCOUNT_OWNER_MAX = 64 };

struct account {
	char owner[ACCOUNT_OWNER_MAX]; /* the key's fingerprint */
	unsigned links;
	unsigned forwards, visitors; /* open now */
	struct throttle *to_agent, *to_visitors; /* NULL: account_limit was not called */
};

struct accounts {
	void *tree; /* private */
};

/* NULL: memory is short, or owner is too long. */
struct account *account_take(struct accounts *all, const char *owner);
/* Makes its throttles, or sets them anew. */
enum err account_limit(struct account *a, struct hub *h, uint64_t bytes_a_second) MUST_USE;
void account_drop(struct accounts *all, struct account *a);

#endif
