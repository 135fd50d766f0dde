/* SPDX-License-Identifier: ISC */
/*
 * A door: one port an agent holds open, on one or more addresses, and the visitors that came
 * through it. Closing it frees the port at once; visitors inside stay until they are done (as
 * OpenSSH does with cancel-tcpip-forward), and the door's memory with them.
 */
#ifndef RELAY_DOOR_H
#define RELAY_DOOR_H

#include "io/accept.h"
#include "relay/binder.h"
#include "relay/link.h"

struct door_listener {
	struct acceptor *acceptor;
	struct port_hold hold; /* ours in the registry */
};

struct door {
	struct list node; /* of link.doors */
	struct link *link;
	char requested[256]; /* to be said verbatim in forwarded-tcpip */
	bool is_chosen;	     /* port 0 was asked for */
	uint16_t port;
	struct door_listener at[BINDER_MAX];
	size_t count; /* 0: closed */
	struct list visitors;
	unsigned visitors_now;
	uint64_t visitors_ever, to_agent, to_visitors; /* bytes: of visitors that are gone */
	time_t since;
};

/* Takes the sockets of set, on failure as well. requested: checked by bindplan_make. */
enum err door_open(struct link *l, struct bytes requested, bool is_chosen, struct binder_set *set,
	struct door **d, struct fault *f) MUST_USE;
void door_close(struct door *d);
/* The open door of this link that answers to exactly this request; NULL when there is none. */
struct door *door_find(const struct link *l, struct bytes requested, uint32_t port);
/* Lets visitors wait in the backlog, or in again. */
void door_pause(struct door *d, bool is_paused);
/* "0.0.0.0:2222 [::]:2222" */
void door_addresses(const struct door *d, char *out, size_t cap);
/* Where visitors go: "relay.example:2222", with whom that leaves out. */
void door_for_visitors(const struct door *d, char *out, size_t cap);
/* A visitor of this door is gone. The door may be gone after it. */
void door_left(struct door *d);

#endif
