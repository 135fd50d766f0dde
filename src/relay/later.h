/* SPDX-License-Identifier: ISC */
/*
 * Things to be done a few milliseconds later, on one timer: a delay is never a sleep, and a timer for
 * each connection would outlive it.
 */
#ifndef RELAY_LATER_H
#define RELAY_LATER_H

#include <uv.h>
#include "base/list.h"

/* In the caller's memory. */
struct later {
	void (*due)(struct later *l); /* off the list by then; may add and cancel any */
	uint64_t due_ms;
	struct list node;
};

struct laters {
	uv_timer_t timer;
	struct list all; /* struct later, the earliest first */
};

void laters_init(struct laters *s, uv_loop_t *loop);
/* Closes the timer; nothing may be due any more. */
void laters_close(struct laters *s);

/* What is due by now, without waiting for the timer. */
void laters_run(struct laters *s);

void later_init(struct later *l, void (*due)(struct later *l));
/* Not before wait_ms after the loop woke, however long it has worked since; l is not on the list.
 * Never calls before it returns. */
void later_add(struct laters *s, struct later *l, uint64_t wait_ms);
void later_cancel(struct later *l); /* also when it is not on the list */

#endif
