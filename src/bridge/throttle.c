/* SPDX-License-Identifier: ISC */
/* Tokens are thousandths of a byte, since time comes in thousandths of a second. */
#include "bridge/throttle.h"

#include <assert.h>
#include <stdlib.h>

#include "wire/msgs.h"

enum {
	MILLI = 1000,
	BURST_PART = 20, /* of a second: what the bucket holds */
	BURST_LEAST = 256,
	WAKE_PART = 50, /* of a second: what is worth waking somebody for */
	WAKE_LEAST = 128,
	WINDOW_PART = 4 /* of a second: enough for a round trip of 250 ms */
};

#define RATE_MOST (1ULL << 40) /* so that no product overflows */

struct throttle {
	struct hub *hub;
	uv_timer_t timer;
	struct list waiting;
	uint64_t rate; /* bytes a second, tokens a millisecond */
	int64_t tokens, full, wake;
	uint64_t filled_ms;
};

static void on_timer(uv_timer_t *timer);

/* Tokens for a part of a second. */
static int64_t part_of(const struct throttle *t, unsigned part, unsigned least_bytes)
{
	uint64_t bytes = t->rate / part;

	return (int64_t)(bytes > least_bytes ? bytes : least_bytes) * MILLI;
}

static void fill(struct throttle *t)
{
	uint64_t now_ms = hub_now(t->hub), ms = now_ms - t->filled_ms;
	uint64_t lack = (uint64_t)(t->full - t->tokens);

	t->filled_ms = now_ms;
	t->tokens = ms > lack / t->rate ? t->full : t->tokens + (int64_t)(ms * t->rate);
}

void throttle_set(struct throttle *t, uint64_t bytes_a_second)
{
	assert(bytes_a_second >= THROTTLE_RATE_MIN);
	t->rate = bytes_a_second < RATE_MOST ? bytes_a_second : RATE_MOST;
	t->full = part_of(t, BURST_PART, BURST_LEAST);
	t->wake = part_of(t, WAKE_PART, WAKE_LEAST);
	if (t->tokens > t->full)
		t->tokens = t->full;
}

struct throttle *throttle_new(struct hub *h, uint64_t bytes_a_second)
{
	struct throttle *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->hub = h;
	list_init(&t->waiting);
	throttle_set(t, bytes_a_second);
	t->tokens = t->full;
	t->filled_ms = hub_now(h);
	uv_timer_init(h->loop, &t->timer);
	t->timer.data = t;
	return t;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void throttle_free(struct throttle *t)
{
	if (t == NULL)
		return;
	assert(list_is_empty(&t->waiting));
	uv_close((uv_handle_t *)&t->timer, on_closed);
}

size_t throttle_room(struct throttle *t)
{
	fill(t);
	return t->tokens > 0 ? (size_t)t->tokens / MILLI : 0;
}

void throttle_spend(struct throttle *t, size_t n)
{
	/* A debt beyond all bounds would take years to pay: that is far enough. */
	int64_t spent = n < RATE_MOST ? (int64_t)n * MILLI : (int64_t)RATE_MOST * MILLI;

	fill(t);
	t->tokens = t->tokens > INT64_MIN / 2 ? t->tokens - spent : t->tokens;
}

void throttle_refund(struct throttle *t, size_t n)
{
	fill(t);
	if (n >= (uint64_t)(t->full - t->tokens) / MILLI)
		t->tokens = t->full;
	else
		t->tokens += (int64_t)n * MILLI;
}

/* Until a piece worth sending can go. */
static void set_timer(struct throttle *t)
{
	uint64_t ms = t->tokens < t->wake ? (uint64_t)(t->wake - t->tokens) / t->rate : 0;

	uv_timer_start(&t->timer, on_timer, ms + 1, 0);
}

/* Those who wait now, as long as there is room; who waits again does so for the next time. */
static void on_timer(uv_timer_t *timer)
{
	struct throttle *t = timer->data;
	struct list round, *n;

	list_init(&round);
	while (!list_is_empty(&t->waiting)) {
		n = t->waiting.next;
		list_remove(n);
		list_append(&round, n);
	}
	while (!list_is_empty(&round) && throttle_room(t) > 0) {
		n = round.next;
		list_remove(n);
		list_entry(n, struct throttle_turn, link)
			->go(list_entry(n, struct throttle_turn, link));
	}
	/* Those who were not reached stand before those who came meanwhile. */
	while (!list_is_empty(&round)) {
		n = round.prev;
		list_remove(n);
		list_append(t->waiting.next, n);
	}
	if (!list_is_empty(&t->waiting))
		set_timer(t);
}

void throttle_wait(struct throttle *t, struct throttle_turn *turn)
{
	if (!list_is_empty(&turn->link))
		return;
	list_append(&t->waiting, &turn->link);
	if (!uv_is_active((uv_handle_t *)&t->timer))
		set_timer(t);
}

uint32_t throttle_window(uint64_t bytes_a_second)
{
	uint64_t bytes = bytes_a_second / WINDOW_PART;

	return bytes < WINDOW_START ? (uint32_t)bytes : WINDOW_START;
}
