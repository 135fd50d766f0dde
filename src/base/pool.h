/* SPDX-License-Identifier: ISC */
/*
 * Packet memory of one loop: chunks of a few fixed sizes that are taken while there is something to
 * hold and given back at once. One owner at a time, no locks (a pool belongs to one loop). Chunks are
 * wiped when they come back, since pools cross tenants. A byte budget covers all chunks handed out.
 *
 * The last quarter of the budget is for what a connection has to say of its own: window adjusts, opens
 * and closes, keepalives, key exchanges. What visitors and targets make us queue (bulk) is refused it.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	POOL_SMALL = 1024,               /* a control packet or two */
	POOL_MEDIUM = 8 * 1024,
	POOL_LARGE = 36 * 1024,          /* one 32 KiB data packet with its framing */
	POOL_HUGE = 264 * 1024           /* the largest packet we accept (wire/limits in msgs.h) */
};

struct pool; /* opaque */

/* budget: bytes that may be out at one time, 0 for no bound. NULL when memory is short. */
struct pool *pool_new(size_t budget);
/* Every chunk must be back. NULL is fine. */
void pool_free(struct pool *p);

/* A chunk of at least min bytes (span.len says how much it really holds, at most POOL_HUGE). E_LIMIT
 * when min > POOL_HUGE or the budget is spent, E_NOMEM. */
enum err pool_take(struct pool *p, size_t min, struct span *chunk) MUST_USE;
/* The same for bulk: E_LIMIT also when it would reach into the last quarter. */
enum err pool_take_bulk(struct pool *p, size_t min, struct span *chunk) MUST_USE;
/* Half of the budget is out: promise no more than what must be. */
bool pool_is_half_out(const struct pool *p);
/* All but the last quarter is out: read no source whose bytes would have to be queued. */
bool pool_is_crowded(const struct pool *p);
/* Gives a chunk back; used says how many of its first bytes were ever written, only those are wiped. */
void pool_give(struct pool *p, struct span chunk, size_t used);
/* Bytes handed out now; the most at any time. */
size_t pool_out(const struct pool *p);
size_t pool_peak(const struct pool *p);

#endif
