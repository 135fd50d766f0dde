/* SPDX-License-Identifier: ISC */
/*
 * A singly linked list of pool chunks, each with its own head inside. Content is [start, end) of a
 * chunk; only the last chunk can be without content, between a reserve and its commit. touched is
 * the highest place ever lent out, so that giving back wipes also what was written but never
 * committed.
 */
#include "base/chunkq.h"

#include <assert.h>

struct chunkq_chunk {
	struct chunkq_chunk *next;
	size_t start, end, touched; /* offsets from the chunk's own address */
	size_t size;
};

enum { HEAD = 64 }; /* what chunkq.h promises to keep of a chunk at most */

_Static_assert(sizeof(struct chunkq_chunk) <= HEAD, "the head must fit its place");

void chunkq_init(struct chunkq *q, struct pool *pool, size_t limit)
{
	*q = (struct chunkq){.pool = pool, .limit = limit};
}

void chunkq_init_bulk(struct chunkq *q, struct pool *pool, size_t limit)
{
	chunkq_init(q, pool, limit);
	q->is_bulk = true;
}

static uint8_t *mem_of(const struct chunkq_chunk *c)
{
	return (uint8_t *)(uintptr_t)c;
}

static void give(struct chunkq *q, struct chunkq_chunk *c)
{
	pool_give(q->pool, (struct span){mem_of(c), c->size}, c->touched);
}

/* Gives back all chunks behind last; all of them when last is NULL. */
static void cut_behind(struct chunkq *q, struct chunkq_chunk *last)
{
	struct chunkq_chunk *c = last != NULL ? last->next : q->head;

	while (c != NULL) {
		struct chunkq_chunk *next = c->next;

		give(q, c);
		c = next;
	}
	q->tail = last;
	if (last != NULL)
		last->next = NULL;
	else
		q->head = NULL;
}

void chunkq_fini(struct chunkq *q)
{
	cut_behind(q, NULL);
	q->len = 0;
}

/* Gives back the last chunk when it has no content. */
static void drop_empty_tail(struct chunkq *q)
{
	struct chunkq_chunk *before = NULL;

	if (q->tail == NULL || q->tail->start != q->tail->end)
		return;
	for (struct chunkq_chunk *c = q->head; c != q->tail; c = c->next)
		before = c;
	cut_behind(q, before);
}

static size_t tail_room(const struct chunkq *q)
{
	return q->tail == NULL ? 0 : q->tail->size - q->tail->end;
}

/* A new last chunk with room for n. */
static enum err extend(struct chunkq *q, size_t n)
{
	size_t backlog = q->len;
	struct chunkq_chunk *c;
	struct span mem;
	enum err e;

	if (n > POOL_HUGE - HEAD)
		return E_LIMIT;
	/* The longer the queue the larger the chunks: a backlog of small frames shall not become a
	 * long list, and a short one not hold much memory. */
	if (backlog > POOL_LARGE - HEAD)
		backlog = POOL_LARGE - HEAD;
	if (n < backlog)
		n = backlog;
	e = q->is_bulk ? pool_take_bulk(q->pool, HEAD + n, &mem)
		       : pool_take(q->pool, HEAD + n, &mem);
	if (e != E_OK)
		return e;
	c = (struct chunkq_chunk *)(void *)mem.ptr;
	*c = (struct chunkq_chunk){.start = HEAD, .end = HEAD, .touched = HEAD, .size = mem.len};
	if (q->tail != NULL)
		q->tail->next = c;
	else
		q->head = c;
	q->tail = c;
	return E_OK;
}

/* The next n bytes of the last chunk, which has that much room. */
static struct span lend(struct chunkq *q, size_t n)
{
	struct chunkq_chunk *c = q->tail;

	if (c->touched < c->end + n)
		c->touched = c->end + n;
	return (struct span){mem_of(c) + c->end, n};
}

enum err chunkq_reserve(struct chunkq *q, size_t n, struct span *room)
{
	if (n > q->limit - q->len)
		return E_LIMIT;
	if (n == 0) {
		*room = (struct span){NULL, 0};
		return E_OK;
	}
	if (tail_room(q) < n) {
		enum err e;

		drop_empty_tail(q); /* reserved before and never committed */
		e = extend(q, n);
		if (e != E_OK)
			return e;
	}
	*room = lend(q, n);
	return E_OK;
}

void chunkq_commit(struct chunkq *q, size_t m)
{
	if (m > 0) {
		assert(q->tail != NULL && m <= q->tail->touched - q->tail->end);
		q->tail->end += m;
		q->len += m;
	}
	drop_empty_tail(q);
}

enum err chunkq_append(struct chunkq *q, struct bytes data)
{
	struct chunkq_chunk *old_tail;
	size_t old_end, old_len = q->len;

	if (data.len > q->limit - q->len)
		return E_LIMIT;
	drop_empty_tail(q);
	old_tail = q->tail;
	old_end = old_tail != NULL ? old_tail->end : 0;
	while (data.len > 0) {
		size_t n = data.len < POOL_LARGE - HEAD ? data.len : POOL_LARGE - HEAD;

		if (tail_room(q) == 0) {
			enum err e = extend(q, n);

			if (e != E_OK) {
				cut_behind(q, old_tail);
				if (old_tail != NULL)
					old_tail->end = old_end;
				q->len = old_len;
				return e;
			}
		}
		if (n > tail_room(q))
			n = tail_room(q);
		memcpy(lend(q, n).ptr, data.ptr, n);
		chunkq_commit(q, n);
		data = bytes_of(data.ptr + n, data.len - n);
	}
	return E_OK;
}

size_t chunkq_pieces(const struct chunkq *q, struct span *pieces, size_t max)
{
	size_t n = 0;

	for (const struct chunkq_chunk *c = q->head; c != NULL && n < max; c = c->next) {
		if (c->start != c->end)
			pieces[n++] = (struct span){mem_of(c) + c->start, c->end - c->start};
	}
	return n;
}

void chunkq_consume(struct chunkq *q, size_t n)
{
	assert(n <= q->len);
	q->len -= n;
	while (n > 0) {
		struct chunkq_chunk *c = q->head;
		size_t have = c->end - c->start;

		if (n < have) {
			c->start += n;
			return;
		}
		n -= have;
		q->head = c->next;
		if (q->head == NULL)
			q->tail = NULL;
		give(q, c);
	}
}
