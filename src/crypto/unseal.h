/* SPDX-License-Identifier: ISC */
/*
 * Decryption of one block of bytes at rest: the private part of a key file. The ciphers are those of
 * the transport (RFC 4344, RFC 5647) without its framing.
 */
#ifndef CRYPTO_UNSEAL_H
#define CRYPTO_UNSEAL_H

#include "base/bytes.h"
#include "base/err.h"

enum { UNSEAL_SECRET_MAX = 32 + 16, UNSEAL_BLOCK = 16 };

struct unseal_alg {
	const char *name;
	size_t key_len, iv_len;
	size_t tag_len; /* 0: not authenticated */
};

/* aes128-ctr, aes256-ctr, aes128-gcm@openssh.com, aes256-gcm@openssh.com; NULL for others. */
const struct unseal_alg *unseal_find(struct bytes name);
/* In place. secret: key_len bytes of key, then iv_len of IV. E_MAC: the tag is wrong, data is wiped.
 * E_VALUE: data is not of whole blocks or has no sane length; the tag or the secret has not theirs. */
enum err unseal(const struct unseal_alg *alg, struct bytes secret, struct span data,
	struct bytes tag) MUST_USE;

#endif
