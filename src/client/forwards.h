/* SPDX-License-Identifier: ISC */
/*
 * The ports wanted of the relay (RFC 4254 7.1), over any number of connections: requests in order,
 * their replies, and which of them a visitor belongs to. Says what ssh says; holds no channel.
 */
#ifndef CLIENT_FORWARDS_H
#define CLIENT_FORWARDS_H

#include "client/traffic.h"
#include "conf/client.h"
#include "mux/mux.h"

/* GONE: nobody wants it any more; its last visitors may still be there. */
enum forward_state {
	FORWARD_WANTED,
	FORWARD_ASKED,
	FORWARD_UP,
	FORWARD_REFUSED,
	FORWARD_GONE
};

/* A port that the relay chose is asked for again after the connection was lost; refused so often it
 * may be another one. */
enum { FORWARDS_SAME_PORT_TRIES = 8 };

struct forward {
	const struct forward_spec *spec; /* of the settings, or own */
	struct forward_spec *own;	 /* one that came later; private */
	bool is_new;	 /* it came later, and the relay has not given it yet */
	bool is_awaited; /* the relay has to answer for it; private */
	struct traffic traffic;
	uint16_t port;			 /* on the relay; 0 until it is known */
	enum forward_state state;
	/* The relay's words, printable; "" none. REFUSED: why; UP: what is different from what was
	 * asked for. */
	char reason[FAULT_TEXT];
	unsigned refusals;	 /* in a row */
};

struct forwards {
	struct forward items[CLIENT_FORWARDS_MAX]; /* GONE ones among them; private from here on */
	size_t count;
	bool relay_tells; /* it says when something is different from what was asked for */
};

/* LEFT: the relay gave one that is GONE and cannot have been cancelled before: forwards_send_cancel. */
enum forwards_verdict { FORWARDS_NONE, FORWARDS_UP, FORWARDS_REFUSED, FORWARDS_LEFT };

/* How refusals are told. */
enum forwards_manner {
	FORWARDS_WARN,	/* as ssh does: it stays refused */
	FORWARDS_FATAL, /* it ends the program, and is called an error */
	FORWARDS_RETRY	/* it is asked for again */
};

/* Borrows the specs. */
void forwards_init(struct forwards *f, const struct forward_spec *specs, size_t count);
/* The loop has let go of all visitors. */
void forwards_fini(struct forwards *f);
/* One more, which is WANTED. E_LIMIT, E_NOMEM. */
enum err forwards_add(struct forwards *f, const struct forward_spec *spec,
	struct forward **one) MUST_USE;
/* The one that is wanted by these words; NULL: none. */
struct forward *forwards_find(struct forwards *f, const struct forward_spec *spec);
/* It is GONE; visitors stay. m: the connection that it was asked for on; NULL: none now. */
enum err forwards_cancel(struct forward *one, struct mux *m) MUST_USE;
enum err forwards_send_cancel(const struct forward *one, struct mux *m) MUST_USE;
/* All of them are GONE; nothing is sent. */
void forwards_drop(struct forwards *f);
/* Sends a request for every one that is neither up nor asked for. */
enum err forwards_ask(struct forwards *f, struct mux *m) MUST_USE;
/* The one that a MUX_GLOBAL_REPLY is about; NULL: none. */
struct forward *forwards_asked(struct forwards *f, const struct mux_event *ev);
/* One MUX_GLOBAL_REPLY to them; *which is the one it is about, unless there is none. reason: the
 * relay's words for a refusal, printable; NULL: none. */
enum forwards_verdict forwards_on_reply(struct forwards *f, const struct mux_event *ev,
	const char *reason, enum forwards_manner manner, struct forward **which);
/* The connection is gone, and all of them with it. New ones are GONE. */
void forwards_on_down(struct forwards *f);
/* None is asked for without an answer, and none waits to be asked for. */
bool forwards_are_answered(const struct forwards *f);
size_t forwards_count(const struct forwards *f, enum forward_state state);
/* How many are wanted, whatever has become of them. */
size_t forwards_wanted(const struct forwards *f);
/* Which forward a visitor at (host, port) of the relay belongs to: the one with exactly this
 * address, else the only one with this port, since some relays report other addresses than were
 * asked for. NULL: none, or more than one. */
struct forward *forwards_match(struct forwards *f, struct bytes host, uint32_t port);
/* The same for a Unix socket of the relay. */
struct forward *forwards_match_path(struct forwards *f, struct bytes path);
/* "port 2222" or "path /run/a", for messages. */
void forwards_name(const struct forward *one, char *out, size_t cap);

#endif
