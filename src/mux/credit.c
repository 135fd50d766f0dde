/* SPDX-License-Identifier: ISC */
/* Whatever changes left + held of a window does it between before() and count(). */
#include "mux/credit.h"

#include <assert.h>

enum { NARROW_FLOOR_PART = 64, NARROW_FLOOR = 256 };

void credit_init(struct credit *c, uint32_t window, size_t budget, uint32_t channels_max)
{
	size_t half_each = budget / 2 / channels_max;

	*c = (struct credit){.window = window, .floor = window};
	if (budget == 0)
		return;
	assert(half_each > 0);
	if (half_each < window)
		c->floor = (uint32_t)half_each;
	c->shared = budget - (uint64_t)c->floor * channels_max;
}

void credit_narrow(struct credit *c, uint32_t window)
{
	uint32_t least;

	assert(window > 0 && c->spent == 0);
	if (window < c->window)
		c->window = window;
	/* So that a crowd starts with little more than one has. */
	least = c->window / NARROW_FLOOR_PART > NARROW_FLOOR ? c->window / NARROW_FLOOR_PART
							     : NARROW_FLOOR;
	if (least > c->window || c->shared == 0)
		least = c->window;
	if (least < c->floor)
		c->floor = least;
}

void credit_narrow_next(struct credit *c, uint32_t window)
{
	c->next = window;
}

static uint32_t bounded(const struct recv_window *w, uint32_t size)
{
	return w->most != 0 && size > w->most ? w->most : size;
}

static uint64_t free_now(const struct credit *c)
{
	return c->shared - c->spent;
}

/* What a window has spent of the shared part. */
static uint64_t beyond(const struct credit *c, const struct recv_window *w)
{
	uint64_t out = (uint64_t)w->left + w->held;

	return out > c->floor ? out - c->floor : 0;
}

static void count(struct credit *c, const struct recv_window *w, uint64_t before)
{
	c->spent = c->spent - before + beyond(c, w);
	assert(c->spent <= c->shared);
}

/* The most that can be granted to a window now. */
static uint64_t room_for(const struct credit *c, const struct recv_window *w)
{
	uint64_t out = (uint64_t)w->left + w->held;

	return free_now(c) + (out < c->floor ? c->floor - out : 0);
}

void credit_start(struct credit *c, struct recv_window *w, uint32_t channels)
{
	uint32_t size = c->is_pressed ? 0 : c->window / channels;

	if (size < c->floor)
		size = c->floor;
	*w = (struct recv_window){.most = c->next};
	c->next = 0;
	size = w->size = bounded(w, size);
	if (size > room_for(c, w))
		w->size = (uint32_t)room_for(c, w);
	w->left = w->size;
	count(c, w, 0);
}

void credit_consume(struct credit *c, struct recv_window *w, uint32_t n)
{
	uint64_t before = beyond(c, w);

	recv_window_consume(w, n);
	count(c, w, before);
}

/* What a window may not grow beyond now. */
static uint64_t most(const struct credit *c, uint32_t channels)
{
	uint64_t equal = c->floor + c->shared / channels;

	if (c->is_pressed)
		return c->floor;
	if (free_now(c) >= c->shared / 4 || equal > c->window)
		return c->window;
	return equal;
}

static uint32_t size_anew(const struct credit *c, const struct recv_window *w, uint32_t channels)
{
	uint64_t size = w->size, max = most(c, channels);
	bool is_behind = w->held > size / 2;
	bool is_held_back = w->held <= size / 4 && w->left <= size / 2;

	if (is_behind && free_now(c) < c->shared / 2)
		size /= 2;
	else if (is_held_back && size < max)
		size = size * 2 < max ? size * 2 : max;
	if (size > max)
		size = max > size / 2 ? max : size / 2;
	return bounded(w, size > c->floor ? (uint32_t)size : c->floor);
}

uint32_t credit_grant(struct credit *c, struct recv_window *w, uint32_t channels)
{
	uint64_t before = beyond(c, w);
	uint32_t n;

	w->size = size_anew(c, w, channels);
	n = recv_window_grant(w, room_for(c, w));
	count(c, w, before);
	return n;
}

void credit_void(struct credit *c, struct recv_window *w)
{
	uint64_t before = beyond(c, w);

	w->left = 0;
	count(c, w, before);
}

void credit_end(struct credit *c, struct recv_window *w)
{
	uint64_t before = beyond(c, w);

	*w = (struct recv_window){0};
	count(c, w, before);
}

enum err credit_adopt(struct credit *c, const struct recv_window *w)
{
	if (w->size > c->window || (uint64_t)w->left + w->held > c->window ||
		beyond(c, w) > free_now(c))
		return E_FORMAT;
	count(c, w, 0);
	return E_OK;
}
