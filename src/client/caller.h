/* SPDX-License-Identifier: ISC */
/*
 * A caller: whoever connected to a local port. It says by SOCKS where it wants to go, or the
 * forward does; a channel is opened to there, and once the other side has confirmed it a pump joins
 * the two and owns both. Here live only those that are not joined yet.
 */
#ifndef CLIENT_CALLER_H
#define CLIENT_CALLER_H

#include "client/locals.h"
#include "forward/socks.h"

enum {
	CALLER_SOCKS_MS = 60 * 1000,	/* to say where it wants to go */
	CALLER_OPEN_MS = 5 * 60 * 1000, /* for the other side to connect, or to say no */
	CALLER_PEER_TEXT = SOCK_TEXT_MAX
};

struct caller {
	struct sink sink;  /* of its channel until a pump has it */
	struct list link;  /* of locals.callers */
	struct local *from;
	struct passage *passage; /* NULL: the pump has it */
	struct conn *conn; /* that its channel is one of; NULL: no channel */
	uint32_t channel;
	uv_poll_t poll; /* while it speaks SOCKS */
	uv_timer_t timer;
	unsigned handles; /* not closed yet */
	bool is_polled;
	int fd; /* -1: given away */
	struct sock_addr peer;
	struct socks socks;
};

/* Takes fd. */
void caller_new(struct local *from, int fd, const struct sock_addr *peer);
/* Hangs up. */
void caller_stop(struct caller *one);

#endif
