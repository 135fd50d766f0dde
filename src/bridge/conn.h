/* SPDX-License-Identifier: ISC */
/*
 * One SSH connection: a TCP socket and its session. Reads, lets the session speak, hands events to
 * whom they concern (channels to their sink, the rest to the program), gives ready pumps their turn in
 * fair order, writes once. Ends in two steps: the program is told (closed), then memory goes when the
 * loop has let go of it.
 */
#ifndef BRIDGE_CONN_H
#define BRIDGE_CONN_H

#include "bridge/hub.h"
#include "io/sock.h"
#include "io/tcpinfo.h"

struct conn; /* opaque */

/* Whoever owns a channel. mux users are always sinks (or NULL: then the program gets the event). After
 * MUX_REFUSED and MUX_CLOSED the channel is gone; conn does not touch the sink again. When the
 * connection dies every sink still there gets one MUX_CLOSED with code 1. */
struct sink {
	void (*event)(struct sink *s, const struct mux_event *ev);
};

struct conn_ops {
	/* Everything but channel events that have a sink. Not EV_DEAD. */
	void (*event)(void *ctx, struct conn *c, const struct event *ev);
	/* The connection is over, output flushed as far as possible; sinks were told before. f: why. The
	 * conn is gone when this returns. */
	void (*closed)(void *ctx, struct conn *c, const struct fault *f);
};

/* Takes fd (also on failure), a connected socket. It is tuned here for SSH; SO_KEEPALIVE and
 * TCP_USER_TIMEOUT are the program's choice. Never calls back before it returns. */
enum err conn_new(struct hub *h, int fd, const struct session_config *cfg, const struct conn_ops *ops,
	void *ctx, struct conn **c) MUST_USE;
/* Around a session that was thawed. Takes fd and session (also on failure). */
enum err conn_adopt(struct hub *h, int fd, struct session *s, const struct conn_ops *ops, void *ctx,
	struct conn **c) MUST_USE;
struct session *conn_session(struct conn *c); /* also in closed(), to be looked at only */
struct hub *conn_hub(struct conn *c);
void *conn_ctx(struct conn *c);
/* Something was commanded from outside a turn (an answer, an open, a close): take a turn soon. */
void conn_wake(struct conn *c);
/* Says DISCONNECT with this text, flushes for a moment, then closed() is called, always from the loop
 * and never from here. Allowed in any callback; no effect when the end is under way. */
void conn_close(struct conn *c, uint32_t code, const char *text);
/* Why it ends, while closed() is still to come; NULL: it does not. */
const struct fault *conn_fault(const struct conn *c);
/* Nobody owns this channel any more: nothing is told to its sink, not even that the connection died.
 * Works also while the connection is ending. */
void conn_disown(struct conn *c, uint32_t channel);
const struct sock_addr *conn_peer(const struct conn *c);
const struct sock_addr *conn_local(const struct conn *c);
/* What the kernel knows of the way to the peer; all unknown when the connection is over. */
void conn_tcpinfo(const struct conn *c, struct tcpinfo *out);

#endif
