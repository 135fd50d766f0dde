/* SPDX-License-Identifier: ISC */
/*
 * Key agreement primitives behind one descriptor, shaped so that a KEM fits as well as ECDH: the
 * client makes a public value, the server answers with one and has the secret, the client finishes.
 */
#ifndef CRYPTO_EXCHANGE_H
#define CRYPTO_EXCHANGE_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/digest.h"

enum { EXCHANGE_PUB_MAX = 1280, EXCHANGE_SECRET_MAX = 80 };

struct exchange_secret {
	uint8_t data[EXCHANGE_SECRET_MAX];
	size_t len;
};

struct exchange_key; /* opaque: the client's ephemeral key */

struct exchange_alg {
	const char *name;
	enum digest_alg hash;
	bool secret_is_string; /* enters hash and key derivation as string, else as mpint */
	size_t pub_len;	       /* of the client's value; exact */
	enum err (*start)(struct exchange_key **key, struct span pub, size_t *pub_len);
	/* Server: takes the client's value, writes its own and the secret. */
	enum err (*respond)(struct bytes peer, struct span pub, size_t *pub_len,
		struct exchange_secret *secret);
	enum err (*finish)(
		struct exchange_key *key, struct bytes peer, struct exchange_secret *secret);
};

/* curve25519-sha256, curve25519-sha256@libssh.org, ecdh-sha2-nistp256, -nistp384, -nistp521.
 * E_VALUE from respond and finish: a public value of the wrong length, off the curve, or an
 * all-zero X25519 result (RFC 8731 3, RFC 5656 4). */
const struct exchange_alg *exchange_alg_find(struct bytes name);
const char *exchange_default_list(void);
void exchange_key_free(struct exchange_key *key); /* NULL is fine; wipes */
void exchange_secret_wipe(struct exchange_secret *s);

#endif
