/* SPDX-License-Identifier: ISC */
/* Private to crypto: the ephemeral key, and what the Diffie-Hellman shaped exchanges share. */
#ifndef CRYPTO_EXCHANGE_IMPL_H
#define CRYPTO_EXCHANGE_IMPL_H

#include <openssl/evp.h>

#include "crypto/ec.h"
#include "crypto/exchange.h"

struct exchange_key {
	EVP_PKEY *pkey;
	const struct ec_curve *curve; /* NULL for X25519 */
};

/* Takes pkey over, also on failure. */
enum err exchange_key_new(
	EVP_PKEY *pkey, const struct ec_curve *curve, struct exchange_key **key) MUST_USE;

/* The agreed value of exactly len bytes; E_VALUE when the two keys give none. */
enum err exchange_derive(
	EVP_PKEY *own, EVP_PKEY *peer, size_t len, struct exchange_secret *secret) MUST_USE;

/* A server's turn is a client's two in one: make a pair, then finish with the peer's value. */
enum err exchange_respond(
	enum err (*start)(struct exchange_key **key, struct span pub, size_t *pub_len),
	enum err (*finish)(
		struct exchange_key *key, struct bytes peer, struct exchange_secret *secret),
	struct bytes peer, struct span pub, size_t *pub_len,
	struct exchange_secret *secret) MUST_USE;

extern const struct exchange_alg exchange_x25519, exchange_x25519_libssh;
extern const struct exchange_alg exchange_p256, exchange_p384, exchange_p521;

#endif
