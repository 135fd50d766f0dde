/* SPDX-License-Identifier: ISC */
/*
 * A line of the control socket: what only the supervisor can do it does, the rest is answered by the
 * process that has the connections (relay/command.h).
 */
#ifndef RELAY_ORDER_H
#define RELAY_ORDER_H

#include "relay/worker.h"

/* In the caller's memory. */
struct order {
	/* Once, perhaps within order_give. text is for free(), NULL: there is no answer to be had.
	 * watches: what follows is the feed, and the order holds on to its audience. */
	void (*answered)(struct order *o, char *text, bool watches);
	/* private */
	struct supervisor *supervisor;
	struct worker_ask ask;
	bool is_reload, is_drain, is_audience;
};

void order_init(struct order *o, struct supervisor *s, void (*answered)(struct order *, char *, bool));
void order_give(struct order *o, struct bytes line);
/* No answer is wanted any more, and no feed. */
void order_forget(struct order *o);

#endif
