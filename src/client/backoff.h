/* SPDX-License-Identifier: ISC */
/*
 * How long to wait before the next try: full jitter over a bound that doubles, so that a thousand
 * agents of one relay do not come back in step. Pure: time and randomness are arguments.
 */
#ifndef CLIENT_BACKOFF_H
#define CLIENT_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
	BACKOFF_FIRST_MS = 200, /* the first try comes within this */
	BACKOFF_BASE_MS = 500,	/* bound of the second, doubled from there on */
	BACKOFF_CAP_MS = 15 * 1000,
	BACKOFF_STABLE_MS = 30 * 1000 /* what held that long starts afresh when it ends */
};

/* Zeroed is a fresh one. */
struct backoff {
	unsigned tries; /* since it was fresh; private from here on */
	bool is_up;
	uint64_t up_since_ms;
};

/* How long the next try waits; random: any 32 bits, evenly spread. */
uint64_t backoff_next(struct backoff *b, uint32_t random);
/* Somebody asked to be left alone: the next try waits for the cap and a little more, and so do the
 * bounds of those behind it. */
uint64_t backoff_penalty(struct backoff *b, uint32_t random);
/* It works, from now on. Again without backoff_down between them changes nothing. */
void backoff_up(struct backoff *b, uint64_t now_ms);
/* It works no more; fresh when it had held. */
void backoff_down(struct backoff *b, uint64_t now_ms);
/* The world has changed: what failed before says nothing any more. */
void backoff_reset(struct backoff *b);

#endif
