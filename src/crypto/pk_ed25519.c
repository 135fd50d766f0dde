/* SPDX-License-Identifier: ISC */
/* Ed25519: RFC 8032, in SSH by RFC 8709. Public value and seed are 32 bytes, a signature 64,
 * exactly. */
#include "crypto/pk_impl.h"

enum { KEY_LEN = 32, SIG_LEN = 64 };

static enum err pair_of(struct bytes pub, struct bytes seed, EVP_PKEY **pkey)
{
	uint8_t derived[KEY_LEN];
	size_t len = sizeof(derived);
	*pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed.ptr, seed.len);
	if (!*pkey)
		return evp_err(E_CRYPTO);
	enum err e = E_OK;
	if (EVP_PKEY_get_raw_public_key(*pkey, derived, &len) != 1)
		e = evp_err(E_CRYPTO);
	else if (!bytes_eq(pub, bytes_of(derived, len)))
		e = E_VALUE;
	if (e)
		EVP_PKEY_free(*pkey);
	return e;
}

enum err pk_ed25519(struct pk **key, struct bytes pub, struct bytes seed_or_empty)
{
	EVP_PKEY *pkey;
	bool has_private = seed_or_empty.len > 0;
	*key = NULL;
	if (pub.len != KEY_LEN || (has_private && seed_or_empty.len != KEY_LEN))
		return E_VALUE;
	if (has_private) {
		enum err e = pair_of(pub, seed_or_empty, &pkey);
		if (e)
			return e;
	} else {
		pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, pub.ptr, pub.len);
		if (!pkey)
			return evp_err(E_CRYPTO);
	}
	return pk_wrap(key, PK_ED25519, has_private, pkey);
}

static enum err generate(enum pk_type type, unsigned bits, EVP_PKEY **pkey)
{
	*pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return *pkey ? E_OK : evp_err(E_CRYPTO);
}

static enum err sign(const struct pk *key, const char *md, struct bytes data, struct writer *w)
{
	size_t len = SIG_LEN;
	uint8_t *room = wr_room(w, SIG_LEN);
	if (!room)
		return E_LIMIT;
	enum err e = pk_evp_sign(key, md, data, room, &len);
	return e || len == SIG_LEN ? e : E_CRYPTO;
}

static enum verdict verify(
	const struct pk *key, const char *md, struct bytes data, struct bytes value)
{
	return value.len == SIG_LEN ? pk_evp_verify(key, md, data, value) : VERDICT_BAD;
}

static enum err get_public(const struct pk *key, struct span pub, size_t *len)
{
	if (pub.len < KEY_LEN)
		return E_LIMIT;
	*len = pub.len;
	return EVP_PKEY_get_raw_public_key(key->pkey, pub.ptr, len) == 1 ? E_OK : evp_err(E_CRYPTO);
}

static enum err get_private(const struct pk *key, struct span priv, size_t *len)
{
	if (priv.len < KEY_LEN)
		return E_LIMIT;
	*len = priv.len;
	return EVP_PKEY_get_raw_private_key(key->pkey, priv.ptr, len) == 1 ? E_OK
									   : evp_err(E_CRYPTO);
}

const struct pk_ops pk_ops_ed25519 = {
	.generate = generate,
	.sign = sign,
	.verify = verify,
	.get_public = get_public,
	.get_private = get_private,
};
