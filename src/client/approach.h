/* SPDX-License-Identifier: ISC */
/*
 * The way to a hop, until there is a stream of bytes to it and while there is one: a TCP connection
 * of our own, the input and output of a ProxyCommand, or a channel of the jump host before it. All of
 * them end in a socket.
 */
#ifndef CLIENT_APPROACH_H
#define CLIENT_APPROACH_H

#include "client/passage.h"
#include "client/proxycommand.h"
#include "conf/client.h"
#include "io/dial.h"

struct approach_ops {
	/* As dial_fn: fd is the callee's, or f says why there is none. peer: NULL with no fd. */
	dial_fn done;
	/* After approach_drain, once. */
	void (*drained)(void *ctx);
};

struct approach {
	const struct approach_ops *ops;
	void *ctx;
	struct dial *dial; /* private from here on */
	struct passage *passage;
	struct proxycommand *command;
	void (*ended)(void *ctx, const char *how);
	bool is_open;
};

/* ops and ctx are set. over: the jump host; NULL: none. timeout_ms: 0: none of ours. Never calls back
 * before it returns. */
enum err approach_start(struct approach *a, struct hub *hub, const struct client_settings *s,
	struct conn *over, uint64_t timeout_ms, struct fault *f) MUST_USE;
/* Neither through nor given up. */
bool approach_is_open(const struct approach *a);
/* By a channel or a child, so that the other side has no address that is known here. */
bool approach_is_indirect(const struct approach *a);
/* The connection is over. True: what it said last is still on its way, and drained follows. False: the
 * approach has ended. */
bool approach_drain(struct approach *a);
/* The connection came to nothing. True: how the child that made the way ended is told, soon and once;
 * "": it has not. False: there is no child. */
bool approach_await(struct approach *a, void (*ended)(void *ctx, const char *how));
/* No callback any more. Also when nothing was started. */
void approach_end(struct approach *a);

#endif
