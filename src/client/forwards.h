/* SPDX-License-Identifier: ISC */
/*
 * The ports wanted of the relay (RFC 4254 7.1), over any number of connections: requests in order,
 * their replies, and which of them a visitor belongs to. Says what ssh says; holds no channel.
 */
#ifndef CLIENT_FORWARDS_H
#define CLIENT_FORWARDS_H

#include "conf/client.h"
#include "mux/mux.h"

enum forward_state { FORWARD_WANTED, FORWARD_ASKED, FORWARD_UP, FORWARD_REFUSED };

/* A port that the relay chose is asked for again after the connection was lost; refused so often it
 * may be another one. */
enum { FORWARDS_SAME_PORT_TRIES = 8 };

struct forward {
	const struct forward_spec *spec; /* of the settings */
	uint16_t port;			 /* on the relay; 0 until it is known */
	enum forward_state state;
	char reason[FAULT_TEXT]; /* REFUSED: the relay's words, printable; "" none */
	unsigned refusals;	 /* in a row */
};

struct forwards {
	struct forward items[CLIENT_FORWARDS_MAX]; /* private from here on */
	size_t count;
};

enum forwards_verdict { FORWARDS_NONE, FORWARDS_UP, FORWARDS_REFUSED };

/* How refusals are told. */
enum forwards_manner {
	FORWARDS_WARN,	/* as ssh does: it stays refused */
	FORWARDS_FATAL, /* it ends the program, and is called an error */
	FORWARDS_RETRY	/* it is asked for again */
};

/* Borrows the specs. */
void forwards_init(struct forwards *f, const struct forward_spec *specs, size_t count);
/* Sends a request for every one that is neither up nor asked for. */
enum err forwards_ask(struct forwards *f, struct mux *m) MUST_USE;
/* One MUX_GLOBAL_REPLY to them; *which is the one it is about, unless there is none. reason: the
 * relay's words for a refusal, printable; NULL: none. */
enum forwards_verdict forwards_on_reply(struct forwards *f, const struct mux_event *ev,
	const char *reason, enum forwards_manner manner, const struct forward **which);
/* The connection is gone, and all of them with it. */
void forwards_on_down(struct forwards *f);
/* None is asked for without an answer, and none waits to be asked for. */
bool forwards_are_answered(const struct forwards *f);
size_t forwards_count(const struct forwards *f, enum forward_state state);
/* Which forward a visitor at (host, port) of the relay belongs to: the one with exactly this
 * address, else the only one with this port, since some relays report other addresses than were
 * asked for. NULL: none, or more than one. */
const struct forward *forwards_match(const struct forwards *f, struct bytes host, uint32_t port);
/* The same for a Unix socket of the relay. */
const struct forward *forwards_match_path(const struct forwards *f, struct bytes path);
/* "port 2222" or "path /run/a", for messages. */
void forwards_name(const struct forward *one, char *out, size_t cap);

#endif
