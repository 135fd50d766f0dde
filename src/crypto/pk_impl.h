/* SPDX-License-Identifier: ISC */
/* Private to crypto: the inside of a key and what each kind of key implements. */
#ifndef CRYPTO_PK_IMPL_H
#define CRYPTO_PK_IMPL_H

#include <openssl/evp.h>

#include "crypto/evp.h"
#include "crypto/pk.h"
#include "wire/writer.h"

struct pk {
	enum pk_type type;
	bool has_private;
	EVP_PKEY *pkey;
	uint8_t *application; /* of a key in hardware */
	size_t application_len;
};

struct pk_ops {
	enum err (*generate)(enum pk_type type, unsigned bits, EVP_PKEY **pkey);
	/* The value part of an SSH signature, without its string length. */
	enum err (*sign)(const struct pk *key, const char *md, struct bytes data, struct writer *w);
	enum verdict (*verify)(
		const struct pk *key, const char *md, struct bytes data, struct bytes value);
	/* NULL for RSA. */
	enum err (*get_public)(const struct pk *key, struct span pub, size_t *len);
	enum err (*get_private)(const struct pk *key, struct span priv, size_t *len);
};

extern const struct pk_ops pk_ops_ed25519, pk_ops_ecdsa, pk_ops_rsa;

/* Takes pkey over, also on failure. */
enum err pk_wrap(struct pk **key, enum pk_type type, bool has_private, EVP_PKEY *pkey) MUST_USE;

/* libcrypto's own form of a signature over data; md is NULL for Ed25519. *len: room, then used. */
enum err pk_evp_sign(const struct pk *key, const char *md, struct bytes data, uint8_t *sig,
	size_t *len) MUST_USE;
enum verdict pk_evp_verify(
	const struct pk *key, const char *md, struct bytes data, struct bytes sig) MUST_USE;

/* A signature's value over what a key in hardware signs in the place of data. */
enum verdict pk_sk_verify(const struct pk *key, const struct pk_ops *ops, const char *md,
	struct bytes data, struct bytes value, uint8_t flags, uint32_t counter) MUST_USE;

#endif
