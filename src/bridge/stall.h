/* SPDX-License-Identifier: ISC */
/*
 * What one direction of a pump waits for, and for how long it has in all. Told at each change, with
 * the time of the loop's turn: while nothing changes it costs a comparison.
 *
 * Ready and still waiting may be the connection's fault, which takes no more for all of its pumps
 * at once: it counts that time itself (line_ms, of the connection, only growing), and a pump takes its
 * share when it stops being ready.
 */
#ifndef BRIDGE_STALL_H
#define BRIDGE_STALL_H

#include <stdint.h>

enum stall {
	STALL_SOURCE, /* nothing is there to be moved */
	STALL_NO,     /* something is, and it moves as fast as this process does it */
	STALL_LINE,   /* the connection does not take what was sealed already; never told, see above */
	STALL_WINDOW, /* the peer gives the channel no more room, or has not confirmed it */
	STALL_SINK,   /* the socket takes no more */
	STALL_RATE,   /* a throttle holds it back */
	STALL_KINDS
};

struct stall_clock {
	enum stall now;
	uint64_t since_ms, line_ms; /* when that began */
	uint64_t ms[STALL_KINDS];   /* without what goes on now */
};

void stall_init(struct stall_clock *s, enum stall first, uint64_t now_ms, uint64_t line_ms);
void stall_tell_change(struct stall_clock *s, enum stall to, uint64_t now_ms, uint64_t line_ms);
/* With what goes on now. */
void stall_sums(const struct stall_clock *s, uint64_t now_ms, uint64_t line_ms,
	uint64_t ms[static STALL_KINDS]);

static inline void stall_tell(
	struct stall_clock *s, enum stall to, uint64_t now_ms, uint64_t line_ms)
{
	if (s->now != to)
		stall_tell_change(s, to, now_ms, line_ms);
}

#endif
