/* SPDX-License-Identifier: ISC */
/*
 * The process that has the connections: what its connections, doors and commands share. Everything
 * runs in one loop; what it may not do itself the supervisor does for it (relay/uplink.h).
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <time.h>

#include "bridge/hub.h"
#include "conf/relay.h"
#include "relay/account.h"
#include "relay/feed.h"
#include "relay/gauge.h"
#include "relay/keeper.h"
#include "relay/later.h"
#include "relay/pace.h"
#include "relay/ports.h"
#include "relay/uplink.h"

enum {
	RELAY_IDENT_MS = 5 * 1000,
	RELAY_KEX_MS = 10 * 1000,
	RELAY_END_MS = 2 * 1000, /* how long agents get to take their DISCONNECT */
	RELAY_DOORS_MAX = 256	 /* open ports a connection */
};

struct book;
struct front;
struct signing;

struct relay {
	uv_loop_t *loop;
	struct hub hub;
	struct uplink *uplink; /* NULL: it has ended */
	struct relay_conf *conf;
	const struct relay_settings *settings; /* of conf */
	struct keeper_keys hostkeys;
	struct signing *signing; /* questions to the signer */
	struct ports *ports;
	struct port_watch port_watch; /* of every place, for the log */
	struct accounts accounts; /* of keys that have a connection now */
	struct book *book; /* what -R 0 gave to whom: a copy of the supervisor's */
	struct front *front;
	struct feed feed; /* what happens, for whoever listens */
	struct gauge gauge;
	struct session_config session; /* what every connection starts from */
	struct list links;	       /* every connection: struct link */
	unsigned links_now, pending;   /* all of them; those before login */
	unsigned last_number;
	uint32_t low_end;    /* lowports_end at start */
	struct laters leases; /* their ends */
	struct laters probes; /* of agents whose port another connection of theirs wants */
	struct laters expiries; /* of keys that have an end */
	struct list leased;   /* ports kept for who was lost: struct berth */
	struct laters laters; /* answers that are held back */
	uint8_t pace_secret[PACE_SECRET];
	uv_timer_t end_timer;
	time_t started;
	uint64_t started_ms;
	uint64_t logins, dropped, bytes_in, bytes_out; /* of connections that have ended */
	unsigned visitors_now;
	const char *drain_why;
	char end_why[FAULT_TEXT];
	bool is_draining, is_ending;
};

/* loop outlives the relay, which needs an uplink, host keys and settings before it serves. */
enum err relay_init(struct relay *r, uv_loop_t *loop, struct fault *f) MUST_USE;
enum err relay_add_hostkey(struct relay *r, struct bytes blob) MUST_USE;
/* Other settings from now on, for new connections and requests. Takes the reference. */
void relay_take_conf(struct relay *r, struct relay_conf *conf);
/* Ends in order: no new connections, ports free, agents told. The loop runs dry then. NULL: it never
 * served, and the log is not told. */
void relay_end(struct relay *r, const char *why);
/* Lets nobody in any more, neither agents nor visitors, and ends when the last visitor has left or
 * after limit_ms (0: none). Again: with the new limit. */
void relay_drain(struct relay *r, uint64_t limit_ms, const char *why);
void relay_visitor_left(struct relay *r);
/* A connection is gone; the last one lets an ending relay close its handles. */
void relay_link_gone(struct relay *r);
/* After the loop has run dry. */
void relay_fini(struct relay *r);

#endif
