/* SPDX-License-Identifier: ISC */
/*
 * What limits one direction of a visitor, told from what its pump waited for during the last second and
 * from the way to the agent. docs/control.md says it to users, with what the relay cannot know.
 *
 * A channel's window that is used up has three reasons, which the time tells apart that a window of
 * bytes takes to come back (the window divided by the rate):
 *
 *     about a round trip                the window is too small for the way
 *     the same, but the round trip is   the line is full: what fills it is the window
 *     far longer than it once was
 *     longer                            the agent keeps the bytes back, for its target does not take them;
 *                                       or the line, when they have not even left this machine
 */
#ifndef RELAY_CAUSE_H
#define RELAY_CAUSE_H

#include <stdbool.h>

#include "bridge/stall.h"

enum cause {
	CAUSE_IDLE, /* nothing is to be moved */
	CAUSE_VISITOR,
	CAUSE_WINDOW,
	CAUSE_AGENT, /* it, or the line to it */
	CAUSE_TARGET,
	CAUSE_RATE, /* rate= on the key's line */
	CAUSE_RELAY,
	CAUSE_KINDS
};

struct cause_way {
	int64_t rtt_us, least_rtt_us; /* now, and the shortest known; -1: not known */
	uint32_t unsent;	      /* bytes for the agent that the kernel keeps */
	bool is_silent;		      /* the agent was asked for a sign of life and gives none */
};

struct cause_view {
	const struct cause_way *way;
	uint64_t ms[STALL_KINDS]; /* of the time looked at */
	uint64_t rate;		  /* bytes a second in that time */
	uint32_t window;	  /* of the channel; 0: not confirmed by the agent */
};

/* From the visitor to the target, and back. */
enum cause cause_in(const struct cause_view *v);
enum cause cause_out(const struct cause_view *v);
/* "visitor" */
const char *cause_name(enum cause c);

#endif
