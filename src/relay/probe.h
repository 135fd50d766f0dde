/* SPDX-License-Identifier: ISC */
/*
 * Whether the agent behind a connection is still there, asked because another connection of its key
 * wants a port that this one holds: keepalive@openssh.com with want_reply, and TakeoverGrace to
 * answer. Only an answer counts as one, since a kernel acknowledges and sends for a process that is
 * frozen. But while bytes come at all the answer may be stuck behind them, and gets as long again.
 *
 * A connection that stays silent is given up: its ports are kept for its key, and who asked hears
 * of it in the same moment.
 */
#ifndef RELAY_PROBE_H
#define RELAY_PROBE_H

#include "base/list.h"
#include "relay/later.h"

struct link;
struct mux_event;

/* Who asked; in the caller's memory. */
struct probe_asker {
	/* Once, and never before probe_ask returns; off the list by then. is_alive false: the
	 * connection has ended. */
	void (*told)(struct probe_asker *a, bool is_alive);
	struct list node;
};

/* In each link. */
struct probe {
	struct list askers; /* empty: none is under way */
	struct later due;
	uint64_t since_ms;
	uint32_t token; /* of the request that is out */
};

void probe_init(struct probe *p);
void probe_ask(struct link *l, struct probe_asker *a);
void probe_forget(struct probe_asker *a); /* also when it was not asking */
/* ev: MUX_GLOBAL_REPLY. */
void probe_on_reply(struct link *l, const struct mux_event *ev);
/* The connection is over. */
void probe_on_end(struct link *l);

#endif
