/* SPDX-License-Identifier: ISC */
/*
 * One connection to the relay at a time, from the lookup of its name to its end: dial, host key,
 * login. Host key and login are answered here; what comes after the login is the owner's. It may be
 * started again when it is down, and looks everything up anew.
 */
#ifndef CLIENT_UPLINK_H
#define CLIENT_UPLINK_H

#include "bridge/conn.h"
#include "client/hostkey.h"
#include "client/hostupdate.h"
#include "client/login.h"
#include "io/dial.h"

enum uplink_stage {
	UPLINK_DIAL,  /* no connection was made */
	UPLINK_LOGIN, /* connected, not logged in */
	UPLINK_UP
};

/* How it went down. */
struct uplink_end {
	enum uplink_stage stage;
	bool is_asked;		      /* uplink_close wanted it */
	bool is_judged;		      /* the host key was refused by us, which was said */
	bool is_shunned;	      /* the relay wants to be left alone by this address */
	const struct sock_addr *peer; /* NULL before there was a connection */
	const struct session *session; /* the same; to be looked at only */
	const struct fault *fault;
};

struct uplink_ops {
	/* Logged in. is_unproven: by a host key that nothing may be forwarded to. */
	void (*login)(void *ctx, struct conn *c, bool is_unproven);
	/* Everything that comes after the login. */
	void (*event)(void *ctx, struct conn *c, const struct event *ev);
	/* Always from the loop; uplink_start is allowed in it. */
	void (*down)(void *ctx, const struct uplink_end *end);
};

struct uplink {
	const struct client_settings *settings; /* private from here on */
	struct identities *identities;
	const struct uplink_ops *ops;
	void *ctx;
	struct hub *hub;
	struct dial *dial;
	struct conn *conn;
	struct session_config config;
	struct hostkey hostkey;
	struct ask ask;
	uint64_t asked_ms;  /* when the person was asked about the host key */
	const char *method; /* logged in with */
	struct login login;
	struct hostupdate update;
	char host_key_algs[HOSTKEY_ALGS_MAX];
	bool is_closing, is_judged, is_shunned, is_unproven, is_logged_in, has_been_up;
};

/* Borrows everything. E_VALUE, E_LIMIT: the relay's name is none. */
enum err uplink_init(struct uplink *u, const struct client_settings *s,
	struct identities *ids, struct hub *hub, const struct uplink_ops *ops, void *ctx,
	struct fault *f) MUST_USE;
/* The uplink is down. Once it has been up, nobody is asked anything any more unless he sits at the
 * terminal that this program is in the foreground of. An error is one of the start: down is not called. */
enum err uplink_start(struct uplink *u, struct fault *f) MUST_USE;
/* Says goodbye with this text; down follows, unless there was nothing to end: false. A dial is just
 * given up. */
bool uplink_close(struct uplink *u, const char *text);
/* What the connection's host key was judged to be, also while it goes down. */
const struct hostkey *uplink_hostkey(const struct uplink *u);
/* Logged in: the method, and the key it was done with; "" when that was none. */
const char *uplink_method(const struct uplink *u);
void uplink_key(const struct uplink *u, char *out, size_t cap);
/* Tells the log who we are logged in to, and how. */
void uplink_say_login(const struct uplink *u);
bool uplink_is_dialling(const struct uplink *u);
bool uplink_has_been_up(const struct uplink *u);
/* NULL while there is none. */
struct conn *uplink_conn(const struct uplink *u);

#endif
