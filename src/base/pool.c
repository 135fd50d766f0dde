/* SPDX-License-Identifier: ISC */
/*
 * Chunks of four sizes. Each carries a head in front of it, on a cache line of its own, that says
 * which pool and size it belongs to and whether it is out: a chunk given back twice, to another
 * pool or with another length aborts. Idle chunks wait in one list a size, newest first because it
 * is the warmest, as long as all of them stay within IDLE_MAX; what is over goes back to the heap.
 *
 * Invariant: idle chunks are all zero up to what their last owner wrote.
 */
#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
/* Under AddressSanitizer the use of a chunk after giving it back is seen at once. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { CACHE_LINE = 64, SIZES = 4, IDLE_MAX = 4 * 1024 * 1024 };

static const size_t sizes[SIZES] = {POOL_SMALL, POOL_MEDIUM, POOL_LARGE, POOL_HUGE};

enum chunk_state { CHUNK_OUT = 0x0c1a, CHUNK_IDLE = 0x1d1e };

struct head {
	struct pool *pool;
	struct head *next_idle;
	unsigned size; /* index into sizes */
	enum chunk_state state;
};

_Static_assert(sizeof(struct head) <= CACHE_LINE, "the head of a chunk has one cache line");
_Static_assert(POOL_SMALL % CACHE_LINE == 0 && POOL_MEDIUM % CACHE_LINE == 0 &&
		       POOL_LARGE % CACHE_LINE == 0 && POOL_HUGE % CACHE_LINE == 0,
	"aligned_alloc wants multiples of the alignment");

struct pool {
	struct head *idle[SIZES];
	size_t idle_bytes;
	size_t budget, out, peak;
};

struct pool *pool_new(size_t budget)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (p != NULL)
		p->budget = budget;
	return p;
}

static uint8_t *chunk_of(struct head *h)
{
	return (uint8_t *)h + CACHE_LINE;
}

static void destroy(struct head *h)
{
	ASAN_UNPOISON_MEMORY_REGION(chunk_of(h), sizes[h->size]);
	free(h);
}

void pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	assert(p->out == 0);
	for (unsigned i = 0; i < SIZES; i++) {
		while (p->idle[i] != NULL) {
			struct head *h = p->idle[i];

			p->idle[i] = h->next_idle;
			destroy(h);
		}
	}
	free(p);
}

/* An idle chunk of this size, or a new one; NULL when memory is short. */
static struct head *obtain(struct pool *p, unsigned size)
{
	struct head *h = p->idle[size];

	if (h != NULL) {
		p->idle[size] = h->next_idle;
		p->idle_bytes -= sizes[size];
		ASAN_UNPOISON_MEMORY_REGION(chunk_of(h), sizes[size]);
		return h;
	}
	h = aligned_alloc(CACHE_LINE, CACHE_LINE + sizes[size]);
	if (h != NULL)
		*h = (struct head){.pool = p, .size = size};
	return h;
}

static enum err take(struct pool *p, size_t budget, size_t min, struct span *chunk)
{
	unsigned size = 0;
	struct head *h;

	if (min > POOL_HUGE)
		return E_LIMIT;
	while (sizes[size] < min)
		size++;
	if (p->budget != 0 && (p->out > budget || sizes[size] > budget - p->out))
		return E_LIMIT;
	h = obtain(p, size);
	if (h == NULL)
		return E_NOMEM;
	h->next_idle = NULL;
	h->state = CHUNK_OUT;
	p->out += sizes[size];
	if (p->out > p->peak)
		p->peak = p->out;
	*chunk = (struct span){chunk_of(h), sizes[size]};
	return E_OK;
}

static size_t bulk_budget(const struct pool *p)
{
	return p->budget - p->budget / 4;
}

enum err pool_take(struct pool *p, size_t min, struct span *chunk)
{
	return take(p, p->budget, min, chunk);
}

enum err pool_take_bulk(struct pool *p, size_t min, struct span *chunk)
{
	return take(p, bulk_budget(p), min, chunk);
}

bool pool_is_half_out(const struct pool *p)
{
	return p->budget != 0 && p->out >= p->budget / 2;
}

bool pool_is_crowded(const struct pool *p)
{
	return p->budget != 0 && p->out >= bulk_budget(p);
}

void pool_give(struct pool *p, struct span chunk, size_t used)
{
	struct head *h = (struct head *)(void *)(chunk.ptr - CACHE_LINE);

	assert(h->state == CHUNK_OUT);
	assert(h->pool == p);
	assert(h->size < SIZES && chunk.len == sizes[h->size]);
	assert(used <= chunk.len);
	bytes_wipe(chunk.ptr, used);
	h->state = CHUNK_IDLE;
	p->out -= chunk.len;
	if (p->idle_bytes + chunk.len > IDLE_MAX) {
		destroy(h);
		return;
	}
	p->idle_bytes += chunk.len;
	h->next_idle = p->idle[h->size];
	p->idle[h->size] = h;
	ASAN_POISON_MEMORY_REGION(chunk.ptr, chunk.len);
}

size_t pool_out(const struct pool *p)
{
	return p->out;
}

size_t pool_peak(const struct pool *p)
{
	return p->peak;
}
