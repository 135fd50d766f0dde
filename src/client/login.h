/* SPDX-License-Identifier: ISC */
/*
 * The login of one connection as far as it concerns keys and people: what the key agent has, who
 * signs, what is asked, and what is said about it. Answers come when they come; the loop goes on
 * meanwhile. An agent that hangs or answers nonsense is done without.
 */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "bridge/conn.h"
#include "client/ask.h"
#include "client/identities.h"
#include "io/unixlink.h"

/* The identities are arranged: the session may be told to log in. */
typedef void (*login_ready_fn)(void *ctx, struct conn *c);

struct login {
	const struct client_settings *settings; /* private from here on */
	struct identities *identities;
	struct ask *ask;
	uv_loop_t *loop;
	struct conn *conn; /* under way; NULL: none */
	struct unixlink *agent;
	struct unlock *unlock;
	login_ready_fn ready;
	void *ctx;
	size_t index;		   /* of the identity under way */
	const struct sig_alg *alg; /* NULL: only hardware speaks it */
	const char *alg_name;
	struct span to_sign; /* owned */
};

/* Borrows everything. */
void login_init(struct login *l, const struct client_settings *s, struct identities *ids,
	struct ask *ask, uv_loop_t *loop);
/* Asks the agent which keys it has and arranges the identities; ready is called once, perhaps before
 * this returns, unless the login is stopped. */
void login_prepare(struct login *l, struct conn *c, login_ready_fn ready, void *ctx);
/* True: the event was one of the login's. */
bool login_on_event(struct login *l, struct conn *c, const struct event *ev);
/* The connection is over or logged in: nothing is asked any more. */
void login_stop(struct login *l);

#endif
