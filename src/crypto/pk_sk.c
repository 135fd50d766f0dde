/* SPDX-License-Identifier: ISC */
/*
 * Keys in hardware (FIDO tokens, PROTOCOL.u2f of OpenSSH). Such a key does not sign the data but
 * SHA256(application), flags, counter, SHA256(data): so a signature made for a web site is worth
 * nothing here, and what it says of its owner cannot be changed afterwards.
 */
#include <stdlib.h>

#include "crypto/digest.h"
#include "crypto/pk_impl.h"

enum { HASH_LEN = 32, SIGNED_LEN = HASH_LEN + 1 + 4 + HASH_LEN };

bool pk_type_is_sk(enum pk_type type)
{
	return type == PK_SK_ED25519 || type == PK_SK_ECDSA;
}

struct bytes pk_application(const struct pk *key)
{
	return bytes_of(key->application, key->application_len);
}

enum err pk_sk(struct pk **key, enum pk_type type, struct bytes pub, struct bytes application)
{
	struct bytes none = {0};
	enum err e;
	*key = NULL;
	if (!pk_type_is_sk(type) || application.len > PK_APPLICATION_MAX)
		return E_VALUE;
	e = type == PK_SK_ED25519 ? pk_ed25519(key, pub, none)
				  : pk_ecdsa(key, PK_ECDSA_256, pub, none);
	if (e)
		return e;
	(*key)->type = type;
	(*key)->application = malloc(application.len + 1); /* malloc(0) may be NULL */
	if (!(*key)->application) {
		pk_free(*key);
		*key = NULL;
		return E_NOMEM;
	}
	if (application.len > 0)
		memcpy((*key)->application, application.ptr, application.len);
	(*key)->application_len = application.len;
	return E_OK;
}

enum verdict pk_sk_verify(const struct pk *key, const struct pk_ops *ops, const char *md,
	struct bytes data, struct bytes value, uint8_t flags, uint32_t counter)
{
	struct bytes application = pk_application(key);
	uint8_t hash[DIGEST_MAX], text[SIGNED_LEN];
	if (digest_pieces(DIGEST_SHA256, &application, 1, hash))
		return VERDICT_BAD;
	memcpy(text, hash, HASH_LEN);
	text[HASH_LEN] = flags;
	store_be32(text + HASH_LEN + 1, counter);
	if (digest_pieces(DIGEST_SHA256, &data, 1, hash))
		return VERDICT_BAD;
	memcpy(text + HASH_LEN + 5, hash, HASH_LEN);
	return ops->verify(key, md, bytes_of(text, sizeof(text)), value);
}
