/* SPDX-License-Identifier: ISC */
/*
 * So many bytes a second, for everything that goes through it: a bucket of tokens that pumps of any
 * number of connections share. Nothing is kept back that has come: who finds the bucket empty
 * stops taking, waits in line, and is called when it is his turn. A timer runs only while somebody
 * waits.
 *
 * The bucket holds a twentieth of a second, 256 bytes at least. It may be overdrawn by what cannot
 * be taken back (data within the first window of a channel), and that is paid back before anybody
 * goes on; so the rate holds over time however it is used.
 */
#ifndef BRIDGE_THROTTLE_H
#define BRIDGE_THROTTLE_H

#include <stddef.h>

#include "bridge/hub.h"

struct throttle; /* opaque */

enum { THROTTLE_RATE_MIN = 1024 };

/* One who waits. Belongs to who waits; list_init before first use, list_remove when he goes. */
struct throttle_turn {
	struct list link;
	void (*go)(struct throttle_turn *turn); /* out of line; may wait again */
};

/* bytes_a_second: at least THROTTLE_RATE_MIN. NULL when memory is short. */
struct throttle *throttle_new(struct hub *h, uint64_t bytes_a_second);
/* Nobody may wait any more. NULL ok. */
void throttle_free(struct throttle *t);
/* From now on. */
void throttle_set(struct throttle *t, uint64_t bytes_a_second);
/* How many bytes may go now; 0: wait. */
size_t throttle_room(struct throttle *t);
/* n bytes went; more than there was room for is a debt. */
void throttle_spend(struct throttle *t, size_t n);
/* Of what was spent n bytes did not go after all. */
void throttle_refund(struct throttle *t, size_t n);
/* Calls him when there is room; no effect when he waits already. */
void throttle_wait(struct throttle *t, struct throttle_turn *turn);
/* How large a window may be granted so that what comes of itself stays near the rate. */
uint32_t throttle_window(uint64_t bytes_a_second);

#endif
