/* SPDX-License-Identifier: ISC */
/*
 * How many lines of one kind the log gets. What a stranger can bring about as often as they like may
 * neither fill a disk nor bury what others did: so many lines in a span of time are written, and of
 * the rest their number.
 */
#ifndef RELAY_RATION_H
#define RELAY_RATION_H

#include <stdbool.h>
#include <stdint.h>

enum { RATION_LINES = 10, RATION_SPAN_MS = 60 * 1000 };

/* Zero: nothing was written yet. */
struct ration {
	uint64_t until_ms; /* the end of the span */
	unsigned lines;	   /* written in it */
	uint64_t kept;	   /* and not written, since ration_settle */
};

/* Whether one more may be written; otherwise it counts as kept back. */
bool ration_allows(struct ration *r, uint64_t now_ms);
/* How many were kept back; they are told now. */
uint64_t ration_settle(struct ration *r);

#endif
