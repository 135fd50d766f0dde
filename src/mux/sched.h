/* SPDX-License-Identifier: ISC */
/*
 * Whose turn it is: a fair order over sources that have bytes to send. Small streams go first, bulk
 * streams share by bytes. A lone bulk stream earns large turns while it stays full; as soon as
 * others wait every turn is short.
 */
#ifndef MUX_SCHED_H
#define MUX_SCHED_H

#include "base/err.h"
#include "base/list.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SCHED_TURN_MIN = 64 * 1024,  /* a turn while others wait */
	SCHED_TURN_MAX = 512 * 1024, /* a turn of a lone stream that stays full */
	SCHED_SMALL = 16 * 1024,     /* moved less than this in its last turn: small */
	SCHED_SMALL_RUN = 16	     /* small turns in a row while bulk waits */
};

struct sched_node {
	struct list link; /* private from here on */
	uint32_t turn;	  /* what its next turn may move when alone */
	bool is_small;
	bool was_alone; /* when it got its last turn */
};

struct sched {
	struct list small, bulk; /* private */
	unsigned waiting, small_run;
};

void sched_init(struct sched *s);
void sched_node_init(struct sched_node *n);
/* n has something to send; no effect when it waits already. */
void sched_add(struct sched *s, struct sched_node *n);
void sched_remove(struct sched *s, struct sched_node *n); /* no effect when it does not wait */
/* The next one, taken out, with the most bytes it may move; NULL when nobody waits. */
struct sched_node *sched_next(struct sched *s, size_t *turn_bytes);
/* What it moved in that turn, and whether it stopped because the turn was used up. Decides its next
 * turn; the caller adds it again if it has more. */
void sched_moved(struct sched_node *n, size_t bytes, bool is_full);

#endif
