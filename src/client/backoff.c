/* SPDX-License-Identifier: ISC */
#include "client/backoff.h"

enum { DOUBLINGS = 5 }; /* from the base past the cap */

_Static_assert((BACKOFF_BASE_MS << DOUBLINGS) >= BACKOFF_CAP_MS, "the cap is reached");

/* 0..bound evenly; 2^32 against some thousands leaves no bias worth a thought. */
static uint64_t spread(uint32_t random, uint64_t bound_ms)
{
	return ((uint64_t)random * (bound_ms + 1)) >> 32;
}

static uint64_t bound_of(unsigned tries)
{
	uint64_t bound_ms;

	if (tries == 0)
		return BACKOFF_FIRST_MS;
	bound_ms = (uint64_t)BACKOFF_BASE_MS << (tries - 1);
	return bound_ms < BACKOFF_CAP_MS ? bound_ms : BACKOFF_CAP_MS;
}

uint64_t backoff_next(struct backoff *b, uint32_t random)
{
	uint64_t wait_ms = spread(random, bound_of(b->tries));

	if (b->tries <= DOUBLINGS)
		b->tries++;
	return wait_ms;
}

uint64_t backoff_penalty(struct backoff *b, uint32_t random)
{
	b->tries = DOUBLINGS + 1;
	return BACKOFF_CAP_MS + spread(random, BACKOFF_BASE_MS);
}

void backoff_up(struct backoff *b, uint64_t now_ms)
{
	if (!b->is_up)
		b->up_since_ms = now_ms;
	b->is_up = true;
}

void backoff_down(struct backoff *b, uint64_t now_ms)
{
	if (b->is_up && now_ms - b->up_since_ms >= BACKOFF_STABLE_MS)
		b->tries = 0;
	b->is_up = false;
}

void backoff_reset(struct backoff *b)
{
	b->tries = 0;
}
