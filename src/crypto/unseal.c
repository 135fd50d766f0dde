/* SPDX-License-Identifier: ISC */
#include "crypto/unseal.h"

#include <limits.h>

#include "crypto/evp.h"

static const struct {
	struct unseal_alg alg;
	enum evp_cipher_id id;
} ciphers[] = {
	{{"aes256-ctr", 32, 16, 0}, EVP_ID_AES256_CTR},
	{{"aes128-ctr", 16, 16, 0}, EVP_ID_AES128_CTR},
	{{"aes256-gcm@openssh.com", 32, 12, 16}, EVP_ID_AES256_GCM},
	{{"aes128-gcm@openssh.com", 16, 12, 16}, EVP_ID_AES128_GCM},
};

const struct unseal_alg *unseal_find(struct bytes name)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (bytes_is(name, ciphers[i].alg.name))
			return &ciphers[i].alg;
	return NULL;
}

static const EVP_CIPHER *cipher_of(const struct unseal_alg *alg)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (alg == &ciphers[i].alg)
			return evp_cipher(ciphers[i].id);
	return NULL;
}

static enum err decrypt(EVP_CIPHER_CTX *ctx, const struct unseal_alg *alg, struct bytes secret,
	struct span data, struct bytes tag)
{
	const EVP_CIPHER *cipher = cipher_of(alg);
	int len;

	if (cipher == NULL ||
		EVP_DecryptInit_ex2(ctx, cipher, secret.ptr, secret.ptr + alg->key_len, NULL) != 1)
		return evp_err(E_CRYPTO);
	if (tag.len > 0 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag.len, (void *)tag.ptr) != 1)
		return evp_err(E_CRYPTO);
	if (EVP_DecryptUpdate(ctx, data.ptr, &len, data.ptr, (int)data.len) != 1)
		return evp_err(E_CRYPTO);
	if (EVP_DecryptFinal_ex(ctx, data.ptr + data.len, &len) != 1)
		return evp_err(E_MAC);
	return E_OK;
}

enum err unseal(
	const struct unseal_alg *alg, struct bytes secret, struct span data, struct bytes tag)
{
	EVP_CIPHER_CTX *ctx;
	enum err e;

	if (data.len == 0 || data.len > INT_MAX || data.len % UNSEAL_BLOCK != 0 ||
		tag.len != alg->tag_len || secret.len != alg->key_len + alg->iv_len)
		return E_VALUE;
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL)
		return E_NOMEM;
	e = decrypt(ctx, alg, secret, data, tag);
	EVP_CIPHER_CTX_free(ctx); /* wipes the key */
	if (e != E_OK)
		bytes_wipe(data.ptr, data.len);
	return e;
}
