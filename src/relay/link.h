/* SPDX-License-Identifier: ISC */
/*
 * One agent's connection as the relay sees it: its login, what it holds open (doors), its session
 * channels (notices), and its end. The identity is set once, at login. Ports belong to it and not
 * to the connection: see relay/berth.h for what becomes of them.
 */
#ifndef RELAY_LINK_H
#define RELAY_LINK_H

#include "bridge/conn.h"
#include "relay/account.h"
#include "relay/identity.h"
#include "relay/probe.h"
#include "relay/pulse.h"
#include "relay/ration.h"
#include "relay/relay.h"
#include "relay/signing.h"

struct link {
	struct list node; /* of relay.links */
	struct relay *relay;
	struct conn *conn;
	unsigned number;
	char peer[SOCK_TEXT_MAX], peer_host[SOCK_TEXT_MAX];
	struct session_config cfg;
	struct identity *identity; /* NULL before login */
	struct uplink_ask key_ask; /* about the key it would log in with */
	uint64_t key_asked_ms;
	struct identity *offered; /* what came of it; NULL: nothing */
	bool is_on_roster;	  /* perhaps: the supervisor was shown a signature */
	struct account *account;   /* of its key, the same */
	struct relay_conf *conf;   /* what cfg points into */
	struct relay_conf *policy; /* what holds for it; NULL before login */
	struct later expiry;	   /* of the key */
	unsigned refused_keys;
	char last_refusal[FAULT_TEXT + AUTH_USER_MAX + FINGERPRINT_MAX + 16];
	struct list doors;   /* struct door */
	unsigned door_count; /* those that are open */
	unsigned opening_count; /* visitors whose channel the agent has not answered yet */
	bool is_crowded;	/* too many of them: doors are paused */
	struct list crossings; /* struct crossing: tunnels, and those that are asked for */
	struct list claims;   /* forwards that wait for the supervisor, or for another connection's answer */
	unsigned claim_count;
	struct probe probe;   /* of this one */
	struct pulse pulse;   /* the same, for people to see */
	struct meter meter;   /* of the encrypted connection */
	bool is_displaced;    /* another connection took a port of it */
	struct list notices;
	struct ration refusals; /* of visitors, in the log */
	struct later unsaid;	/* those that the log was spared */
	struct later late; /* the answer the session waits for, if it is held back */
	struct signing_ask ask; /* for the signature of a key exchange */
	struct prove *prove;	/* host keys that it wants proven; NULL: none now */
	struct pace pace;
	uint64_t since_ms;
	time_t since;
	bool is_over; /* the connection is ending: nothing new may start */
};

/* Takes fd, on failure as well. */
enum err link_new(struct relay *r, int fd, const struct sock_addr *peer) MUST_USE;
/* Frees its ports now, says DISCONNECT with this text. */
void link_end(struct link *l, const char *text);
/* The connection is found to be dead. Its ports are free now, not when its last bytes have been
 * given up on; or, unless the agent said goodbye, kept for its identity for ForwardLease. */
void link_lost(struct link *l);
/* It does not answer and its identity is here anew: says DISCONNECT with this text, and keeps its
 * ports for the identity, for a moment even where ForwardLease is 0. */
void link_abandon(struct link *l, const char *text);
/* Ends a connection whose last port was taken over, once its last visitor has left. */
void link_retire(struct link *l);
/* "agent alice#3 from 192.0.2.1:4022", for log lines. Holds until the next call. */
void link_log(const struct link *l, enum log_level level, const char *fmt, ...) PRINTF(3, 4);
/* Has it judged anew when the time on its key's line has come. */
void link_watch_expiry(struct link *l);
struct mux *link_mux(const struct link *l); /* NULL: nothing can be said any more */
/* A text for ssh -v: "Remote: ...". */
void link_remark(const struct link *l, const char *text);

#endif
