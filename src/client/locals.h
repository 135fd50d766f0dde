/* SPDX-License-Identifier: ISC */
/*
 * Ports and Unix sockets that are opened here (-L, -D): who listens where, and the callers that
 * came in. Without a connection callers wait in the kernel's queue. Says what ssh says.
 */
#ifndef CLIENT_LOCALS_H
#define CLIENT_LOCALS_H

#include "bridge/binder.h"
#include "bridge/conn.h"
#include "client/traffic.h"
#include "conf/client.h"
#include "io/accept.h"
#include "io/unixsock.h"
#include "wire/msgs.h"

enum {
	LOCALS_OPENING = LIMIT_OPENING_CLIENT - ACCEPT_A_TURN, /* then others wait outside */
	LOCALS_SPEC_TEXT = 600
};

/* One forward and the sockets that listen for it. */
struct local {
	const struct forward_spec *spec; /* of the settings, or own */
	struct forward_spec *own;	 /* one that came later; private */
	bool is_gone; /* nobody wants it any more; its last callers may still be there */
	struct locals *locals;
	struct traffic traffic;
	struct acceptor *acceptors[BINDER_MAX];
	size_t count; /* 0: it is not open */
	bool is_told; /* that it could not be opened */
	struct unixsock_file file;
	char listen_text[LOCALS_SPEC_TEXT]; /* "[127.0.0.1]:8080", for messages */
};

struct locals {
	const struct client_settings *settings; /* private from here on */
	struct hub *hub;
	struct conn *conn; /* NULL: there is none now */
	struct local *items; /* room for CLIENT_FORWARDS_MAX */
	size_t count;	     /* those that are gone among them */
	struct list callers;	/* struct caller */
	unsigned opening_count; /* channels not answered yet */
	bool is_paused, is_tried;
};

/* E_NOMEM. Nothing listens yet. */
enum err locals_init(
	struct locals *l, struct hub *hub, const struct client_settings *s) MUST_USE;
/* Opens what is not open yet. False: something could not be opened, which was said once, and is an
 * end for those who asked for it (ExitOnForwardFailure). */
bool locals_listen(struct locals *l);
size_t locals_open_count(const struct locals *l); /* of locals_wanted */
size_t locals_wanted(const struct locals *l);
/* One more, which is open when this returns E_OK. Else f says why not: E_LIMIT, E_NOMEM, E_SYS. */
enum err locals_add(
	struct locals *l, const struct forward_spec *spec, struct fault *f) MUST_USE;
/* The one that is wanted by these words; NULL: none. */
struct local *locals_find(struct locals *l, const struct forward_spec *spec);
/* Nobody listens there any more; callers stay. */
void locals_cancel(struct local *one);
/* From now on callers go over this connection, until locals_detach. */
void locals_attach(struct locals *l, struct conn *c);
void locals_detach(struct locals *l);
/* Nobody listens any more, and callers that were not joined to a channel yet are hung up on. */
void locals_fini(struct locals *l);

/* Whether the settings' local number i is open. */
bool locals_is_open(const struct locals *l, size_t i);

/* For callers: one more or one less waits for its channel. */
void locals_count_opening(struct locals *l, int change);

#endif
