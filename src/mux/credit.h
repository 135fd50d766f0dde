/* SPDX-License-Identifier: ISC */
/*
 * What the channels of one connection may be granted together. A window is a promise to take bytes
 * whether or not their reader does, and cannot be taken back (RFC 4254 5.2), so the sum is bounded
 * before it is given:
 *
 *     budget = floor * channels_max + shared
 *
 * Each channel has its floor for itself, whatever the others do: no reader that keeps up is ever
 * left without credit. What a channel has out beyond its floor is spent from what all share.
 *
 * A channel starts with the n-th part of a window when n are open: the first has a whole one, and a
 * thousand that nobody reads have less than eight windows together beyond their floors. A stream whose window, not its
 * reader, holds it back doubles its size. When less than half of the shared part is free, readers
 * that are behind lose half; when less than a quarter, everybody goes back to an equal part. Sizes
 * go down by not granting again, so only as fast as a reader consumes.
 *
 * Invariant: the credit out (recv_window left + held) is at most window for a channel, and at most
 * budget for all of them. Nothing here knows a clock: every decision hangs on the two sums of a
 * window at the moment when its program has consumed something.
 */
#ifndef MUX_CREDIT_H
#define MUX_CREDIT_H

#include "mux/window.h"

#include <stdbool.h>
#include <stddef.h>

struct credit {
	uint32_t window; /* the most a channel may have out */
	uint32_t floor;
	uint64_t shared, spent; /* spent: of shared, by all channels */
	uint32_t next;		/* bounds the window of the channel that starts next; 0: nothing */
	bool is_pressed;	/* memory is short beyond this connection: nobody gets more than the floor */
};

/* budget: at least a byte twice for each channel; 0: none, every channel has a whole window. */
void credit_init(struct credit *c, uint32_t window, size_t budget, uint32_t channels_max);
/* No channel may have more out than this from now on; before the first one. */
void credit_narrow(struct credit *c, uint32_t window);
/* The next channel that starts never has more out than this; 0: as all others. */
void credit_narrow_next(struct credit *c, uint32_t window);
/* The first window of a channel; channels: how many there are, with this one. */
void credit_start(struct credit *c, struct recv_window *w, uint32_t channels);
/* The program is done with n bytes; n <= held: our own duty. */
void credit_consume(struct credit *c, struct recv_window *w, uint32_t n);
/* Sizes the window anew and says what to grant now; 0: nothing that is worth a message. The grant
 * counts as made. */
uint32_t credit_grant(struct credit *c, struct recv_window *w, uint32_t channels);
/* The peer sends no more: what it has left is void. */
void credit_void(struct credit *c, struct recv_window *w);
/* The channel is gone, with whatever it had out. */
void credit_end(struct credit *c, struct recv_window *w);
/* Counts a window that was granted elsewhere (thaw). E_FORMAT when it could not have been granted
 * here. */
enum err credit_adopt(struct credit *c, const struct recv_window *w) MUST_USE;

#endif
