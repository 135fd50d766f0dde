/* SPDX-License-Identifier: ISC */
/*
 * bcrypt_pbkdf: stretches the passphrase of a private key file (openssh-key-v1, kdf "bcrypt"). It is
 * PBKDF2 (RFC 8018 5.2) with bcrypt as its function and SHA-512 in front of it; the bytes of each
 * block are spread over the whole key.
 */
#ifndef CRYPTO_BCRYPTPBKDF_H
#define CRYPTO_BCRYPTPBKDF_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	BCRYPTPBKDF_SALT_MAX = 64,
	BCRYPTPBKDF_KEY_MAX = 1024,
	BCRYPTPBKDF_ROUNDS_MAX = 64 * 1024 /* some minutes; ssh-keygen takes 16 or 24 */
};

/* Fills out. E_VALUE: no passphrase, no salt, no rounds, or no out; E_LIMIT: too much of one. */
enum err bcryptpbkdf(
	struct bytes passphrase, struct bytes salt, uint32_t rounds, struct span out) MUST_USE;

#endif
