/* SPDX-License-Identifier: ISC */
/*
 * The way to the relay, from the first lookup to its end: one connection after the other (hop.h), each
 * through the one before, the last one to the relay. One that is lost takes those behind it along.
 * There is one uplink at a time; it may be started again when it is down, and makes all of it anew.
 */
#ifndef CLIENT_UPLINK_H
#define CLIENT_UPLINK_H

#include "client/hop.h"

struct uplink_ops {
	/* Logged in to the relay. is_unproven: by a host key that nothing may be forwarded to. */
	void (*login)(void *ctx, struct conn *c, bool is_unproven);
	/* Everything of the relay that comes after the login. */
	void (*event)(void *ctx, struct conn *c, const struct event *ev);
	/* The connection to the relay is gone, or does not come to be. uplink_start is allowed in it. */
	void (*down)(void *ctx, const struct uplink_end *end);
	/* Logged in to a jump host; may be NULL. */
	void (*passed)(void *ctx, const struct hop *h);
};

struct uplink {
	struct hop *hops; /* private from here on */
	size_t count;
	size_t at; /* the last one that was begun */
	const struct uplink_ops *ops;
	void *ctx;
	struct hub *hub;
	struct uplink_end end; /* why it goes down, while parts of it are still to go */
	struct fault fault;
	bool is_closing, has_end, is_up;
	bool is_down;	/* and was told to be; jump hosts may still be on their way out */
	bool is_wanted; /* again, when they are gone */
	bool has_been_up;
};

/* Borrows everything. E_VALUE, E_LIMIT: a hop's name is none; E_NOMEM. uplink_fini is due in any case. */
enum err uplink_init(struct uplink *u, struct route *route, struct hub *hub,
	const struct uplink_ops *ops, void *ctx, struct fault *f) MUST_USE;
/* The loop is done with its connections. */
void uplink_fini(struct uplink *u);
/* The uplink is down. Once it has been up, nobody is asked anything any more unless he sits at the
 * terminal that this program is in the foreground of. May call down before it returns. */
void uplink_start(struct uplink *u);
/* Says goodbye with this text; down follows, unless there was nothing to end: false. A dial is just
 * given up. */
bool uplink_close(struct uplink *u, const char *text);
const struct hop *uplink_relay(const struct uplink *u);
const struct hop *uplink_first(const struct uplink *u);
/* The first hop is on its way. */
bool uplink_is_dialling(const struct uplink *u);
bool uplink_has_been_up(const struct uplink *u);
/* To the relay; NULL while there is none. */
struct conn *uplink_conn(const struct uplink *u);

#endif
