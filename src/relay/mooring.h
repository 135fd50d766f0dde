/* SPDX-License-Identifier: ISC */
/*
 * The listening sockets of one open port, as the supervisor has them: the relay process serves from
 * copies. So a port outlives that process: while a new one starts visitors wait in the kernel's
 * queue, and when the owner's agent is back within ForwardLease the sockets go to it as they are.
 */
#ifndef RELAY_MOORING_H
#define RELAY_MOORING_H

#include "bridge/binder.h"
#include "relay/later.h"
#include "relay/ports.h"

struct mooring {
	struct moorings *moorings;
	struct list node; /* of moorings.all */
	uint64_t id;
	char owner[PORTS_TEXT_MAX]; /* a key's fingerprint */
	struct binder_set set;
	bool is_chosen; /* port 0 was asked for */
	bool is_left;	/* the process that served it is gone */
	struct later lapse;
	uint64_t until_ms;
};

struct moorings {
	void *tree; /* by id */
	struct list all;
	struct laters lapses; /* of those that nobody serves */
	uint64_t last_id;
};

void moorings_init(struct moorings *s, uv_loop_t *loop);
/* Closes all. */
void moorings_end(struct moorings *s);
/* Takes the sockets of set, on success. NULL when memory is short. */
struct mooring *mooring_new(struct moorings *s, const char *owner, struct binder_set *set);
void mooring_close(struct mooring *t);
struct mooring *mooring_find(const struct moorings *s, uint64_t id); /* NULL: none */
/* One that nobody serves and that keeps others from listening there; NULL: none. */
struct mooring *mooring_left_at(const struct moorings *s, const struct binder_wish *wish);
/* Does it listen on exactly these addresses? */
bool mooring_fits(const struct mooring *t, const struct binder_wish *wish);
/* Somebody serves it again. */
void mooring_resume(struct mooring *t);
/* The relay process is gone: all are kept for lease_ms, or closed at 0. */
void moorings_left(struct moorings *s, uint64_t lease_ms);

#endif
