/* SPDX-License-Identifier: ISC */
/*
 * A port (wire/port.h) over an array: messages are queued as length and payload and taken out in
 * order. Bulk pieces are lent in the queue itself, so that a head written to the wrong place, or a
 * packet that follows a short one, is seen. Breaking the port's contract aborts.
 */
#ifndef SUPPORT_FAKEPORT_H
#define SUPPORT_FAKEPORT_H

#include "wire/port.h"

#include <assert.h>
#include <stdlib.h>

enum { FAKEPORT_PIECES = 64, FAKEPORT_CAP = 4 * 1024 * 1024 };

struct fakeport {
	uint8_t *mem;
	size_t at, len;			  /* the next message to take, the end of the last */
	size_t count;			  /* messages not taken */
	bool is_begun;			  /* begin without end */
	bool is_full;			  /* lend gives nothing, as during an exchange */
	unsigned fails_in;		  /* 1: the next begin fails with E_LIMIT; 0 never */
	size_t lent[FAKEPORT_PIECES + 1]; /* where pieces start, at their length fields */
	size_t lent_head, lent_count, lent_done;
	bool was_short;
};

static inline struct fakeport *fakeport_new(void)
{
	struct fakeport *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->mem = malloc(FAKEPORT_CAP);
	if (p->mem == NULL)
		abort();
	return p;
}

static inline void fakeport_free(struct fakeport *p)
{
	free(p->mem);
	free(p);
}

static inline enum err fakeport_begin(void *ctx, size_t max, struct writer *w)
{
	struct fakeport *p = ctx;

	assert(!p->is_begun);
	p->lent_count = p->lent_done = 0;
	if (p->fails_in > 0 && --p->fails_in == 0)
		return E_LIMIT;
	if (max > FAKEPORT_CAP - p->len - 4)
		return E_NOMEM;
	p->is_begun = true;
	wr_init(w, (struct span){p->mem + p->len + 4, max});
	return E_OK;
}

static inline void fakeport_put(struct fakeport *p, size_t len)
{
	assert(len > 0);
	store_be32(p->mem + p->len, (uint32_t)len);
	p->len += 4 + len;
	p->count++;
}

static inline enum err fakeport_end(void *ctx, struct writer *w)
{
	struct fakeport *p = ctx;

	assert(p->is_begun && wr_ok(w)); /* room was asked for exactly */
	p->is_begun = false;
	fakeport_put(p, wr_bytes(w).len);
	return E_OK;
}

static inline size_t fakeport_lend(
	void *ctx, size_t head, size_t max_data, size_t want, struct span *pieces, size_t max_spans)
{
	struct fakeport *p = ctx;
	size_t at = p->len;

	assert(max_data > 0 && want > 0);
	p->lent_count = p->lent_done = 0;
	p->lent_head = head;
	p->was_short = false;
	while (!p->is_full && want > 0 && p->lent_count < max_spans &&
		p->lent_count < FAKEPORT_PIECES && at + 4 + head + max_data <= FAKEPORT_CAP) {
		size_t n = want < max_data ? want : max_data;

		p->lent[p->lent_count] = at;
		pieces[p->lent_count++] = (struct span){p->mem + at + 4 + head, n};
		at += 4 + head + n;
		want -= n;
	}
	p->lent[p->lent_count] = at;
	return p->lent_count;
}

static inline uint8_t *fakeport_lent(void *ctx)
{
	struct fakeport *p = ctx;

	return p->lent_done < p->lent_count ? p->mem + p->lent[p->lent_done] + 4 : NULL;
}

static inline enum err fakeport_commit(void *ctx, size_t payload_len)
{
	struct fakeport *p = ctx;
	size_t room;

	assert(p->lent_done < p->lent_count && !p->was_short);
	assert(p->len == p->lent[p->lent_done]);
	room = p->lent[p->lent_done + 1] - p->lent[p->lent_done] - 4;
	assert(payload_len > p->lent_head && payload_len <= room);
	p->was_short = payload_len < room;
	p->lent_done++;
	fakeport_put(p, payload_len);
	return E_OK;
}

static inline struct port fakeport_port(struct fakeport *p)
{
	return (struct port){
		p, fakeport_begin, fakeport_end, fakeport_lend, fakeport_lent, fakeport_commit};
}

/* The next message; empty when there is none. Holds until the queue has been empty and is written
 * again. */
static inline struct bytes fakeport_take(struct fakeport *p)
{
	struct bytes payload;

	if (p->count == 0) {
		p->at = p->len = 0;
		return (struct bytes){0};
	}
	payload = bytes_of(p->mem + p->at + 4, load_be32(p->mem + p->at));
	p->at += 4 + payload.len;
	p->count--;
	return payload;
}

static inline void fakeport_clear(struct fakeport *p)
{
	p->at = p->len = p->count = 0;
}

/* One for the whole program, as new: for what runs too often to allocate so much. */
static inline struct fakeport *fakeport_again(void)
{
	static struct fakeport *port;

	if (port == NULL)
		port = fakeport_new();
	*port = (struct fakeport){.mem = port->mem};
	return port;
}

#endif
