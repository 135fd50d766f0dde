/* SPDX-License-Identifier: ISC */
/*
 * The port registry: which identity holds which port at which address. Four calls (claim, renew,
 * release, watch) with this in-process default behind them; a fleet puts a shared store behind the
 * same four. ports_find only looks.
 *
 * Invariants: a place has at most one hold, and none beside a hold of all addresses of its family.
 * Each hold has a generation number that no other hold of the registry ever had before; who comes
 * with an old one changes nothing. The owner is an identity (a key's fingerprint), not a
 * connection. Time is an argument.
 */
#ifndef RELAY_PORTS_H
#define RELAY_PORTS_H

#include "base/err.h"
#include "base/list.h"

enum { PORTS_TEXT_MAX = 64 };

struct port_place {
	char address[PORTS_TEXT_MAX]; /* numeric, as sock_host writes it */
	uint16_t port;
};

struct port_hold {
	struct port_place place;
	char owner[PORTS_TEXT_MAX];
	uint64_t generation; /* from 1 up */
	uint64_t since_ms;
	uint64_t until_ms; /* the lease; 0: no end */
	void *keeper;	   /* of the claim */
};

struct port_claim {
	struct port_place place;
	const char *owner;
	/* 0: the place is to be free. Else the hold that this one follows without a gap: it must
	 * still be that generation, and of the same owner. */
	uint64_t over;
	uint64_t lease_ms; /* 0: until it is released */
	void *keeper;	   /* for whoever finds the hold; the registry never follows it */
};

enum port_news { PORT_CLAIMED, PORT_MOVED, PORT_RELEASED, PORT_LAPSED };

/* The caller's memory, alive until ports_unwatch. */
struct port_watch {
	/* Told after the registry has changed; may watch and unwatch, nothing else. */
	void (*told)(struct port_watch *w, enum port_news news, const struct port_hold *hold);
	struct port_place place; /* port 0: every place */
	struct list link;	 /* private */
};

struct ports; /* opaque */

struct ports *ports_new(void); /* NULL when memory is short */
void ports_free(struct ports *p);

/* Takes a place that is free, or whose lease lapsed, or that is held by the generation that is
 * followed. E_DENIED: *hold is who is in the way. E_CLOSED: the generation to follow does not hold
 * it any more. E_LIMIT: owner is too long. E_NOMEM, never when it follows. */
enum err ports_claim(struct ports *p, const struct port_claim *c, uint64_t now_ms,
	struct port_hold *hold) MUST_USE;
/* Prolongs a lease from now on; 0 takes its end away. E_CLOSED: that generation does not hold it
 * any more. */
enum err ports_renew(struct ports *p, const struct port_place *at, uint64_t generation,
	uint64_t lease_ms, uint64_t now_ms) MUST_USE;
/* Gives it back. False: that generation does not hold it any more, nothing was done. */
bool ports_release(struct ports *p, const struct port_place *at, uint64_t generation);

void ports_watch(struct ports *p, struct port_watch *w);
void ports_unwatch(struct port_watch *w);

/* Whose hold keeps others from this place now; NULL: nobody's, or the lease lapsed. Until the next
 * change. */
const struct port_hold *ports_find(
	const struct ports *p, const struct port_place *at, uint64_t now_ms);

#endif
