/* SPDX-License-Identifier: ISC */
/*
 * Two sessions joined in memory on a made-up clock: an agent (client) and a relay (server) with
 * real keys. The bytes of each direction stand in a queue; the test says how they are cut and how
 * fast the readers are. Nothing here touches a socket.
 *
 * The script both ends follow, as the programs would:
 *
 *     agent   tcpip-forward "localhost" 2222
 *     relay   grants it, opens `channels` forwarded-tcpip channels, some at a time
 *     agent   accepts each
 *     both    send `bytes` of a pattern on each channel, then EOF; close when both halves are done
 */
#ifndef SIM_PAIR_H
#define SIM_PAIR_H

#include "session/freeze.h"
#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "session/session.h"
#include "support/seed.h"

enum { PAIR_CHANNELS_MAX = 1024, PAIR_QUEUE = 8 * 1024 * 1024 };

struct stream { /* one channel as one end sees it */
	bool is_live, is_confirmed, got_eof, sent_eof, is_closed;
	uint32_t channel;
	uint64_t sent, got; /* bytes of the pattern */
	uint32_t owed;	    /* got, not given back yet (slow reader) */
};

struct side {
	struct session_env env;
	struct rng rng;
	struct seed seed;
	struct session_config cfg;
	struct session *s;
	uint8_t *queue; /* bytes on their way to the other side */
	size_t queue_len;
	struct stream streams[PAIR_CHANNELS_MAX];
	unsigned opened, answered, closed;
	bool logged_in, forward_up, dead;
	struct fault fault;
	uint64_t wire_bytes;
	bool is_server;
};

struct pair_options {
	uint64_t seed;
	unsigned channels;
	uint64_t bytes;	      /* each way on each channel */
	uint64_t bytes_last;  /* on the last channel; 0: as on the others */
	unsigned stuck;	      /* so many channels have readers that take nothing until is_draining */
	size_t cut;	      /* most bytes delivered at once; 0: all there is */
	size_t cut_at;	      /* with cut_once: the one place the client's first bytes are cut at */
	unsigned slow_one_in; /* readers give back only one time in n; 0, 1: at once */
	unsigned rekey_one_in;	/* a side starts an exchange one turn in n; 0: never */
	unsigned freeze_one_in; /* a side is frozen and thawed one turn in n (1: whenever it can) */
	const char *kex, *ciphers, *macs;
	uint64_t rekey_bytes;
	size_t pool_budget; /* packet memory of each side; 0: without a bound */
};

struct pair {
	struct pair_options o;
	struct side client, server;
	struct pk *host_key, *user_key;
	uint8_t host_blob[1024], user_blob[1024];
	size_t host_len, user_len;
	struct auth_identity identity;
	uint64_t now_ms;
	unsigned freezes, freezes_refused;
	bool is_draining;
	struct seed seed;
};

/* False when something could not be allocated (only under failing allocations). */
bool pair_init(struct pair *p, const struct pair_options *o);
void pair_fini(struct pair *p);
/* One delivery and turn of each side. False when nothing moved and nothing is left to do. */
bool pair_step(struct pair *p);
/* Until the script is done, both ends are dead, or max steps. True: the script was done in whole.
 */
bool pair_run(struct pair *p, unsigned max_steps);
bool pair_is_done(const struct pair *p);
/* Exports and re-imports one side. E_AGAIN: it cannot be frozen now. */
enum err pair_refreeze(struct pair *p, struct side *side);
/* One turn of a side with n bytes from the other's queue. */
void pair_turn(struct pair *p, struct side *to, struct side *from, size_t n);
/* Until both are logged in, and nothing is on the way. */
void pair_open(struct pair *p, const struct pair_options *o);
/* Seals a payload with the sender's keys, past its session; it leaves with its next turn. */
void pair_inject(struct side *from, struct bytes payload);

#endif
