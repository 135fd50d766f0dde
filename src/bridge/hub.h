/* SPDX-License-Identifier: ISC */
/*
 * What one loop's connections share: packet memory, the two areas of a turn, randomness, and the list
 * of connections that have something to do. Readiness is only noted while the loop polls; the work is
 * done in one turn a connection right after (uv_check), so all sources of a connection meet in one
 * write.
 */
#ifndef BRIDGE_HUB_H
#define BRIDGE_HUB_H

#include <uv.h>
#include "base/list.h"
#include "session/session.h"

enum { HUB_GATHER = 64 };

struct pump;

struct hub {
	uv_loop_t *loop;
	struct session_env env;
	struct rng rng;
	uint64_t accepted, visitors; /* for the program's counters */

	struct list woken; /* private from here on: of struct conn */
	struct list waiting; /* of struct conn: for packet memory */
	struct list lingers;
	unsigned lingers_now;
	uv_check_t check;
	uv_idle_t idle; /* keeps the loop from sleeping while somebody is woken */
	/* Payload of one turn that goes to the same socket, to be written in one call. */
	struct pump *gather_for;
	size_t gather_count;
	struct span gather[HUB_GATHER];
};

/* pool_budget: bytes of packet memory in all, 0 for none. */
enum err hub_init(struct hub *h, uv_loop_t *loop, size_t pool_budget) MUST_USE;
/* All conns must be gone; the loop must run once more afterwards to close its handles. Sockets that
 * still wait for the other side to take its last bytes are closed now. */
void hub_fini(struct hub *h);
uint64_t hub_now(const struct hub *h); /* monotonic ms of this loop iteration */

#endif
