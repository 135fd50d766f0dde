/* SPDX-License-Identifier: ISC */
/*
 * The AES-GCM of the multi-buffer library beside libcrypto's, which is the yardstick: byte for byte
 * the same packets, the same refusals, the same position when one goes on where the other stopped.
 */
#include "crypto/cipher.h"

#include <stdlib.h>

#include "harness.h"

enum { TAG = 16, EDGE = 1100, LARGE = 256 * 1024, ROOM = 4 + LARGE + TAG };

static const char *const names[] = {"aes128-gcm@openssh.com", "aes256-gcm@openssh.com"};

static void fill(uint8_t *to, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		to[i] = (uint8_t)(seed >> 16);
	}
}

/* Made before the other one is looked for: libcrypto's. */
static struct {
	struct cipher *seal, *open;
} evp[2];
static struct cipher_keys keys;

static const struct cipher_alg *alg_of(size_t i)
{
	return cipher_alg_find(bytes_str(names[i]));
}

static void prepare(void)
{
	const char *why;

	fill((uint8_t *)&keys, sizeof(keys), 42);
	for (size_t i = 0; i < 2 && !evp[i].seal; i++) {
		evp[i].seal = cipher_new(CIPHER_SEAL, alg_of(i), NULL, &keys);
		evp[i].open = cipher_new(CIPHER_OPEN, alg_of(i), NULL, &keys);
		REQUIRE(evp[i].seal && evp[i].open);
	}
	why = cipher_prepare();
	if (why)
		SKIP("%s", why);
}

static struct cipher *ours(enum cipher_dir dir, size_t i)
{
	struct cipher *c = cipher_new(dir, alg_of(i), NULL, &keys);

	REQUIRE(c != NULL);
	return c;
}

static bool agree(struct cipher *seal, struct cipher *open, size_t i, size_t len)
{
	static uint8_t plain[ROOM], a[ROOM], b[ROOM];
	const size_t total = 4 + len + TAG;

	fill(plain, 4 + len, (unsigned)len);
	store_be32(plain, (uint32_t)len);
	memcpy(a, plain, 4 + len);
	memcpy(b, plain, 4 + len);
	return CHECK_EQ(cipher_seal(seal, 0, a, len), E_OK) &&
	       CHECK_EQ(cipher_seal(evp[i].seal, 0, b, len), E_OK) && CHECK_MEM(a, total, b) &&
	       CHECK_EQ(cipher_open(open, 0, b, len), E_OK) && CHECK_MEM(b, 4 + len, plain) &&
	       CHECK_EQ(cipher_open(evp[i].open, 0, a, len), E_OK) && CHECK_MEM(a, 4 + len, plain);
}

TEST(both_make_and_open_the_same_packets)
{
	prepare();
	for (size_t i = 0; i < 2; i++) {
		struct cipher *seal = ours(CIPHER_SEAL, i), *open = ours(CIPHER_OPEN, i);
		bool ok = true;

		/* Every length around what is done at once, not only whole blocks; then large ones. */
		for (size_t len = 0; ok && len <= EDGE; len++)
			ok = agree(seal, open, i, len);
		for (size_t len = EDGE; ok && len <= LARGE; len += len / 3)
			ok = agree(seal, open, i, len);
		if (ok)
			agree(seal, open, i, LARGE);
		cipher_free(seal);
		cipher_free(open);
	}
}

TEST(one_goes_on_where_the_other_stopped)
{
	prepare();
	for (size_t i = 0; i < 2; i++) {
		struct cipher_keys at_sealer, at_opener, back;
		struct cipher *seal, *open;

		cipher_export(evp[i].seal, &at_sealer);
		cipher_export(evp[i].open, &at_opener);
		seal = cipher_new(CIPHER_SEAL, alg_of(i), NULL, &at_sealer);
		open = cipher_new(CIPHER_OPEN, alg_of(i), NULL, &at_opener);
		REQUIRE(seal && open);
		for (size_t len = 16; len < 600; len += 16)
			agree(seal, open, i, len);
		cipher_export(seal, &at_sealer);
		cipher_export(evp[i].seal, &back);
		CHECK_MEM(&at_sealer, sizeof(back), &back);
		cipher_free(seal);
		cipher_free(open);
	}
}

/* Each bit of the tag, the length, and of a body that vector code and its rest share. */
TEST(one_bit_changed_is_refused_and_leaves_no_plain_text)
{
	enum { BODY = 16 * 53 };
	static const uint8_t zero[BODY];
	uint8_t sealed[4 + BODY + TAG], frame[sizeof(sealed)];

	prepare();
	for (size_t bit = 0; bit < 8 * sizeof(frame); bit++) {
		struct cipher *seal = ours(CIPHER_SEAL, 1), *open = ours(CIPHER_OPEN, 1);
		bool ok;

		fill(sealed, 4 + BODY, 3);
		REQUIRE_EQ(cipher_seal(seal, 0, sealed, BODY), E_OK);
		memcpy(frame, sealed, sizeof(frame));
		frame[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ok = CHECK_EQ(cipher_open(open, 0, frame, BODY), E_MAC) && CHECK_MEM(frame + 4, BODY, zero);
		cipher_free(seal);
		cipher_free(open);
		if (!ok)
			break;
	}
}

TEST(looking_for_it_twice_changes_nothing)
{
	prepare();
	CHECK(cipher_prepare() == NULL);
}
