/* SPDX-License-Identifier: ISC */
/*
 * One piece of heap memory [mem, mem + cap); the content is [off, off + len) of it. What lies
 * outside the content and was content once has been wiped. Growing copies by hand and never by
 * realloc, which would leave the old bytes behind in the heap.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdlib.h>

enum { CAP_FIRST = 64 };

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){.limit = limit};
}

static void release(struct buf *b)
{
	bytes_wipe(b->mem, b->cap);
	free(b->mem);
	b->mem = NULL;
	b->off = b->len = b->cap = 0;
}

void buf_fini(struct buf *b)
{
	release(b);
}

/* The whole content at the front of the same memory. */
static void compact(struct buf *b)
{
	size_t old_end = b->off + b->len;

	memmove(b->mem, b->mem + b->off, b->len);
	bytes_wipe(b->mem + b->len, old_end - b->len);
	b->off = 0;
}

/* need is at most limit. */
static enum err grow(struct buf *b, size_t need)
{
	size_t cap = b->cap > b->limit / 2 ? b->limit : b->cap * 2;
	uint8_t *mem;

	if (cap < CAP_FIRST)
		cap = CAP_FIRST;
	if (cap < need)
		cap = need;
	if (cap > b->limit)
		cap = b->limit;
	mem = malloc(cap);
	if (mem == NULL)
		return E_NOMEM;
	if (b->len > 0)
		memcpy(mem, b->mem + b->off, b->len);
	bytes_wipe(b->mem, b->cap);
	free(b->mem);
	b->mem = mem;
	b->cap = cap;
	b->off = 0;
	return E_OK;
}

enum err buf_reserve(struct buf *b, size_t n, struct span *room)
{
	if (n > b->limit - b->len)
		return E_LIMIT;
	if (n > b->cap - b->off - b->len) {
		/* Moving is worth it only when it frees at least as much as it copies. */
		if (n <= b->cap - b->len && b->off >= b->len) {
			compact(b);
		} else {
			enum err e = grow(b, b->len + n);

			if (e != E_OK)
				return e;
		}
	}
	*room = (struct span){b->mem == NULL ? NULL : b->mem + b->off + b->len, n};
	return E_OK;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->off - b->len);
	b->len += n;
	if (b->len == 0)
		release(b);
}

enum err buf_append(struct buf *b, struct bytes data)
{
	struct span room;
	enum err e;

	if (data.len == 0)
		return E_OK;
	e = buf_reserve(b, data.len, &room);
	if (e != E_OK)
		return e;
	memcpy(room.ptr, data.ptr, data.len);
	buf_commit(b, data.len);
	return E_OK;
}

struct bytes buf_bytes(const struct buf *b)
{
	return bytes_of(b->len == 0 ? NULL : b->mem + b->off, b->len);
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == b->len) {
		release(b);
		return;
	}
	bytes_wipe(b->mem + b->off, n);
	b->off += n;
	b->len -= n;
}
