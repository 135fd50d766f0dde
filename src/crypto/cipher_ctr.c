/* SPDX-License-Identifier: ISC */
/*
 * AES in counter mode (RFC 4344 4) with HMAC-SHA2 (RFC 6668), in the two arrangements of OpenSSH:
 * MAC over the plain packet beside encryption (RFC 4253 6.4), or over the encrypted packet with the
 * length in clear (-etm@openssh.com, PROTOCOL 1.5).
 *
 * Invariant: only whole blocks are processed, so keys.iv, the counter of the next block, is the
 * whole position of the stream; anything else is refused before a byte is touched.
 */
#include "crypto/cipher_impl.h"

enum { BLOCK = 16, SEQ_LEN = 4 };

static enum err init(struct cipher *c)
{
	c->body = EVP_CIPHER_CTX_new();
	const EVP_CIPHER *evp = evp_cipher(c->def->evp);
	c->ctr.mac = hmac_new(c->mac->hash, bytes_of(c->keys.mac_key, c->mac->alg.key_len));
	/* Counter mode decrypts by encrypting. */
	if (!c->body || !evp || !c->ctr.mac ||
		EVP_EncryptInit_ex2(c->body, evp, c->keys.key, c->keys.iv, NULL) != 1)
		return evp_err(E_CRYPTO);
	return E_OK;
}

static void fini(struct cipher *c)
{
	hmac_free(c->ctr.mac);
}

/* The counter is one 128-bit number, most significant byte first. */
static void move_on(uint8_t counter[static BLOCK], uint64_t blocks)
{
	uint64_t low = load_be64(counter + 8);
	store_be64(counter + 8, low + blocks);
	if (low + blocks < low)
		store_be64(counter, load_be64(counter) + 1);
}

static enum err crypt(struct cipher *c, uint8_t *at, size_t len)
{
	int n;
	if (len == 0)
		return E_OK;
	if (EVP_EncryptUpdate(c->body, at, &n, at, (int)len) != 1)
		return evp_err(E_CRYPTO);
	move_on(c->keys.iv, len / BLOCK);
	return E_OK;
}

/* RFC 4253 6.4: mac = MAC(key, sequence_number || packet). */
static enum err mac_of(
	struct cipher *c, uint32_t seq, const uint8_t *frame, size_t len, uint8_t *out)
{
	uint8_t be[SEQ_LEN];
	store_be32(be, seq);
	const struct bytes pieces[] = {bytes_of(be, sizeof(be)), bytes_of(frame, len)};
	return hmac_pieces(c->ctr.mac, pieces, 2, out);
}

static enum err check_mac(struct cipher *c, uint32_t seq, const uint8_t *frame, size_t len)
{
	uint8_t want[DIGEST_MAX];
	enum err e = mac_of(c, seq, frame, len, want);
	if (e)
		return e;
	size_t tag_len = c->mac->alg.tag_len;
	return secret_eq(bytes_of(want, tag_len), bytes_of(frame + len, tag_len)) ? E_OK : E_MAC;
}

static enum err put_mac(struct cipher *c, uint32_t seq, uint8_t *frame, size_t len)
{
	uint8_t tag[DIGEST_MAX];
	enum err e = mac_of(c, seq, frame, len, tag);
	if (!e)
		memcpy(frame + len, tag, c->mac->alg.tag_len);
	return e;
}

static enum err etm_open(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	if (packet_length % BLOCK != 0)
		return E_VALUE;
	enum err e = check_mac(c, seq, frame, LENGTH_LEN + packet_length);
	return e ? e : crypt(c, frame + LENGTH_LEN, packet_length);
}

static enum err etm_seal(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	if (packet_length % BLOCK != 0)
		return E_VALUE;
	enum err e = crypt(c, frame + LENGTH_LEN, packet_length);
	return e ? e : put_mac(c, seq, frame, LENGTH_LEN + packet_length);
}

/* With the length inside, a frame of whole blocks has at least the one cipher_length took. */
static bool is_whole(size_t len)
{
	return len % BLOCK == 0;
}

static enum err plain_length(struct cipher *c, uint32_t seq, uint8_t *head, uint32_t *packet_length)
{
	if (c->ctr.head_done)
		return E_STATE;
	enum err e = crypt(c, head, BLOCK);
	if (e)
		return e;
	c->ctr.head_done = true;
	*packet_length = load_be32(head);
	return E_OK;
}

static enum err plain_open(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	size_t len = LENGTH_LEN + packet_length;
	if (!c->ctr.head_done)
		return E_STATE;
	if (!is_whole(len))
		return E_VALUE;
	enum err e = crypt(c, frame + BLOCK, len - BLOCK);
	if (e)
		return e;
	c->ctr.head_done = false;
	return check_mac(c, seq, frame, len);
}

static enum err plain_seal(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	size_t len = LENGTH_LEN + packet_length;
	if (!is_whole(len))
		return E_VALUE;
	enum err e = put_mac(c, seq, frame, len);
	return e ? e : crypt(c, frame, len);
}

const struct cipher_ops cipher_ctr_plain = {
	.init = init,
	.fini = fini,
	.length = plain_length,
	.open = plain_open,
	.seal = plain_seal,
};

const struct cipher_ops cipher_ctr_etm = {
	.init = init,
	.fini = fini,
	.open = etm_open,
	.seal = etm_seal,
};
