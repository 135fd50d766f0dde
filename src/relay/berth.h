/* SPDX-License-Identifier: ISC */
/*
 * A berth: the listening sockets of one port. It belongs to an identity, and the door it leads to
 * is only the present way to reach that identity. So it outlives connections:
 *
 *     served    visitors go to its door; other doors of the identity may stand by, in their order
 *     leased    the door's connection was lost: nobody is let in, visitors wait in the kernel's
 *               queue, and the port is kept for the identity until the lease runs out
 *
 * When it moves to another door the sockets are not touched: who waits in their queue is served by
 * the new one. Each move claims the places anew in the registry, so an old door's word about them
 * counts for nothing. A berth that is neither served nor leased does not exist.
 */
#ifndef RELAY_BERTH_H
#define RELAY_BERTH_H

#include "io/accept.h"
#include "bridge/binder.h"
#include "relay/relay.h"

/* Visitors that an agent had not answered when it was lost; more are hung up on. */
enum { BERTH_KEPT_MAX = 256 };

struct door;
struct link;

struct berth_listener {
	struct acceptor *acceptor;
	struct port_hold hold; /* ours in the registry */
};

struct berth {
	struct relay *relay;
	char owner[PORTS_TEXT_MAX];
	uint16_t port;
	uint64_t bound; /* the supervisor's number of its sockets */
	struct berth_listener at[BINDER_MAX];
	size_t count;
	struct door *door;    /* NULL: leased */
	struct list standbys; /* struct door, by door.standby; none while it is leased */
	struct list leased;   /* of relay.leased */
	uint32_t session;     /* whose it was, while it is leased: it stays on the roster for that */
	struct later lease;   /* ends it */
	uint64_t until_ms;
	struct list kept;     /* visitors without a door */
	unsigned kept_count;
};

/* Listens for d, the door of its first connection. Takes the sockets, on failure as well. */
enum err berth_new(struct door *d, struct uplink_bound *sockets, struct fault *f) MUST_USE;
/* d gets a berth that is leased, or another door's: that one is closed then, its visitors stay. Of
 * the same identity, or E_DENIED. */
enum err berth_move(struct berth *b, struct door *d) MUST_USE;
/* Lets those in who were waiting without a door, once its agent was told that it has the port. */
void berth_admit(struct berth *b);
/* d is next, behind those that stand by already. */
void berth_stand_by(struct berth *b, struct door *d);
/* Another connection takes its port at other addresses: whoever is served or stands by is told, and
 * it is closed. */
void berth_evict(struct berth *b, const struct link *by);
/* d has no part in it any more. If it was served: whoever stands by is promoted; nobody: leased for
 * lease_ms, or closed at 0. */
void berth_leave(struct door *d, uint64_t lease_ms);
/* Frees the port at once. Not while it is served. */
void berth_close(struct berth *b);
/* Lets visitors wait in the kernel's queue, or in again. */
void berth_pause(struct berth *b, bool is_paused);
/* A visitor whose door was lost before its agent had answered: goes to the door that the place has
 * now, or waits for the next, if the place still belongs to owner. Takes fd. */
void berth_keep(struct relay *r, const struct port_place *at, const char *owner, int fd);
/* The berth that keeps others from listening there; NULL: none. */
struct berth *berth_find(const struct relay *r, const struct port_place *at);
/* Does it listen on exactly these addresses? */
bool berth_fits(const struct berth *b, const struct binder_wish *wish);

/* Is a port kept for this session, which is over? */
bool berth_is_kept_for(const struct relay *r, uint32_t session);
/* Its key is not admitted any more: nothing is kept for it. */
void berths_drop(struct relay *r, uint32_t session, const char *why);
/* All leases end. */
void berths_end(struct relay *r);

#endif
