/* SPDX-License-Identifier: ISC */
/*
 * What is forwarded, both ways, while connections come and go: opens the local ports and asks for
 * those of the relay after each login, again for those that were refused, and gives visitors to
 * their targets.
 */
#ifndef CLIENT_TUNNEL_H
#define CLIENT_TUNNEL_H

#include "client/devices.h"
#include "client/forwards.h"
#include "client/locals.h"
#include "client/retry.h"
#include "client/piped.h"
#include "client/visitors.h"

struct tunnel_ops {
	/* The relay answered for a forward, which is up or refused now; NULL: something that is
	 * opened here, or a tunnel of networks, has changed. */
	void (*answered)(void *ctx, const struct forward *one);
	/* A refusal of what was wanted from the beginning, or a local port that is missing, ends the program (ExitOnForwardFailure). */
	void (*fatal)(void *ctx, const char *text);
	/* The one connection of -W has ended, and nothing is left to do. */
	void (*over)(void *ctx);
};

struct tunnel {
	const struct client_settings *settings; /* private from here on */
	const struct tunnel_ops *ops;
	void *ctx;
	struct conn *conn;
	struct forwards forwards;
	struct visitors visitors;
	struct locals locals;
	struct devices devices;
	struct piped piped;
	struct retry retry;	 /* of refused forwards */
	char reason[FAULT_TEXT]; /* of the refusal that comes next; "" none */
};

/* E_NOMEM. */
enum err tunnel_init(struct tunnel *t, const struct client_settings *s, struct hub *hub,
	const struct tunnel_ops *ops, void *ctx) MUST_USE;
/* Wants nothing any more. */
void tunnel_disable(struct tunnel *t);
/* A connection is logged in: it is used until tunnel_on_down. */
void tunnel_on_login(struct tunnel *t, struct conn *c);
/* Its events from there on. */
void tunnel_on_event(struct tunnel *t, const struct event *ev);
void tunnel_on_down(struct tunnel *t);
/* One more forward, or the one there is by these words. E_OK: it is up; *one for one of the relay's,
 * else NULL. E_AGAIN: the relay was asked, answered() comes with *one; refused, it is taken away
 * afterwards. E_STATE: there is no connection now. E_LIMIT, E_NOMEM, E_SYS: f says why. */
enum err tunnel_add(struct tunnel *t, bool is_remote, const struct forward_spec *spec,
	const struct forward **one, struct fault *f) MUST_USE;
/* E_UNKNOWN: there is none by these words. Visitors stay. */
enum err tunnel_cancel(struct tunnel *t, bool is_remote, const struct forward_spec *spec) MUST_USE;
/* The loop must run once more afterwards. */
void tunnel_close(struct tunnel *t);
/* NULL: there is none now. */
struct conn *tunnel_conn(const struct tunnel *t);
struct forwards *tunnel_forwards(struct tunnel *t);
const struct locals *tunnel_locals(const struct tunnel *t);
const struct devices *tunnel_devices(const struct tunnel *t);
/* All there is to come has come: without a second chance every forward is answered for, so that
 * refusals are still seen at the terminal; with one (Reconnect), all of them are up. */
bool tunnel_is_standing(const struct tunnel *t);

#endif
