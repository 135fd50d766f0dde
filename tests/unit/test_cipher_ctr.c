/* SPDX-License-Identifier: ISC */
/* AES-CTR by SP 800-38A F.5; the MAC by hmac_once, which has its own vectors. */
#include "crypto/cipher.h"

#include "crypto/digest.h"
#include "harness.h"
#include "hex.h"

enum { BODY = 64, TAG_MAX = 64, SEQ = 0x01020304 };

#define COUNTER "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define PLAIN \
	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

static const struct {
	const char *name, *key, *cipher;
} vectors[] = {
	{"aes128-ctr", "2b7e151628aed2a6abf7158809cf4f3c",
		"874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
		"5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"},
	{"aes256-ctr", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
		"601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
		"2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"},
};

static const struct {
	const char *name;
	enum digest_alg hash;
	bool etm;
} macs[] = {
	{"hmac-sha2-256", DIGEST_SHA256, false},
	{"hmac-sha2-512", DIGEST_SHA512, false},
	{"hmac-sha2-256-etm@openssh.com", DIGEST_SHA256, true},
	{"hmac-sha2-512-etm@openssh.com", DIGEST_SHA512, true},
};

static void make_keys(struct cipher_keys *keys, size_t v, const char *counter)
{
	*keys = (struct cipher_keys){0};
	hex_to(vectors[v].key, keys->key, sizeof(keys->key));
	hex_to(counter, keys->iv, sizeof(keys->iv));
	for (size_t i = 0; i < sizeof(keys->mac_key); i++)
		keys->mac_key[i] = (uint8_t)(3 * i + 1);
}

static struct cipher *cipher_of(enum cipher_dir dir, size_t v, size_t m, const char *counter)
{
	struct cipher_keys keys;
	make_keys(&keys, v, counter);
	struct cipher *c = cipher_new(dir, cipher_alg_find(bytes_str(vectors[v].name)),
		mac_alg_find(bytes_str(macs[m].name)), &keys);
	REQUIRE(c != NULL);
	return c;
}

/* HMAC over sequence number and frame, as RFC 4253 6.4 and the -etm form want it. */
static void want_tag(size_t v, size_t m, const uint8_t *frame, size_t len, uint8_t out[DIGEST_MAX])
{
	uint8_t data[4 + 4 + BODY];
	struct cipher_keys keys;

	make_keys(&keys, v, COUNTER);
	store_be32(data, SEQ);
	memcpy(data + 4, frame, len);
	REQUIRE_EQ(hmac_once(macs[m].hash, bytes_of(keys.mac_key, digest_len(macs[m].hash)),
			   bytes_of(data, 4 + len), out),
		E_OK);
}

static void check_vector(size_t v, size_t m)
{
	/* The vector's 64 bytes are what is encrypted: the whole frame, or with -etm all but the
	 * length. */
	size_t outside = macs[m].etm ? 4 : 0, len = outside + BODY,
	       tag_len = digest_len(macs[m].hash);
	uint8_t frame[4 + BODY + TAG_MAX], plain[4 + BODY], tag[DIGEST_MAX];
	struct cipher *seal = cipher_of(CIPHER_SEAL, v, m, COUNTER);
	struct cipher *open = cipher_of(CIPHER_OPEN, v, m, COUNTER);
	uint32_t length;

	store_be32(plain, BODY);
	hex_to(PLAIN, plain + outside, BODY);
	memcpy(frame, plain, len);
	CHECK_EQ(cipher_length_outside(seal), outside);
	CHECK_EQ(cipher_head_len(seal), macs[m].etm ? 4 : 16);
	CHECK_EQ(cipher_tag_len(seal), tag_len);
	REQUIRE_EQ(cipher_seal(seal, SEQ, frame, len - 4), E_OK);
	CHECK_HEX(frame + outside, BODY, vectors[v].cipher);
	want_tag(v, m, macs[m].etm ? frame : plain, len, tag);
	CHECK_MEM(frame + len, tag_len, tag);

	REQUIRE_EQ(cipher_length(open, SEQ, frame, &length), E_OK);
	CHECK_EQ(length, load_be32(plain));
	REQUIRE_EQ(cipher_open(open, SEQ, frame, len - 4), E_OK);
	CHECK_MEM(frame, len, plain);
	cipher_free(seal);
	cipher_free(open);
}

TEST(cipher_ctr_matches_sp_800_38a)
{
	for (size_t v = 0; v < 2; v++)
		for (size_t m = 0; m < 4; m++)
			check_vector(v, m);
}

/* One frame of n bytes behind the length, sealed at the counter; returns the counter after it. */
static void counter_after(const char *counter, size_t blocks, uint8_t after[16])
{
	struct cipher *c = cipher_of(CIPHER_SEAL, 0, 2, counter);
	struct cipher_keys keys;
	uint8_t frame[4 + 16 * 16 + TAG_MAX] = {0};

	REQUIRE_EQ(cipher_seal(c, SEQ, frame, blocks * 16), E_OK);
	cipher_export(c, &keys);
	memcpy(after, keys.iv, 16);
	cipher_free(c);
}

TEST(cipher_ctr_position_carries_through_128_bits)
{
	static const struct {
		const char *before;
		size_t blocks;
		const char *after;
	} steps[] = {
		{"00000000000000000000000000000000", 1, "00000000000000000000000000000001"},
		{"0000000000000000fffffffffffffff8", 7, "0000000000000000ffffffffffffffff"},
		{"0000000000000000fffffffffffffff8", 8, "00000000000000010000000000000000"},
		{"0000000000000000fffffffffffffff8", 9, "00000000000000010000000000000001"},
		{"fffffffffffffffffffffffffffffff8", 15, "00000000000000000000000000000007"},
		{"fffffffffffffffffffffffffffffff8", 0, "fffffffffffffffffffffffffffffff8"},
	};
	uint8_t after[16];

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		counter_after(steps[i].before, steps[i].blocks, after);
		CHECK_HEX(after, 16, steps[i].after);
	}
}

/* libcrypto must carry as we do: the second half of a frame equals a frame begun at the counter. */
TEST(cipher_ctr_carry_is_that_of_the_stream)
{
	struct cipher *whole = cipher_of(CIPHER_SEAL, 1, 2, "fffffffffffffffffffffffffffffffe");
	struct cipher *tail = cipher_of(CIPHER_SEAL, 1, 2, "00000000000000000000000000000000");
	uint8_t a[4 + BODY + TAG_MAX] = {0}, b[4 + BODY + TAG_MAX] = {0};

	REQUIRE_EQ(cipher_seal(whole, SEQ, a, BODY), E_OK);
	REQUIRE_EQ(cipher_seal(tail, SEQ, b, BODY / 2), E_OK);
	CHECK_MEM(a + 4 + BODY / 2, BODY / 2, b + 4);
	cipher_free(whole);
	cipher_free(tail);
}

TEST(r11_cipher_ctr_refuses_broken_blocks_untouched)
{
	for (size_t m = 0; m < 4; m++) {
		struct cipher *seal = cipher_of(CIPHER_SEAL, 0, m, COUNTER);
		struct cipher_keys before, after;
		uint8_t frame[4 + BODY + TAG_MAX], same[4 + BODY + TAG_MAX];

		memset(frame, 0x5a, sizeof(frame));
		memcpy(same, frame, sizeof(frame));
		cipher_export(seal, &before);
		for (size_t len = 0; len <= BODY; len++) {
			if (macs[m].etm ? len % 16 == 0 : (len + 4) % 16 == 0)
				continue;
			REQUIRE_EQ(cipher_seal(seal, SEQ, frame, len), E_VALUE);
			REQUIRE_MEM(frame, sizeof(frame), same);
		}
		cipher_export(seal, &after);
		CHECK_MEM(&after, sizeof(after), &before);
		cipher_free(seal);
	}
}

TEST(cipher_ctr_plain_mac_wants_length_once_then_open)
{
	struct cipher *seal = cipher_of(CIPHER_SEAL, 0, 0, COUNTER);
	struct cipher *open = cipher_of(CIPHER_OPEN, 0, 0, COUNTER);
	uint8_t frame[BODY + TAG_MAX] = {0};
	uint32_t length;

	store_be32(frame, BODY - 4);
	REQUIRE_EQ(cipher_seal(seal, SEQ, frame, BODY - 4), E_OK);
	CHECK_EQ(cipher_open(open, SEQ, frame, BODY - 4), E_STATE);
	REQUIRE_EQ(cipher_length(open, SEQ, frame, &length), E_OK);
	CHECK_EQ(cipher_length(open, SEQ, frame, &length), E_STATE);
	/* lengths that do not hold the block already decrypted, or not whole ones */
	for (size_t bad = 0; bad < 40; bad++)
		if (bad < 12 || (bad + 4) % 16 != 0)
			CHECK_EQ(cipher_open(open, SEQ, frame, bad), E_VALUE);
	CHECK_EQ(cipher_open(open, SEQ, frame, length), E_OK);
	CHECK_EQ(cipher_open(open, SEQ, frame, length), E_STATE);
	cipher_free(seal);
	cipher_free(open);
}
