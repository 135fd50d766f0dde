/* SPDX-License-Identifier: ISC */
/*
 * AES-GCM as aes*-gcm@openssh.com: RFC 5647 7.1 with the algorithm named as cipher, no MAC
 * negotiated. The length is clear and is the associated data; the nonce is 4 fixed bytes and a
 * 64-bit counter of packets that has nothing to do with the sequence number.
 *
 * Invariant: keys.iv is a nonce this key has not used. The counter moves on before a packet is
 * processed, whatever becomes of it. It starts anywhere, as derived, and counts modulo 2^64, so it
 * cannot come round: a key sees at most 2^32 packets (transport/packet.c).
 */
#include "crypto/cipher_impl.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

enum { COUNTER_AT = 4, TAG_LEN = 16 };

static enum err init(struct cipher *c)
{
	c->body = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *evp = evp_cipher(c->def->evp);
	int seal = c->dir == CIPHER_SEAL;
	if (!c->body || !evp ||
		EVP_CipherInit_ex2(c->body, evp, c->keys.key, c->keys.iv, seal, NULL) != 1)
		return evp_err(E_CRYPTO);
	return E_OK;
}

static void fini(struct cipher *c)
{
}

void gcm_next_iv(struct cipher *c, uint8_t iv[static GCM_IV_LEN])
{
	memcpy(iv, c->keys.iv, GCM_IV_LEN);
	store_be64(c->keys.iv + COUNTER_AT, load_be64(iv + COUNTER_AT) + 1);
}

/* Associated data and body; the caller has set the nonce and deals with the tag. */
static int run(struct cipher *c, uint8_t *frame, int len)
{
	uint8_t *body = frame + LENGTH_LEN;
	int n;
	return EVP_CipherUpdate(c->body, NULL, &n, frame, LENGTH_LEN) == 1 &&
	       EVP_CipherUpdate(c->body, body, &n, body, len) == 1;
}

static enum err open(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	uint8_t iv[GCM_IV_LEN];

	gcm_next_iv(c, iv);
	uint8_t *tag = frame + LENGTH_LEN + packet_length;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, TAG_LEN),
		OSSL_PARAM_construct_end(),
	};
	enum err e = E_OK;
	int n;
	if (EVP_DecryptInit_ex2(c->body, NULL, NULL, iv, params) != 1 ||
		!run(c, frame, (int)packet_length))
		e = evp_err(E_CRYPTO);
	else if (EVP_DecryptFinal_ex(c->body, tag, &n) != 1)
		e = E_MAC;
	if (e) /* libcrypto decrypts while it authenticates: nothing of that may survive */
		bytes_wipe(frame + LENGTH_LEN, packet_length);
	return e;
}

static enum err seal(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	uint8_t iv[GCM_IV_LEN];

	gcm_next_iv(c, iv);
	uint8_t *tag = frame + LENGTH_LEN + packet_length;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, TAG_LEN),
		OSSL_PARAM_construct_end(),
	};
	int n;
	if (EVP_EncryptInit_ex2(c->body, NULL, NULL, iv, NULL) != 1 ||
		!run(c, frame, (int)packet_length) || EVP_EncryptFinal_ex(c->body, tag, &n) != 1 ||
		EVP_CIPHER_CTX_get_params(c->body, params) != 1)
		return evp_err(E_CRYPTO);
	return E_OK;
}

const struct cipher_ops cipher_gcm = {
	.init = init,
	.fini = fini,
	.open = open,
	.seal = seal,
};
