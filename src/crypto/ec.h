/* SPDX-License-Identifier: ISC */
/* Private to crypto: the NIST curves of RFC 5656, shared by ECDH and ECDSA. Points are
 * uncompressed. */
#ifndef CRYPTO_EC_H
#define CRYPTO_EC_H

#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/err.h"

enum { EC_FIELD_MAX = 66, EC_POINT_MAX = 1 + 2 * EC_FIELD_MAX };

struct ec_curve {
	const char *group; /* libcrypto's name */
	unsigned bits;
	size_t field_len; /* also the length of the group order */
};

extern const struct ec_curve ec_p256, ec_p384, ec_p521;

static inline size_t ec_point_len(const struct ec_curve *curve)
{
	return 1 + 2 * curve->field_len;
}

/* A public key from its point. E_VALUE: wrong length, not uncompressed, not on the curve. */
enum err ec_public(const struct ec_curve *curve, struct bytes point, EVP_PKEY **pkey) MUST_USE;
/* A pair; E_VALUE as well when d is out of range or does not belong to the point. */
enum err ec_pair(
	const struct ec_curve *curve, struct bytes point, struct bytes d, EVP_PKEY **pkey) MUST_USE;
enum err ec_generate(const struct ec_curve *curve, EVP_PKEY **pkey) MUST_USE;
/* The point of a key; E_LIMIT when out is too small. */
enum err ec_point(
	const struct ec_curve *curve, EVP_PKEY *pkey, struct span out, size_t *len) MUST_USE;

#endif
