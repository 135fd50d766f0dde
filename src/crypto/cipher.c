/* SPDX-License-Identifier: ISC */
/*
 * The registry of packet ciphers and MACs, and the common part of struct cipher. Every call is
 * checked here for direction and size, so the constructions below never see a length that an int or
 * a sum could not hold.
 */
#include "crypto/cipher.h"

#include <stdlib.h>

#include "crypto/cipher_impl.h"

/* RFC 4344 3.2 and OpenSSH: 2^(L/4) blocks of L >= 128 bits; 1 GiB with smaller blocks. */
#define REKEY_BLOCKS_AES (UINT64_C(1) << 32)
#define REKEY_BLOCKS_CHACHA20 ((UINT64_C(1) << 30) / 8)

static const struct cipher_def ciphers[] = {
	{{"aes128-gcm@openssh.com", 16, 12, 16, 16, true, false, REKEY_BLOCKS_AES}, &cipher_gcm,
		EVP_ID_AES128_GCM},
	{{"aes256-gcm@openssh.com", 32, 12, 16, 16, true, false, REKEY_BLOCKS_AES}, &cipher_gcm,
		EVP_ID_AES256_GCM},
	/* CVE-2023-48795: its nonce is the sequence number alone, which a man in the middle can
	 * shift before the first NEWKEYS unless key exchange is strict. */
	{{"chacha20-poly1305@openssh.com", 64, 0, 8, 16, true, true, REKEY_BLOCKS_CHACHA20},
		&cipher_chapoly, EVP_ID_CHACHA20},
	{{"aes128-ctr", 16, 16, 16, 0, false, false, REKEY_BLOCKS_AES}, NULL, EVP_ID_AES128_CTR},
	{{"aes256-ctr", 32, 16, 16, 0, false, false, REKEY_BLOCKS_AES}, NULL, EVP_ID_AES256_CTR},
};

static const struct mac_def macs[] = {
	{{"hmac-sha2-256-etm@openssh.com", 32, 32, true}, DIGEST_SHA256},
	{{"hmac-sha2-512-etm@openssh.com", 64, 64, true}, DIGEST_SHA512},
	{{"hmac-sha2-256", 32, 32, false}, DIGEST_SHA256},
	{{"hmac-sha2-512", 64, 64, false}, DIGEST_SHA512},
};

enum {
	CIPHER_COUNT = sizeof(ciphers) / sizeof(*ciphers),
	MAC_COUNT = sizeof(macs) / sizeof(*macs)
};

const struct cipher_alg *cipher_alg_find(struct bytes name)
{
	for (size_t i = 0; i < CIPHER_COUNT; i++)
		if (bytes_is(name, ciphers[i].alg.name))
			return &ciphers[i].alg;
	return NULL;
}

const struct mac_alg *mac_alg_find(struct bytes name)
{
	for (size_t i = 0; i < MAC_COUNT; i++)
		if (bytes_is(name, macs[i].alg.name))
			return &macs[i].alg;
	return NULL;
}

const char *cipher_default_list(void)
{
	/* Without AES instructions chacha20 is both faster and free of table look-ups. */
	return cpu_has_aes() ? "aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
			       "chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr"
			     : "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,"
			       "aes256-gcm@openssh.com,aes128-ctr,aes256-ctr";
}

const char *mac_default_list(void)
{
	return "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
	       "hmac-sha2-256,hmac-sha2-512";
}

const char *cipher_prepare(void)
{
	return cipher_gcm_vaes_load();
}

static const struct cipher_ops *choose(const struct cipher_def *def, const struct mac_def *mac)
{
	if (def->ops == &cipher_gcm && cipher_gcm_vaes_is_ready())
		return &cipher_gcm_vaes;
	if (def->ops)
		return def->ops;
	return mac->alg.etm ? &cipher_ctr_etm : &cipher_ctr_plain;
}

struct cipher *cipher_new(enum cipher_dir dir, const struct cipher_alg *alg,
	const struct mac_alg *mac, const struct cipher_keys *keys)
{
	if (alg->is_aead != (mac == NULL))
		return NULL;
	struct cipher *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	/* The public descriptors are only ever handed out from the tables above. */
	c->def = (const struct cipher_def *)alg;
	c->mac = (const struct mac_def *)mac;
	c->ops = choose(c->def, c->mac);
	c->dir = dir;
	memcpy(c->keys.key, keys->key, alg->key_len);
	memcpy(c->keys.iv, keys->iv, alg->iv_len);
	if (mac)
		memcpy(c->keys.mac_key, keys->mac_key, mac->key_len);
	if (c->ops->init(c) != E_OK) {
		cipher_free(c);
		return NULL;
	}
	return c;
}

void cipher_free(struct cipher *c)
{
	if (!c)
		return;
	c->ops->fini(c);
	EVP_CIPHER_CTX_free(c->body);
	bytes_wipe(c, sizeof(*c));
	free(c);
}

const struct cipher_alg *cipher_alg_of(const struct cipher *c)
{
	return &c->def->alg;
}

const struct mac_alg *cipher_mac_of(const struct cipher *c)
{
	return c->mac ? &c->mac->alg : NULL;
}

void cipher_export(const struct cipher *c, struct cipher_keys *keys)
{
	*keys = c->keys;
}

size_t cipher_tag_len(const struct cipher *c)
{
	return c->mac ? c->mac->alg.tag_len : c->def->alg.tag_len;
}

size_t cipher_length_outside(const struct cipher *c)
{
	return !c->mac || c->mac->alg.etm ? LENGTH_LEN : 0;
}

size_t cipher_head_len(const struct cipher *c)
{
	return cipher_length_outside(c) ? LENGTH_LEN : c->def->alg.block;
}

enum err cipher_length(struct cipher *c, uint32_t seq, uint8_t *head, uint32_t *packet_length)
{
	if (c->dir != CIPHER_OPEN)
		return E_STATE;
	if (c->ops->length)
		return c->ops->length(c, seq, head, packet_length);
	*packet_length = load_be32(head);
	return E_OK;
}

enum err cipher_open(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	if (c->dir != CIPHER_OPEN)
		return E_STATE;
	if (packet_length > CIPHER_PACKET_MAX)
		return E_LIMIT;
	return c->ops->open(c, seq, frame, packet_length);
}

enum err cipher_seal(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	if (c->dir != CIPHER_SEAL)
		return E_STATE;
	if (packet_length > CIPHER_PACKET_MAX)
		return E_LIMIT;
	return c->ops->seal(c, seq, frame, packet_length);
}
