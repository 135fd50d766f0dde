/* SPDX-License-Identifier: ISC */
/* Private to crypto: HMAC (RFC 2104) with a kept key. */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/digest.h"

struct hmac; /* opaque: one key */

struct hmac *hmac_new(enum digest_alg alg, struct bytes key); /* NULL: libcrypto or memory failed */
void hmac_free(struct hmac *h);				      /* NULL is fine; wipes */
/* The MAC of all pieces one after another: digest_len bytes. */
enum err hmac_pieces(struct hmac *h, const struct bytes *pieces, size_t count,
	uint8_t out[static DIGEST_MAX]) MUST_USE;

#endif
