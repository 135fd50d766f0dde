/* SPDX-License-Identifier: ISC */
/*
 * HMAC, RFC 2104, by libcrypto's EVP_MAC. The context keeps the key; every message starts it again
 * without one, which takes the prepared inner hash instead of hashing the key anew.
 *
 * libcrypto 3.0 cannot start a hash without allocating its state (112 bytes with SHA-256) and frees
 * it with the next start: two such pairs a message, whichever interface is used, EVP_Digest
 * included.
 */
#include "crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "crypto/evp.h"

struct hmac {
	EVP_MAC_CTX *ctx;
};

struct hmac *hmac_new(enum digest_alg alg, struct bytes key)
{
	static const uint8_t no_key;
	const EVP_MD *md = evp_md(alg);
	EVP_MAC *mac = evp_mac(EVP_ID_HMAC);
	if (!md || !mac) {
		(void)evp_err(E_CRYPTO);
		return NULL;
	}
	struct hmac *h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)EVP_MD_get0_name(md), 0),
		OSSL_PARAM_construct_end(),
	};
	h->ctx = EVP_MAC_CTX_new(mac);
	/* A key of no bytes must still be a pointer: without one the call means "the old key". */
	if (h->ctx && EVP_MAC_init(h->ctx, key.len > 0 ? key.ptr : &no_key, key.len, params) == 1)
		return h;
	(void)evp_err(E_CRYPTO);
	hmac_free(h);
	return NULL;
}

void hmac_free(struct hmac *h)
{
	if (!h)
		return;
	EVP_MAC_CTX_free(h->ctx); /* wipes the key */
	free(h);
}

enum err hmac_pieces(
	struct hmac *h, const struct bytes *pieces, size_t count, uint8_t out[static DIGEST_MAX])
{
	size_t len;
	int ok = EVP_MAC_init(h->ctx, NULL, 0, NULL) == 1;
	for (size_t i = 0; i < count; i++)
		ok = ok && EVP_MAC_update(h->ctx, pieces[i].ptr, pieces[i].len) == 1;
	ok = ok && EVP_MAC_final(h->ctx, out, &len, DIGEST_MAX) == 1;
	return ok ? E_OK : evp_err(E_CRYPTO);
}
