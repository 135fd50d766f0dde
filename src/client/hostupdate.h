/* SPDX-License-Identifier: ISC */
/*
 * UpdateHostKeys: after login a relay may tell all of its host keys (PROTOCOL of OpenSSH, 2.5). Those
 * that are not known yet are added to the user's file once the relay has proven that they are its
 * own, so that it can change keys without anybody being asked. Nothing is taken away, and nothing is
 * learned from a relay that is not in that file itself under its own name.
 */
#ifndef CLIENT_HOSTUPDATE_H
#define CLIENT_HOSTUPDATE_H

#include "bridge/conn.h"
#include "client/ask.h"
#include "client/hostkey.h"

enum { HOSTUPDATE_KEYS_MAX = 32 };

struct hostupdate {
	const struct client_settings *settings; /* private from here on */
	const struct hostkey *hostkey;
	struct ask *ask;
	struct conn *conn;
	struct span keys; /* owned: strings, those that are to be proven and learned */
	bool was_told, is_asked;
};

/* Borrows everything. */
void hostupdate_init(struct hostupdate *u, const struct client_settings *s,
	const struct hostkey *hostkey, struct ask *ask);
/* True: the event was the relay's word about its keys. */
bool hostupdate_on_event(struct hostupdate *u, struct conn *c, const struct mux_event *ev);
/* The connection is over. */
void hostupdate_stop(struct hostupdate *u);

#endif
