/* SPDX-License-Identifier: ISC */
/*
 * A FIFO of bytes in chunks of a pool, with a byte budget of its own. Holds what a socket did not
 * take. Empty means: no chunk held.
 */
#ifndef BASE_CHUNKQ_H
#define BASE_CHUNKQ_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/pool.h"

struct chunkq_chunk;

struct chunkq {
	struct pool *pool; /* private from here on */
	struct chunkq_chunk *head, *tail;
	size_t len, limit;
	bool is_bulk;
};

void chunkq_init(struct chunkq *q, struct pool *pool, size_t limit);
/* For bytes of visitors and targets: refused the last quarter of the pool. */
void chunkq_init_bulk(struct chunkq *q, struct pool *pool, size_t limit);
void chunkq_fini(struct chunkq *q); /* gives everything back */

static inline size_t chunkq_len(const struct chunkq *q)
{
	return q->len;
}

/* n contiguous bytes behind the content (n <= POOL_HUGE - 64). E_LIMIT, E_NOMEM; nothing changed then.
 * chunkq_commit makes the first m <= n of them content. */
enum err chunkq_reserve(struct chunkq *q, size_t n, struct span *room) MUST_USE;
void chunkq_commit(struct chunkq *q, size_t m);
/* All of data or, on failure, none of it; any length, cut over chunks where it falls. */
enum err chunkq_append(struct chunkq *q, struct bytes data) MUST_USE;
/* Up to max pieces from the front, in order; returns how many. They hold until the next change. */
size_t chunkq_pieces(const struct chunkq *q, struct span *pieces, size_t max);
void chunkq_consume(struct chunkq *q, size_t n);

#endif
