/* SPDX-License-Identifier: ISC */
/* Hashes and HMAC. SHA-1 exists only for the hashed names of known_hosts. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/bytes.h"
#include "base/err.h"

enum digest_alg { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
enum { DIGEST_MAX = 64 };

size_t digest_len(enum digest_alg alg);

struct digest;					/* opaque */
struct digest *digest_new(enum digest_alg alg); /* NULL when libcrypto fails */
void digest_free(struct digest *d);
enum err digest_update(struct digest *d, struct bytes data) MUST_USE;
/* Writes digest_len bytes and readies d for a new message. */
enum err digest_final(struct digest *d, uint8_t out[static DIGEST_MAX]) MUST_USE;

/* One call over several pieces. */
enum err digest_pieces(enum digest_alg alg, const struct bytes *pieces, size_t count,
	uint8_t out[static DIGEST_MAX]) MUST_USE;
enum err hmac_once(enum digest_alg alg, struct bytes key, struct bytes data,
	uint8_t out[static DIGEST_MAX]) MUST_USE;
/* Constant time; for secrets, tokens and MACs. */
bool secret_eq(struct bytes a, struct bytes b);

#endif
