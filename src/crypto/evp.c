/* SPDX-License-Identifier: ISC */
/*
 * The table of fetched algorithms. Each slot goes from NULL to its object once and never back. Two
 * threads that fetch at the same moment both get the object of the first; a failed fetch leaves the
 * slot empty, so that a passing shortage of memory does not last for the life of the process.
 */
#include "crypto/evp.h"

#include <openssl/err.h>

static EVP_CIPHER *ciphers[EVP_CIPHER_COUNT];
static EVP_MD *mds[DIGEST_SHA512 + 1];
static EVP_MAC *macs[EVP_MAC_COUNT];

static const char *const cipher_names[EVP_CIPHER_COUNT] = {
	[EVP_ID_AES128_GCM] = "AES-128-GCM",
	[EVP_ID_AES256_GCM] = "AES-256-GCM",
	[EVP_ID_AES128_CTR] = "AES-128-CTR",
	[EVP_ID_AES256_CTR] = "AES-256-CTR",
	[EVP_ID_CHACHA20] = "ChaCha20",
};

static const char *const md_names[] = {
	[DIGEST_SHA1] = "SHA1",
	[DIGEST_SHA256] = "SHA2-256",
	[DIGEST_SHA384] = "SHA2-384",
	[DIGEST_SHA512] = "SHA2-512",
};

static const char *const mac_names[EVP_MAC_COUNT] = {
	[EVP_ID_HMAC] = "HMAC",
	[EVP_ID_POLY1305] = "POLY1305",
};

const EVP_CIPHER *evp_cipher(enum evp_cipher_id id)
{
	EVP_CIPHER *have = __atomic_load_n(&ciphers[id], __ATOMIC_ACQUIRE);
	if (have)
		return have;
	EVP_CIPHER *fresh = EVP_CIPHER_fetch(NULL, cipher_names[id], NULL);
	if (!fresh)
		return NULL;
	if (__atomic_compare_exchange_n(
		    &ciphers[id], &have, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fresh;
	EVP_CIPHER_free(fresh);
	return have;
}

const EVP_MD *evp_md(enum digest_alg alg)
{
	EVP_MD *have = __atomic_load_n(&mds[alg], __ATOMIC_ACQUIRE);
	if (have)
		return have;
	EVP_MD *fresh = EVP_MD_fetch(NULL, md_names[alg], NULL);
	if (!fresh)
		return NULL;
	if (__atomic_compare_exchange_n(
		    &mds[alg], &have, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fresh;
	EVP_MD_free(fresh);
	return have;
}

EVP_MAC *evp_mac(enum evp_mac_id id)
{
	EVP_MAC *have = __atomic_load_n(&macs[id], __ATOMIC_ACQUIRE);
	if (have)
		return have;
	EVP_MAC *fresh = EVP_MAC_fetch(NULL, mac_names[id], NULL);
	if (!fresh)
		return NULL;
	if (__atomic_compare_exchange_n(
		    &macs[id], &have, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fresh;
	EVP_MAC_free(fresh);
	return have;
}

enum err evp_err(enum err otherwise)
{
	bool short_of_memory = false;
	unsigned long e;
	while ((e = ERR_get_error()) != 0)
		short_of_memory |= ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE;
	return short_of_memory ? E_NOMEM : otherwise;
}
