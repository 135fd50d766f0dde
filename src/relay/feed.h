/* SPDX-License-Identifier: ISC */
/*
 * What happens on the relay, told as records to whoever listens: the audit log, and everybody who
 * watches. Nobody listens: nothing is made.
 */
#ifndef RELAY_FEED_H
#define RELAY_FEED_H

#include "base/list.h"
#include "relay/record.h"

struct feed {
	struct list takers; /* struct feed_taker */
	struct list mark;   /* where feed_say is */
};

/* The caller's memory, alive until feed_leave. */
struct feed_taker {
	struct list link; /* private */
	/* The record holds until it returns. May leave and let others leave; may neither join nor say. */
	void (*take)(struct feed_taker *t, const struct record *r);
};

static inline void feed_init(struct feed *f)
{
	list_init(&f->takers);
	list_init(&f->mark);
}

static inline bool feed_is_heard(const struct feed *f)
{
	return !list_is_empty(&f->takers);
}

static inline void feed_join(struct feed *f, struct feed_taker *t)
{
	list_append(&f->takers, &t->link);
}

static inline void feed_leave(struct feed_taker *t)
{
	list_remove(&t->link);
}

void feed_say(struct feed *f, const struct record *r);

#endif
