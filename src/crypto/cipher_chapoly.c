/* SPDX-License-Identifier: ISC */
/*
 * chacha20-poly1305@openssh.com (PROTOCOL.chacha20poly1305 of OpenSSH): two ChaCha20 keys, K_2 in
 * the first half of the key material for the payload and K_1 in the second for the four length
 * bytes. The nonce of both is the sequence number; block 0 of K_2 is the Poly1305 key, the payload
 * starts at block 1. The MAC covers the encrypted length and the encrypted payload and is checked
 * before the payload is touched.
 *
 * libcrypto's ChaCha20 takes RFC 8439's counter and nonce as one 16-byte value; the original layout
 * used here is 8 bytes of block counter, little-endian, and 8 bytes of nonce.
 */
#include "crypto/cipher_impl.h"

enum { HALF = 32, IV_LEN = 16, NONCE_AT = 8, BLOCK = 64, TAG_LEN = 16 };

static EVP_CIPHER_CTX *keyed(const EVP_CIPHER *evp, const uint8_t *key)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (ctx && EVP_EncryptInit_ex2(ctx, evp, key, NULL, NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static enum err init(struct cipher *c)
{
	const EVP_CIPHER *evp = evp_cipher(c->def->evp);
	EVP_MAC *mac = evp_mac(EVP_ID_POLY1305);
	if (!evp || !mac)
		return evp_err(E_CRYPTO);
	c->body = keyed(evp, c->keys.key);
	c->chapoly.length = keyed(evp, c->keys.key + HALF);
	c->chapoly.mac = EVP_MAC_CTX_new(mac);
	return c->body && c->chapoly.length && c->chapoly.mac ? E_OK : evp_err(E_CRYPTO);
}

static void fini(struct cipher *c)
{
	EVP_CIPHER_CTX_free(c->chapoly.length);
	EVP_MAC_CTX_free(c->chapoly.mac);
}

/* Starts a key's stream for this packet at block 0. */
static int start(EVP_CIPHER_CTX *ctx, uint32_t seq)
{
	uint8_t iv[IV_LEN] = {0};
	store_be64(iv + NONCE_AT, seq);
	return EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL) == 1;
}

static int crypt_length(struct cipher *c, uint32_t seq, uint8_t *to, const uint8_t *from)
{
	int n;
	return start(c->chapoly.length, seq) &&
	       EVP_EncryptUpdate(c->chapoly.length, to, &n, from, LENGTH_LEN) == 1;
}

/* Readies the MAC with this packet's key; the body stream then stands at block 1. */
static int start_packet(struct cipher *c, uint32_t seq)
{
	uint8_t block[BLOCK] = {0};
	int n;
	int ok = start(c->body, seq) && EVP_EncryptUpdate(c->body, block, &n, block, BLOCK) == 1 &&
		 EVP_MAC_init(c->chapoly.mac, block, HALF, NULL) == 1;
	bytes_wipe(block, sizeof(block));
	return ok;
}

static int mac_frame(struct cipher *c, const uint8_t *frame, size_t len, uint8_t *tag)
{
	size_t n;
	return EVP_MAC_update(c->chapoly.mac, frame, len) == 1 &&
	       EVP_MAC_final(c->chapoly.mac, tag, &n, TAG_LEN) == 1;
}

static int crypt_body(struct cipher *c, uint8_t *frame, size_t packet_length)
{
	uint8_t *body = frame + LENGTH_LEN;
	int n;
	return EVP_EncryptUpdate(c->body, body, &n, body, (int)packet_length) == 1;
}

static enum err length(struct cipher *c, uint32_t seq, uint8_t *head, uint32_t *packet_length)
{
	uint8_t clear[LENGTH_LEN];
	if (!crypt_length(c, seq, clear, head))
		return evp_err(E_CRYPTO);
	*packet_length = load_be32(clear);
	return E_OK;
}

static enum err open(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	size_t covered = LENGTH_LEN + packet_length;
	uint8_t tag[TAG_LEN];
	if (!start_packet(c, seq) || !mac_frame(c, frame, covered, tag))
		return evp_err(E_CRYPTO);
	if (!secret_eq(bytes_of(tag, TAG_LEN), bytes_of(frame + covered, TAG_LEN)))
		return E_MAC;
	if (!crypt_body(c, frame, packet_length))
		return evp_err(E_CRYPTO);
	store_be32(frame, (uint32_t)packet_length);
	return E_OK;
}

static enum err seal(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	size_t covered = LENGTH_LEN + packet_length;
	if (!start_packet(c, seq) || !crypt_length(c, seq, frame, frame) ||
		!crypt_body(c, frame, packet_length) ||
		!mac_frame(c, frame, covered, frame + covered))
		return evp_err(E_CRYPTO);
	return E_OK;
}

const struct cipher_ops cipher_chapoly = {
	.init = init,
	.fini = fini,
	.length = length,
	.open = open,
	.seal = seal,
};
