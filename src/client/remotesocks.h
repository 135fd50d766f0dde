/* SPDX-License-Identifier: ISC */
/*
 * Visitors of a remote SOCKS proxy (-R without a target): their channel is accepted at once, they say
 * on it where they want to go, are connected to there from here, and a pump joins the two. Here live
 * only those that are not joined yet.
 */
#ifndef CLIENT_REMOTESOCKS_H
#define CLIENT_REMOTESOCKS_H

#include "bridge/conn.h"
#include "client/traffic.h"
#include "conf/client.h"

enum { REMOTESOCKS_SAY_MS = 60 * 1000 };

struct remotesocks {
	const struct client_settings *settings; /* private from here on */
	uint64_t dial_ms;
	struct list visitors;
};

void remotesocks_init(
	struct remotesocks *r, const struct client_settings *s, uint64_t dial_ms);
/* Accepts a channel of the relay's, and takes the visitor's passage. False: it could not, and the
 * channel is to be refused. */
bool remotesocks_accept(
	struct remotesocks *r, struct conn *c, uint32_t channel, struct passage *passage);
/* The connection is gone. */
void remotesocks_stop(struct remotesocks *r);

#endif
