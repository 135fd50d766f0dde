/* SPDX-License-Identifier: ISC */
/*
 * The registry of key exchanges, in our order of preference, and the steps they share. A secret is
 * all zeros whenever a call has failed.
 */
#include "crypto/exchange.h"

#include <stdlib.h>

#include "crypto/evp.h"
#include "crypto/exchange_impl.h"

static const struct exchange_alg *const algs[] = {
	&exchange_x25519,
	&exchange_x25519_libssh,
	&exchange_p256,
	&exchange_p384,
	&exchange_p521,
};

const struct exchange_alg *exchange_alg_find(struct bytes name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(*algs); i++)
		if (bytes_is(name, algs[i]->name))
			return algs[i];
	return NULL;
}

const char *exchange_default_list(void)
{
	return "curve25519-sha256,curve25519-sha256@libssh.org,"
	       "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521";
}

void exchange_key_free(struct exchange_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey); /* libcrypto wipes the private part */
	free(key);
}

void exchange_secret_wipe(struct exchange_secret *s)
{
	bytes_wipe(s, sizeof(*s));
}

enum err exchange_key_new(EVP_PKEY *pkey, const struct ec_curve *curve, struct exchange_key **key)
{
	struct exchange_key *k = calloc(1, sizeof(*k));
	if (!k) {
		EVP_PKEY_free(pkey);
		return E_NOMEM;
	}
	*k = (struct exchange_key){pkey, curve};
	*key = k;
	return E_OK;
}

enum err exchange_derive(EVP_PKEY *own, EVP_PKEY *peer, size_t len, struct exchange_secret *secret)
{
	enum err e = E_OK;
	*secret = (struct exchange_secret){.len = sizeof(secret->data)};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	if (!ctx || EVP_PKEY_derive_init(ctx) != 1)
		e = evp_err(E_CRYPTO);
	/* The peer's value was checked when it was read: not once more here. */
	else if (EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1 ||
		 EVP_PKEY_derive(ctx, secret->data, &secret->len) != 1 || secret->len != len)
		e = evp_err(E_VALUE);
	EVP_PKEY_CTX_free(ctx);
	if (e)
		exchange_secret_wipe(secret);
	return e;
}

enum err exchange_respond(
	enum err (*start)(struct exchange_key **key, struct span pub, size_t *pub_len),
	enum err (*finish)(
		struct exchange_key *key, struct bytes peer, struct exchange_secret *secret),
	struct bytes peer, struct span pub, size_t *pub_len, struct exchange_secret *secret)
{
	struct exchange_key *key = NULL;
	exchange_secret_wipe(secret);
	enum err e = start(&key, pub, pub_len);
	if (!e)
		e = finish(key, peer, secret);
	exchange_key_free(key);
	return e;
}
