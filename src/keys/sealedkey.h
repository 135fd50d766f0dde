/* SPDX-License-Identifier: ISC */
/*
 * The encryption of the private part of openssh-key-v1 (PROTOCOL.key of OpenSSH): a key and an IV
 * from the passphrase by bcrypt_pbkdf, and one of the ciphers of crypto/unseal.h.
 */
#ifndef KEYS_SEALEDKEY_H
#define KEYS_SEALEDKEY_H

#include "base/bytes.h"
#include "base/err.h"

/* What the head of the container says about it. */
struct sealedkey {
	struct bytes cipher, kdf, options;
};

/* Bytes of a tag that stands behind the encrypted string. */
size_t sealedkey_tag_len(const struct sealedkey *k);
/* Decrypts in place. E_AUTH: the passphrase is wrong, as far as the cipher can tell; E_UNKNOWN: a
 * cipher or kdf that is not known; E_LIMIT: too many rounds; E_FORMAT. */
enum err sealedkey_open(const struct sealedkey *k, const char *passphrase, struct span section,
	struct bytes tag, struct fault *f) MUST_USE;

#endif
