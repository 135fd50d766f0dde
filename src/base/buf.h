/* SPDX-License-Identifier: ISC */
/*
 * A byte queue in one piece of heap memory, bounded by a limit given at init. It holds no memory while
 * it is empty. For control-sized things; bulk bytes live in pool chunks (chunkq.h).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/bytes.h"
#include "base/err.h"

struct buf {
	uint8_t *mem; /* private from here on */
	size_t off, len, cap, limit;
};

void buf_init(struct buf *b, size_t limit);
/* Wipes and frees. Safe on a zeroed or finished buf. */
void buf_fini(struct buf *b);

/* Room for n more bytes at the end, contiguous. E_LIMIT past the limit, E_NOMEM. Changes nothing on
 * failure. The span holds until the next call on b. */
enum err buf_reserve(struct buf *b, size_t n, struct span *room) MUST_USE;
/* The first n bytes of the room given last are now content. */
void buf_commit(struct buf *b, size_t n);
enum err buf_append(struct buf *b, struct bytes data) MUST_USE;
/* All content, until the next call on b. */
struct bytes buf_bytes(const struct buf *b);
/* Drops n bytes from the front; wipes them; frees the memory when nothing is left. */
void buf_consume(struct buf *b, size_t n);

#endif
