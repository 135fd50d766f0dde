/* SPDX-License-Identifier: ISC */
/*
 * One visitor: an accepted socket and the forwarded-tcpip channel to the agent (RFC 4254 7.2). Its
 * bytes move in a pump; here is who it is, when it came and why it left.
 *
 * Agents answer opens in their own time. While too many of a connection are unanswered its doors
 * are paused and visitors wait in the kernel's backlog instead of being turned away.
 */
#ifndef RELAY_VISITOR_H
#define RELAY_VISITOR_H

#include "bridge/pump.h"
#include "relay/door.h"

enum {
	VISITOR_OPEN_MS = 60 * 1000, /* an agent that does not answer an open for so long */
	VISITORS_OPENING = LIMIT_OPENING - ACCEPT_A_TURN /* doors open again at half of it */
};

struct visitor {
	struct list node; /* of door.visitors */
	struct door *door;
	struct pump *pump;
	struct port_place at; /* one of the door's, to find its berth by */
	char from[SOCK_TEXT_MAX];
	time_t since;
	bool is_opening; /* the agent has not answered */
	struct gauge_visitor gauge;
};

/* Takes fd. A visitor that cannot be served is hung up on, and the log says why. */
void visitor_new(struct door *d, int fd, const struct sock_addr *peer);
/* Says how many more were hung up on than the log has lines for, if any. */
void visitors_account(struct link *l);
void visitors_span_over(struct later *unsaid); /* the same, in its time */

#endif
