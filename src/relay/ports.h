/* SPDX-License-Identifier: ISC */
/*
 * The port registry: which identity holds which port at which address. Four calls (claim, renew,
 * release, watch) with this in-process default behind them; a fleet puts a shared store behind the
 * same four.
 *
 * Invariants: a place has at most one hold. Each hold has a generation number that no other hold of
 * the registry ever had before; who comes with an old one changes nothing. The owner is an identity
 * (a key's fingerprint), not a connection. Time is an argument.
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
	void *keeper;	   /* see ports_keep; NULL: nobody said */
};

enum port_news { PORT_CLAIMED, PORT_RELEASED, PORT_LAPSED };

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

/* Takes a free place (or one whose lease lapsed) for owner; lease_ms 0: until it is released.
 * E_DENIED: *hold is who holds it now. E_LIMIT: owner is too long. E_NOMEM. */
enum err ports_claim(struct ports *p, const struct port_place *at, const char *owner,
	uint64_t lease_ms, uint64_t now_ms, struct port_hold *hold) MUST_USE;
/* Prolongs a lease from now on. E_CLOSED: that generation does not hold it any more. */
enum err ports_renew(struct ports *p, const struct port_place *at, uint64_t generation,
	uint64_t lease_ms, uint64_t now_ms) MUST_USE;
/* Notes by which present means the owner holds it: a pointer for whoever claims and finds, which the
 * registry never follows. It goes with the hold. False: that generation does not hold it any more.
 */
bool ports_keep(struct ports *p, const struct port_place *at, uint64_t generation, void *keeper);
/* Gives it back. False: that generation does not hold it any more, nothing was done. */
bool ports_release(struct ports *p, const struct port_place *at, uint64_t generation);

void ports_watch(struct ports *p, struct port_watch *w);
void ports_unwatch(struct port_watch *w);

/* Who holds it now; NULL: nobody, or the lease lapsed. Until the next change. */
const struct port_hold *ports_find(
	const struct ports *p, const struct port_place *at, uint64_t now_ms);

#endif
