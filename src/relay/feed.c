/* SPDX-License-Identifier: ISC */
#include "relay/feed.h"

/* Takers may leave while they are told: the walk keeps its place by a node of its own. */
void feed_say(struct feed *f, const struct record *r)
{
	struct list *n;

	list_append(&f->takers, &f->mark);
	while ((n = f->takers.next) != &f->mark) {
		struct feed_taker *t = list_entry(n, struct feed_taker, link);

		list_remove(n);
		list_append(&f->takers, n);
		t->take(t, r);
	}
	list_remove(&f->mark);
}
