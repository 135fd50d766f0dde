/* SPDX-License-Identifier: ISC */
/*
 * One connection on the way to the relay, to a jump host or to the relay itself, from the way there
 * to its end: approach, host key, login. Host key and login are answered here; what comes after the
 * login is the owner's. It may be started again when it is down, and looks everything up anew.
 */
#ifndef CLIENT_HOP_H
#define CLIENT_HOP_H

#include "bridge/conn.h"
#include "client/approach.h"
#include "client/ending.h"
#include "client/hostkey.h"
#include "client/hostupdate.h"
#include "client/login.h"
#include "client/route.h"

struct hop_ops {
	/* Logged in. */
	void (*login)(void *ctx, struct hop *h);
	/* Everything that comes after the login. */
	void (*event)(void *ctx, struct hop *h, const struct event *ev);
	/* Always from the loop; hop_start is allowed in it. */
	void (*down)(void *ctx, struct hop *h, const struct uplink_end *end);
	/* After down, once, if hop_drain said so. */
	void (*drained)(void *ctx, struct hop *h);
};

struct hop {
	const struct client_settings *settings;
	struct identities *identities;
	struct conn *conn;     /* NULL while there is none */
	const char *method;    /* logged in with */
	bool is_unproven;      /* by a host key that nothing may be forwarded to */
	struct hostkey hostkey;
	const struct hop_ops *ops; /* private from here on */
	void *ctx;
	struct hub *hub;
	struct approach approach;
	struct session_config config;
	struct ask ask;
	uint64_t dial_ms;
	uint64_t asked_ms; /* when the person was asked about the host key */
	struct login login;
	struct hostupdate update;
	struct sock_addr peer;
	struct fault lost; /* while the child that made the way is waited for */
	char host_key_algs[HOSTKEY_ALGS_MAX];
	bool is_closing, is_judged, is_shunned, is_logged_in;
};

/* Borrows everything. dial_ms: how long the way may take, unless ConnectTimeout says; 0: as long as
 * the kernel likes. E_VALUE, E_LIMIT: the host's name is none. */
enum err hop_init(struct hop *h, struct leg *leg, uint64_t dial_ms, struct hub *hub,
	const struct hop_ops *ops, void *ctx, struct fault *f) MUST_USE;
/* The hop is down. over: the jump host before it, logged in; NULL: none. is_barred: nobody is asked
 * anything. An error is one of the start: down is not called. */
enum err hop_start(
	struct hop *h, struct conn *over, bool is_barred, struct fault *f) MUST_USE;
/* Says goodbye with this text; down follows, unless there was nothing to end: false. A way that is
 * not through is just given up. */
bool hop_close(struct hop *h, const char *text);
/* The hop is down. True: its last words are still on their way through the jump host before it, and
 * drained tells when that may go. */
bool hop_drain(struct hop *h);
bool hop_is_approaching(const struct hop *h);
/* Logged in: the key it was done with; "" when that was none. */
void hop_key(const struct hop *h, char *out, size_t cap);
/* Tells the log who we are logged in to, and how. */
void hop_say_login(const struct hop *h);
/* Through a jump host or a ProxyCommand: the other side has no address that is known here. */
bool hop_is_proxied(const struct hop *h);

#endif
