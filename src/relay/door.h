/* SPDX-License-Identifier: ISC */
/*
 * A door: one forward of one connection, and the visitors that came through it. The listening
 * sockets are those of its berth (relay/berth.h), which it is the first to have, gets from an
 * earlier connection of the same key, or stands by for. Without a berth it is closed: visitors
 * inside stay until they are done (as OpenSSH does with cancel-tcpip-forward), and its memory with
 * them.
 */
#ifndef RELAY_DOOR_H
#define RELAY_DOOR_H

#include "relay/berth.h"
#include "relay/link.h"

struct door {
	struct list node; /* of link.doors */
	struct link *link;
	char requested[256]; /* to be said verbatim in forwarded-tcpip */
	bool is_chosen;	     /* port 0 was asked for */
	uint16_t port;
	struct berth *berth; /* NULL: closed */
	struct list standby; /* of berth.standbys */
	struct list visitors;
	unsigned visitors_now;
	uint64_t visitors_ever, to_agent, to_visitors; /* bytes: of visitors that are gone */
	struct meter meter;
	time_t since;
};

/* Without a berth yet. NULL when memory is short. requested: checked by bindplan_make. */
struct door *door_new(struct link *l, struct bytes requested, bool is_chosen, uint16_t port);
/* lease_ms: for how long its port is kept for the identity; 0: it is free at once. */
void door_close(struct door *d, uint64_t lease_ms);
/* The same at once, by the relay's own decision: the agent and the log are told why. */
void door_shut(struct door *d, const char *why);
/* The open door of this link that answers to exactly this request; NULL when there is none. */
struct door *door_find(const struct link *l, struct bytes requested, uint32_t port);
bool door_is_served(const struct door *d);
/* Visitors go to another connection until that one ends. */
bool door_stands_by(const struct door *d);
/* Told by the berth: another connection has it now, or d has it now after it stood by. */
void door_replaced(struct door *d, const struct link *by);
void door_promoted(struct door *d);
/* "0.0.0.0:2222 [::]:2222" */
void door_addresses(const struct door *d, char *out, size_t cap);
/* Where visitors go: "relay.example:2222", with whom that leaves out. */
void door_for_visitors(const struct door *d, char *out, size_t cap);
/* A visitor of this door is gone. The door may be gone after it. */
void door_left(struct door *d);

#endif
