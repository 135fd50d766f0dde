/* SPDX-License-Identifier: ISC */
/*
 * Visitors: channels the relay opens for a forward. Each is connected to its target without holding
 * up the others, told who it is by the PROXY protocol where that is wanted, then joined to it by a
 * pump, which owns it from there on. The mux bounds how many wait for a target
 * (LIMIT_OPENING_CLIENT). Each leaves a line in the log when it goes.
 */
#ifndef CLIENT_VISITORS_H
#define CLIENT_VISITORS_H

#include "bridge/conn.h"
#include "client/remotesocks.h"
#include "client/targets.h"

enum { VISITORS_DIAL_MS = 10 * 1000 };

struct visitors {
	struct forwards *forwards; /* private from here on */
	struct targets targets;
	struct list dialling;
	struct remotesocks socks;
};

void visitors_init(struct visitors *v, uv_loop_t *loop, struct forwards *forwards,
	const struct client_settings *s);
/* A MUX_OPEN that the program got: accepted later or refused, of whatever type it is. */
void visitors_on_open(struct visitors *v, struct conn *c, const struct mux_event *ev);
/* Another forward stands where one was that is GONE. */
void visitors_forget(struct visitors *v, const struct forward *one);
/* The connection is gone: nothing is dialled for it any more. */
void visitors_stop(struct visitors *v);
/* The loop must run once more afterwards. */
void visitors_close(struct visitors *v);

#endif
