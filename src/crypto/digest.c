/* SPDX-License-Identifier: ISC */
/*
 * Hashes over libcrypto's EVP_MD. A struct digest is always ready for the next piece of a message:
 * digest_new and digest_final leave it freshly started.
 */
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "crypto/evp.h"
#include "crypto/hmac.h"

struct digest {
	EVP_MD_CTX *ctx;
};

size_t digest_len(enum digest_alg alg)
{
	static const size_t len[] = {
		[DIGEST_SHA1] = 20,
		[DIGEST_SHA256] = 32,
		[DIGEST_SHA384] = 48,
		[DIGEST_SHA512] = 64,
	};
	return len[alg];
}

struct digest *digest_new(enum digest_alg alg)
{
	struct digest *d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	const EVP_MD *md = evp_md(alg);
	d->ctx = EVP_MD_CTX_new();
	if (!md || !d->ctx || EVP_DigestInit_ex2(d->ctx, md, NULL) != 1) {
		(void)evp_err(E_CRYPTO);
		digest_free(d);
		return NULL;
	}
	return d;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

enum err digest_update(struct digest *d, struct bytes data)
{
	return EVP_DigestUpdate(d->ctx, data.ptr, data.len) == 1 ? E_OK : evp_err(E_CRYPTO);
}

enum err digest_final(struct digest *d, uint8_t out[static DIGEST_MAX])
{
	if (EVP_DigestFinal_ex(d->ctx, out, NULL) != 1 ||
		EVP_DigestInit_ex2(d->ctx, NULL, NULL) != 1)
		return evp_err(E_CRYPTO);
	return E_OK;
}

enum err digest_pieces(enum digest_alg alg, const struct bytes *pieces, size_t count,
	uint8_t out[static DIGEST_MAX])
{
	struct digest *d = digest_new(alg);
	if (!d)
		return E_NOMEM;
	enum err e = E_OK;
	for (size_t i = 0; i < count && !e; i++)
		e = digest_update(d, pieces[i]);
	if (!e)
		e = digest_final(d, out);
	digest_free(d);
	return e;
}

enum err hmac_once(
	enum digest_alg alg, struct bytes key, struct bytes data, uint8_t out[static DIGEST_MAX])
{
	struct hmac *h = hmac_new(alg, key);
	if (!h)
		return E_NOMEM;
	enum err e = hmac_pieces(h, &data, 1, out);
	hmac_free(h);
	return e;
}

bool secret_eq(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
