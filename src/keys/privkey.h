/* SPDX-License-Identifier: ISC */
/*
 * Private key files, text in and key out: openssh-key-v1 (PROTOCOL.key of OpenSSH) and PEM/PKCS8 as
 * far as libcrypto reads it, both with and without passphrase. Writing makes openssh-key-v1 without.
 */
#ifndef KEYS_PRIVKEY_H
#define KEYS_PRIVKEY_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/pk.h"
#include "crypto/rand.h"

enum { PRIVKEY_FILE_MAX = 64 * 1024, PRIVKEY_COMMENT_MAX = 256 };

/* E_DENIED: the key is encrypted and would need a passphrase. Otherwise the errors of parsing, with
 * a sentence in f (without the file's name, which the caller knows). comment may be NULL; it gets
 * the file's comment, escaped. */
enum err privkey_from_text(struct bytes text, struct pk **key, char *comment, size_t comment_cap,
	struct fault *f) MUST_USE;
/* The same with a passphrase, which a key that is not encrypted does not look at. E_AUTH: it is not
 * the right one. Takes as long as the file says (BCRYPTPBKDF_ROUNDS_MAX). */
enum err privkey_unlock(struct bytes text, const char *passphrase, struct pk **key, char *comment,
	size_t comment_cap, struct fault *f) MUST_USE;
/* The public key blob that stands in clear at the front of openssh-key-v1, encrypted or not.
 * E_UNKNOWN: a PEM file, which has none. E_LIMIT: blob is too small. */
enum err privkey_public(struct bytes text, struct span blob, size_t *len) MUST_USE;
/* The whole file text of an unencrypted key; out is wiped by the caller after use. E_STATE: the key
 * has no private part; E_LIMIT: comment or text is too long. */
enum err privkey_to_text(const struct pk *key, const char *comment, struct rng *rng,
	struct span out, size_t *len) MUST_USE;

#endif
