/* SPDX-License-Identifier: ISC */
/*
 * Knocking at a door to see who is there: whether a connection is taken, and what is said first. From
 * here by TCP, or from inside the relay through a direct-tcpip channel. Nothing is sent. One deadline
 * for being let in, one for the first words.
 */
#ifndef CLIENT_KNOCK_H
#define CLIENT_KNOCK_H

#include <uv.h>

#include "bridge/conn.h"
#include "client/greeting.h"
#include "client/outbound.h"

enum knock_end {
	KNOCK_OPEN,
	KNOCK_REFUSED,	   /* nobody listens there */
	KNOCK_SILENT,	   /* no answer in time */
	KNOCK_UNREACHABLE, /* no way there, or another failure: text */
	KNOCK_UNKNOWN,	   /* the name stands for no address */
	KNOCK_DENIED	   /* from inside: the relay opens no such channels */
};

struct knock_result {
	enum knock_end end;
	char text[FAULT_TEXT];	/* why not, printable; "" with KNOCK_OPEN */
	struct greeting words;	/* of the other side; may be empty */
	bool is_over;		/* it ended the connection */
};

/* Always from the loop; the knock is gone when it is called. */
typedef void (*knock_fn)(void *ctx, const struct knock_result *r);

struct knock_patience {
	uint64_t open_ms;  /* to be let in */
	uint64_t words_ms; /* to be spoken to, from then on */
};

struct knock; /* opaque */

/* E_NOMEM; whatever else goes wrong is a result. Names are copied. family: AF_UNSPEC: any. */
enum err knock_start(uv_loop_t *loop, const char *host, uint16_t port, int family,
	struct knock_patience patience, knock_fn done, void *ctx, struct knock **k) MUST_USE;
/* to: as seen from the relay. c is logged in; the knock is cancelled before c goes. */
enum err knock_inside(struct conn *c, const struct outbound_target *to,
	struct knock_patience patience, knock_fn done, void *ctx, struct knock **k) MUST_USE;
void knock_cancel(struct knock *k); /* no callback any more; NULL ok */

#endif
