/* SPDX-License-Identifier: ISC */
/*
 * A security key in software, for ssh and ssh-keygen to load (SecurityKeyProvider, PROTOCOL.u2f of
 * OpenSSH): there is no hardware where tests run. The handle of a key is its private key in DER, so
 * nothing is kept. Nobody touches it: it says what the key was made to say, or what SK_FLAGS says
 * (a number: 1 touched, 4 verified); SK_COUNTER is its counter.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

enum {
	API_VERSION = 0x000a0000,
	ALG_ECDSA = 0,
	ALG_ED25519 = 1,
	ERR_GENERAL = -1,
	ERR_UNSUPPORTED = -2
};

/* As ssh has them, in API version 10. */
struct enroll_response {
	uint8_t flags;
	uint8_t *public_key;
	size_t public_key_len;
	uint8_t *key_handle;
	size_t key_handle_len;
	uint8_t *signature;
	size_t signature_len;
	uint8_t *attestation_cert;
	size_t attestation_cert_len;
	uint8_t *authdata;
	size_t authdata_len;
};

struct sign_response {
	uint8_t flags;
	uint32_t counter;
	uint8_t *sig_r;
	size_t sig_r_len;
	uint8_t *sig_s;
	size_t sig_s_len;
};

struct option {
	char *name, *value;
	uint8_t required;
};

EXPORT uint32_t sk_api_version(void);
EXPORT int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
	const char *application, uint8_t flags, const char *pin, struct option **options,
	struct enroll_response **out);
EXPORT int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
	const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
	struct option **options, struct sign_response **out);
EXPORT int sk_load_resident_keys(
	const char *pin, struct option **options, void ***keys, size_t *count);

uint32_t sk_api_version(void)
{
	return API_VERSION;
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value != NULL ? strtoul(value, NULL, 0) : otherwise;
}

static uint8_t *copy_of(const void *from, size_t len)
{
	uint8_t *mem = malloc(len > 0 ? len : 1);

	if (mem != NULL)
		memcpy(mem, from, len);
	return mem;
}

static int take_public(const EVP_PKEY *key, uint32_t alg, struct enroll_response *r)
{
	uint8_t pub[65];
	size_t len = sizeof(pub);

	if (alg == ALG_ED25519
			? EVP_PKEY_get_raw_public_key(key, pub, &len) != 1
			: EVP_PKEY_get_octet_string_param(key, "pub", pub, sizeof(pub), &len) != 1)
		return ERR_GENERAL;
	r->public_key = copy_of(pub, len);
	r->public_key_len = len;
	return r->public_key != NULL ? 0 : ERR_GENERAL;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application,
	uint8_t flags, const char *pin, struct option **options, struct enroll_response **out)
{
	EVP_PKEY *key = alg == ALG_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
			: alg == ALG_ECDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
					   : NULL;
	struct enroll_response *r = calloc(1, sizeof(*r));
	uint8_t *der = NULL;
	int len = key != NULL ? i2d_PrivateKey(key, &der) : -1;
	int code = ERR_GENERAL;

	if (r != NULL && len > 0 && take_public(key, alg, r) == 0) {
		r->flags = flags;
		r->key_handle = der;
		r->key_handle_len = (size_t)len;
		der = NULL;
		/* What was to be attested, ssh only stores. */
		r->signature = copy_of("", 0);
		r->attestation_cert = copy_of("", 0);
		r->authdata = copy_of("", 0);
		*out = r;
		r = NULL;
		code = 0;
	}
	EVP_PKEY_free(key);
	OPENSSL_free(der);
	free(r);
	return code;
}

static int sign_with(
	EVP_PKEY *key, uint32_t alg, const uint8_t *text, size_t text_len, struct sign_response *r)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[128];
	const uint8_t *at = sig;
	size_t len = sizeof(sig);
	ECDSA_SIG *pair = NULL;
	int ok = ctx != NULL &&
		 EVP_DigestSignInit(ctx, NULL, alg == ALG_ECDSA ? EVP_sha256() : NULL, NULL, key) ==
			 1 &&
		 EVP_DigestSign(ctx, sig, &len, text, text_len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return ERR_GENERAL;
	if (alg == ALG_ED25519) {
		r->sig_r = copy_of(sig, len);
		r->sig_r_len = len;
		return r->sig_r != NULL ? 0 : ERR_GENERAL;
	}
	pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
	if (pair == NULL)
		return ERR_GENERAL;
	r->sig_r_len = (size_t)BN_num_bytes(ECDSA_SIG_get0_r(pair));
	r->sig_s_len = (size_t)BN_num_bytes(ECDSA_SIG_get0_s(pair));
	r->sig_r = calloc(1, r->sig_r_len);
	r->sig_s = calloc(1, r->sig_s_len);
	if (r->sig_r != NULL && r->sig_s != NULL) {
		BN_bn2bin(ECDSA_SIG_get0_r(pair), r->sig_r);
		BN_bn2bin(ECDSA_SIG_get0_s(pair), r->sig_s);
	}
	ECDSA_SIG_free(pair);
	return r->sig_r != NULL && r->sig_s != NULL ? 0 : ERR_GENERAL;
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
	const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
	struct option **options, struct sign_response **out)
{
	struct sign_response *r = calloc(1, sizeof(*r));
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &key_handle, (long)key_handle_len);
	uint8_t text[32 + 1 + 4 + 32];

	if (r == NULL || key == NULL)
		return ERR_GENERAL;
	r->flags = (uint8_t)setting("SK_FLAGS", flags);
	r->counter = (uint32_t)setting("SK_COUNTER", 0x12345678);
	SHA256((const uint8_t *)application, strlen(application), text);
	text[32] = r->flags;
	for (int i = 0; i < 4; i++)
		text[33 + i] = (uint8_t)(r->counter >> (24 - 8 * i));
	SHA256(data, data_len, text + 37);
	if (sign_with(key, alg, text, sizeof(text), r) != 0)
		return ERR_GENERAL;
	EVP_PKEY_free(key);
	*out = r;
	return 0;
}

int sk_load_resident_keys(const char *pin, struct option **options, void ***keys, size_t *count)
{
	return ERR_UNSUPPORTED;
}
