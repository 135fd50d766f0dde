/* SPDX-License-Identifier: ISC */
/*
 * The relay's host keys: loaded once at start, or made on the first start. Holds the private parts
 * and signs exchange hashes with them; nobody else sees them.
 */
#ifndef RELAY_HOSTKEYS_H
#define RELAY_HOSTKEYS_H

#include "crypto/pk.h"
#include "crypto/rand.h"
#include "keys/pubkey.h"
#include "transport/transport.h"
#include "wire/msgs.h"

struct hostkey {
	struct pk *key; /* the pair */
	uint8_t blob[LIMIT_BLOB];
	size_t blob_len;
	char fingerprint[FINGERPRINT_MAX];
};

struct hostkeys {
	struct hostkey *key[TRANSPORT_HOSTKEYS_MAX];
	size_t count;
};

void hostkeys_init(struct hostkeys *h);
void hostkeys_fini(struct hostkeys *h); /* wipes */

/* Adds the key of a file. One key a type: a second one is E_VALUE. f names the file. */
enum err hostkeys_load(struct hostkeys *h, const char *path, struct fault *f) MUST_USE;
/* The key of path, made with its .pub beside it when the file is not there. *is_new: it was made.
 */
enum err hostkeys_load_or_make(struct hostkeys *h, const char *path, struct rng *rng, bool *is_new,
	struct fault *f) MUST_USE;
/* Signs data with key number index; out gets the SSH signature blob. */
enum err hostkeys_sign(const struct hostkeys *h, size_t index, const struct sig_alg *alg,
	struct bytes data, struct span out, size_t *len) MUST_USE;

#endif
