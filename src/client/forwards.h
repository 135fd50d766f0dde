/* SPDX-License-Identifier: ISC */
/*
 * The ports asked of the relay (RFC 4254 7.1): requests in order, their replies, and which of them
 * a visitor belongs to. Says what ssh says; holds no channel.
 */
#ifndef CLIENT_FORWARDS_H
#define CLIENT_FORWARDS_H

#include "conf/client.h"
#include "mux/mux.h"

enum forward_state { FORWARD_WANTED, FORWARD_UP, FORWARD_REFUSED };

struct forward {
	const struct forward_spec *spec; /* of the settings */
	uint16_t port;			 /* on the relay; 0 until it is known */
	enum forward_state state;
};

struct forwards {
	struct forward items[CLIENT_FORWARDS_MAX]; /* private from here on */
	size_t count, answered;
};

/* Borrows the specs. */
void forwards_init(struct forwards *f, const struct forward_spec *specs, size_t count);
/* Sends every request. */
enum err forwards_ask(struct forwards *f, struct mux *m) MUST_USE;
/* One MUX_GLOBAL_REPLY to them. reason: the relay's words for a refusal, printable; NULL: none.
 * is_fatal: a refusal ends the program, and is called an error. False: it was one. */
bool forwards_on_reply(
	struct forwards *f, const struct mux_event *ev, const char *reason, bool is_fatal);
bool forwards_are_answered(const struct forwards *f);
/* Which forward a visitor at (host, port) of the relay belongs to: the one with exactly this
 * address, else the only one with this port, since some relays report other addresses than were
 * asked for. NULL: none, or more than one. */
const struct forward *forwards_match(const struct forwards *f, struct bytes host, uint32_t port);

#endif
