/* SPDX-License-Identifier: ISC */
/*
 * How long an answer is held back. Pure.
 *
 * Key exchanges cost a signature of the host key and are free for a peer to ask for. Those that data
 * has earned are answered at once; of the others a connection has a handful at once and then so many a
 * second.
 *
 * Refusals of keys leave no earlier than a floor after the question, as in sshd, so that the time
 * says nothing about what was looked at (CVE-2018-15473). What is added to the floor is the same for
 * each asking with the same name, so that asking often does not average it away, and cannot be
 * foretold without the secret.
 */
#ifndef RELAY_PACE_H
#define RELAY_PACE_H

#include "base/bytes.h"

enum {
	PACE_EARNED_BYTES = 64 * 1024, /* carried since the last exchange: this one is free */
	PACE_BURST = 32,
	PACE_STEP_MS = 20, /* between two others */
	PACE_KEY_FLOOR_MS = 5,
	PACE_KEY_MORE_MS = 4, /* at most */
	PACE_SECRET = 32
};

struct pace { /* of one connection; zero it to begin with */
	uint64_t paid_ms; /* up to when the exchanges so far are paid for */
	uint64_t bytes;	  /* carried at the last one */
};

/* How long the next exchange has to wait. bytes: carried by the connection so far. */
uint64_t pace_exchange(struct pace *p, uint64_t bytes, uint64_t now_ms);
/* How long the refusal of a key has to wait. */
uint64_t pace_key(const uint8_t secret[static PACE_SECRET], const char *user);

#endif
