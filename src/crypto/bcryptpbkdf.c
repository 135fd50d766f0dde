/* SPDX-License-Identifier: ISC */
/*
 * Blowfish with the costly key schedule of bcrypt (N. Provos, D. Mazieres, A Future-Adaptable
 * Password Scheme), which libcrypto does not have, and the derivation on top of it. Salt and
 * passphrase come hashed, so both are always 64 bytes here. All state is wiped.
 */
#include "crypto/bcryptpbkdf.h"

#include <stdlib.h>

#include "crypto/digest.h"
#include "crypto/pi.h"

enum {
	ROUNDS = 16,
	KEYS = ROUNDS + 2,
	BOXES = 4,
	BOX = 256,
	EXPANSIONS = 64,  /* of the schedule; bcrypt's cost is fixed here */
	ENCRYPTIONS = 64, /* of the magic text */
	HASH_WORDS = 8,
	HASH = 4 * HASH_WORDS
};

struct blowfish {
	uint32_t keys[KEYS], boxes[BOXES][BOX];
};

/* What bcryptpbkdf works in; on the heap, so that it can be wiped as a whole. */
struct work {
	struct blowfish cipher;
	uint8_t passphrase[DIGEST_MAX], salt[DIGEST_MAX];
	uint8_t hash[HASH], sum[HASH];
	uint8_t block_salt[BCRYPTPBKDF_SALT_MAX + 4];
};

_Static_assert(sizeof(struct blowfish) == sizeof(pi_words), "pi_words is laid out like the state");

static inline uint32_t scramble(const struct blowfish *c, uint32_t x)
{
	return ((c->boxes[0][x >> 24] + c->boxes[1][x >> 16 & 255]) ^ c->boxes[2][x >> 8 & 255]) +
	       c->boxes[3][x & 255];
}

static void encrypt(const struct blowfish *c, uint32_t pair[2])
{
	uint32_t left = pair[0] ^ c->keys[0], right = pair[1];

	for (int i = 1; i <= ROUNDS; i += 2) {
		right ^= scramble(c, left) ^ c->keys[i];
		left ^= scramble(c, right) ^ c->keys[i + 1];
	}
	pair[0] = right ^ c->keys[KEYS - 1];
	pair[1] = left;
}

/* The state is made anew out of itself and 64 bytes of key; salt, when there is one, is mixed into
 * what is encrypted. */
static void expand(struct blowfish *c, const uint8_t key[static DIGEST_MAX], const uint8_t *salt)
{
	uint32_t pair[2] = {0, 0};
	size_t at = 0;

	for (size_t i = 0; i < KEYS; i++)
		c->keys[i] ^= load_be32(key + 4 * i % DIGEST_MAX);
	for (size_t i = 0; i < PI_WORDS; i += 2) {
		if (salt != NULL) {
			pair[0] ^= load_be32(salt + at);
			pair[1] ^= load_be32(salt + at + 4);
			at = (at + 8) % DIGEST_MAX;
		}
		encrypt(c, pair);
		memcpy(i < KEYS ? &c->keys[i] : &c->boxes[(i - KEYS) / BOX][(i - KEYS) % BOX], pair,
			sizeof(pair));
	}
}

static void hash(struct work *w)
{
	static const char magic[] = "OxychromaticBlowfishSwatDynamite";
	uint32_t text[HASH_WORDS];

	memcpy(w->cipher.keys, pi_words, sizeof(w->cipher.keys));
	memcpy(w->cipher.boxes, pi_words + KEYS, sizeof(w->cipher.boxes));
	expand(&w->cipher, w->passphrase, w->salt);
	for (int i = 0; i < EXPANSIONS; i++) {
		expand(&w->cipher, w->salt, NULL);
		expand(&w->cipher, w->passphrase, NULL);
	}
	for (size_t i = 0; i < HASH_WORDS; i++)
		text[i] = load_be32((const uint8_t *)magic + 4 * i);
	for (int i = 0; i < ENCRYPTIONS; i++)
		for (size_t at = 0; at < HASH_WORDS; at += 2)
			encrypt(&w->cipher, text + at);
	for (size_t i = 0; i < HASH; i++) /* little-endian, other than all the rest */
		w->hash[i] = (uint8_t)(text[i / 4] >> 8 * (i % 4));
	bytes_wipe(text, sizeof(text));
}

static enum err sha512(struct bytes data, uint8_t out[static DIGEST_MAX])
{
	return digest_pieces(DIGEST_SHA512, &data, 1, out);
}

/* One block of PBKDF2, number counted from 1, into w->sum. */
static enum err make_block(struct work *w, struct bytes salt, uint32_t rounds, uint32_t number)
{
	enum err e;

	memcpy(w->block_salt, salt.ptr, salt.len);
	store_be32(w->block_salt + salt.len, number);
	e = sha512(bytes_of(w->block_salt, salt.len + 4), w->salt);
	if (e != E_OK)
		return e;
	hash(w);
	memcpy(w->sum, w->hash, HASH);
	for (uint32_t round = 1; round < rounds; round++) {
		e = sha512(bytes_of(w->hash, HASH), w->salt);
		if (e != E_OK)
			return e;
		hash(w);
		for (size_t i = 0; i < HASH; i++)
			w->sum[i] ^= w->hash[i];
	}
	return E_OK;
}

enum err bcryptpbkdf(struct bytes passphrase, struct bytes salt, uint32_t rounds, struct span out)
{
	size_t blocks = (out.len + HASH - 1) / HASH;
	struct work *w;
	enum err e;

	if (passphrase.len == 0 || salt.len == 0 || rounds == 0 || out.len == 0)
		return E_VALUE;
	if (salt.len > BCRYPTPBKDF_SALT_MAX || rounds > BCRYPTPBKDF_ROUNDS_MAX ||
		out.len > BCRYPTPBKDF_KEY_MAX)
		return E_LIMIT;
	w = malloc(sizeof(*w));
	if (w == NULL)
		return E_NOMEM;
	e = sha512(passphrase, w->passphrase);
	for (size_t block = 0; block < blocks && e == E_OK; block++) {
		e = make_block(w, salt, rounds, (uint32_t)block + 1);
		/* Byte i of a block is not the i-th beside its fellows but one of every stretch. */
		for (size_t i = 0; e == E_OK && i * blocks + block < out.len; i++)
			out.ptr[i * blocks + block] = w->sum[i];
	}
	bytes_wipe(w, sizeof(*w));
	free(w);
	if (e != E_OK)
		bytes_wipe(out.ptr, out.len);
	return e;
}
