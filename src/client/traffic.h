/* SPDX-License-Identifier: ISC */
/*
 * What goes through one forward: its visitors, each from its coming to its going, and their bytes.
 */
#ifndef CLIENT_TRAFFIC_H
#define CLIENT_TRAFFIC_H

#include "bridge/pump.h"

enum { PASSAGE_TEXT = 280 };

struct traffic {
	struct list passages; /* private from here on */
	unsigned now;	      /* visitors that are there, and those on their way */
	uint64_t ever;	      /* how many there were, those among them */
	uint64_t to_relay, from_relay; /* bytes of those that have gone */
	struct throttle *up, *down;    /* what holds them back; NULL: nothing */
	uint64_t rate_bytes;
};

/* One visitor. */
struct passage {
	struct list link; /* private from here on */
	struct traffic *traffic; /* NULL: the forward has gone before its visitor */
	struct pump *pump;	 /* NULL: not joined yet */
	uint64_t since_ms;
	char from[PASSAGE_TEXT], to[PASSAGE_TEXT]; /* printable */
};

void traffic_init(struct traffic *t);
/* They are no faster than this together, each way; 0: no matter. Again changes nothing. E_NOMEM. */
enum err traffic_limit(struct traffic *t, struct hub *h, uint64_t bytes_a_second) MUST_USE;
/* For the next channel of m, which is one of its visitors: what may come unasked. NULL m ok. */
void traffic_narrow(const struct traffic *t, struct mux *m);
/* It goes. Visitors that are left are nobody's. */
void traffic_fini(struct traffic *t);
/* Also what those carried that are there. */
void traffic_bytes(const struct traffic *t, uint64_t *to_relay, uint64_t *from_relay);

/* Somebody has come. NULL when memory is short. */
struct passage *passage_new(struct traffic *t, uint64_t now_ms, const char *from);
/* Bytes flow from now on. */
void passage_join(struct passage *p, struct pump *pump, const char *to);
/* Gone. report: of its pump; NULL: it never had one. NULL ok. */
void passage_end(struct passage *p, const struct pump_report *report);
/* What it has carried so far. */
void passage_bytes(const struct passage *p, uint64_t *to_relay, uint64_t *from_relay);

#endif
