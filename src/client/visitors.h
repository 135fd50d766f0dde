/* SPDX-License-Identifier: ISC */
/*
 * Visitors: channels the relay opens for a forward. Each is connected to its target without holding
 * up the others, then joined to it by a pump, which owns it from there on. Here live only those
 * whose target is being dialled; the mux bounds their number
 * (LIMIT_OPENING_CLIENT).
 */
#ifndef CLIENT_VISITORS_H
#define CLIENT_VISITORS_H

#include "bridge/conn.h"
#include "client/forwards.h"

enum { VISITORS_DIAL_MS = 10 * 1000 };

struct visitors {
	const struct forwards *forwards; /* private from here on */
	int family;
	uint64_t dial_ms;
	struct list dialling;
};

void visitors_init(
	struct visitors *v, const struct forwards *forwards, const struct client_settings *s);
/* A MUX_OPEN that the program got: accepted later or refused, of whatever type it is. */
void visitors_on_open(struct visitors *v, struct conn *c, const struct mux_event *ev);
/* The connection is gone: nothing is dialled for it any more. */
void visitors_stop(struct visitors *v);

#endif
