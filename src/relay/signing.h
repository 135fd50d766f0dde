/* SPDX-License-Identifier: ISC */
/*
 * Questions to the signer, from the process that has the connections. Each has a deadline; while the
 * signer is away they wait for the next one, to which all that were not answered are put again.
 */
#ifndef RELAY_SIGNING_H
#define RELAY_SIGNING_H

#include <uv.h>

#include "base/list.h"
#include "crypto/digest.h"
#include "crypto/pk.h"
#include "io/frame.h"

enum { SIGNING_NEW_MS = 1000, SIGNING_LIVE_MS = 10 * 1000 };

/* In the caller's memory. */
struct signing_ask {
	/* Filled by the caller. */
	size_t index;
	const struct sig_alg *alg;
	bool is_proof; /* that we have the key, in the session whose id is hash */
	uint8_t hash[DIGEST_MAX];
	size_t hash_len;
	/* Not within signing_put. signature is empty when the key does not sign, why says so;
	 * is_late: nobody answered in time. */
	void (*answered)(struct signing_ask *a, struct bytes signature, bool is_late);
	/* private */
	struct list node;
	uint64_t number, due_ms;
};

struct signing; /* opaque */

enum err signing_new(uv_loop_t *loop, struct signing **s) MUST_USE;
/* Nobody may wait any more. NULL ok. */
void signing_free(struct signing *s);
/* A line to a new signer; the old one is forgotten. Takes fd, on failure as well. */
enum err signing_connect(struct signing *s, int fd, pid_t pid) MUST_USE;
void signing_ask_init(struct signing_ask *a);
/* Not while it is asked already. */
void signing_put(struct signing *s, struct signing_ask *a, uint64_t wait_ms);
void signing_cancel(struct signing_ask *a); /* also when it was not put */

#endif
