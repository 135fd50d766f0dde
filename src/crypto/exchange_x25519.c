/* SPDX-License-Identifier: ISC */
/*
 * curve25519-sha256 (RFC 8731) and its older name. The secret enters hash and derivation as mpint,
 * its 32 bytes read as a big-endian number.
 */
#include "crypto/evp.h"
#include "crypto/exchange_impl.h"

enum { X25519_LEN = 32 };

static enum err start(struct exchange_key **key, struct span pub, size_t *pub_len)
{
	if (pub.len < X25519_LEN)
		return E_LIMIT;
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	if (!pkey)
		return evp_err(E_CRYPTO);
	*pub_len = pub.len;
	if (EVP_PKEY_get_raw_public_key(pkey, pub.ptr, pub_len) != 1) {
		EVP_PKEY_free(pkey);
		return evp_err(E_CRYPTO);
	}
	return exchange_key_new(pkey, NULL, key);
}

static enum err finish(struct exchange_key *key, struct bytes peer, struct exchange_secret *secret)
{
	static const uint8_t zero[X25519_LEN];
	exchange_secret_wipe(secret);
	if (peer.len != X25519_LEN)
		return E_VALUE;
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, peer.ptr, peer.len);
	if (!pkey)
		return evp_err(E_CRYPTO);
	enum err e = exchange_derive(key->pkey, pkey, X25519_LEN, secret);
	EVP_PKEY_free(pkey);
	/* RFC 8731 3, RFC 7748 6.1: a point of small order. libcrypto refuses it too; not every
	 * version has to. */
	if (!e && secret_eq(bytes_of(secret->data, secret->len), bytes_of(zero, sizeof(zero))))
		e = E_VALUE;
	return e;
}

static enum err respond(
	struct bytes peer, struct span pub, size_t *pub_len, struct exchange_secret *secret)
{
	return exchange_respond(start, finish, peer, pub, pub_len, secret);
}

const struct exchange_alg exchange_x25519 = {
	.name = "curve25519-sha256",
	.hash = DIGEST_SHA256,
	.pub_len = X25519_LEN,
	.start = start,
	.respond = respond,
	.finish = finish,
};

const struct exchange_alg exchange_x25519_libssh = {
	.name = "curve25519-sha256@libssh.org",
	.hash = DIGEST_SHA256,
	.pub_len = X25519_LEN,
	.start = start,
	.respond = respond,
	.finish = finish,
};
