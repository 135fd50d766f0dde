/* SPDX-License-Identifier: ISC */
/*
 * AES-GCM against the test cases of McGrew and Viega ("The Galois/Counter Mode of Operation",
 * appendix B; SP 800-38D). None of them has four bytes of associated data, as every SSH packet has;
 * so the expected tag is made from the printed H and E(K, Y0) by a plain bitwise GHASH, which is
 * itself tried on a printed tag first.
 */
#include "crypto/cipher.h"

#include "harness.h"
#include "hex.h"

enum { BLOCK = 16, BODY = 64, FRAME = 4 + BODY, TAG = 16 };

#define PLAIN \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
#define IV "cafebabefacedbaddecaf888"

static const struct {
	const char *name, *key, *cipher, *tag, *h, *e_y0;
} vectors[] = {
	{"aes128-gcm@openssh.com", "feffe9928665731c6d6a8f9467308308", /* test case 3 */
		"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
		"4d5c2af327cd64a62cf35abd2ba6fab4", "b83b533708bf535d0aa6e52980d53b78",
		"3247184b3c4f69a44dbcd22887bbb418"},
	{"aes256-gcm@openssh.com", /* test case 15 */
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
		"b094dac5d93471bdec1a502270e3cc6c", "acbef20579b4b8ebce889bac8732dad7",
		"fd2caa16a5832e76aa132c1453eeda7e"},
};

/* acc = (acc xor block) times H in the field of GCM, bit by bit as SP 800-38D 6.3 has it. */
static void ghash_block(
	uint8_t acc[BLOCK], const uint8_t h[BLOCK], const uint8_t *block, size_t len)
{
	uint8_t z[BLOCK] = {0}, v[BLOCK];

	for (size_t i = 0; i < len; i++)
		acc[i] ^= block[i];
	memcpy(v, h, BLOCK);
	for (unsigned bit = 0; bit < 128; bit++) {
		bool carry = v[BLOCK - 1] & 1;
		for (size_t i = 0; (acc[bit / 8] >> (7 - bit % 8) & 1) && i < BLOCK; i++)
			z[i] ^= v[i];
		for (size_t i = BLOCK - 1; i > 0; i--)
			v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1 ^ (carry ? 0xe1 : 0));
	}
	memcpy(acc, z, BLOCK);
}

static void tag_of(
	size_t at, const uint8_t *aad, size_t aad_len, const uint8_t *text, uint8_t tag[TAG])
{
	uint8_t h[BLOCK], lengths[BLOCK] = {0}, e_y0[BLOCK], acc[BLOCK] = {0};

	hex_to(vectors[at].h, h, sizeof(h));
	hex_to(vectors[at].e_y0, e_y0, sizeof(e_y0));
	if (aad_len > 0)
		ghash_block(acc, h, aad, aad_len);
	for (size_t i = 0; i < BODY; i += BLOCK)
		ghash_block(acc, h, text + i, BLOCK);
	store_be64(lengths, 8 * aad_len);
	store_be64(lengths + 8, 8 * BODY);
	ghash_block(acc, h, lengths, BLOCK);
	for (size_t i = 0; i < BLOCK; i++)
		tag[i] = acc[i] ^ e_y0[i];
}

static struct cipher *cipher_of(size_t at, enum cipher_dir dir, const char *iv)
{
	struct cipher_keys keys = {0};
	hex_to(vectors[at].key, keys.key, sizeof(keys.key));
	hex_to(iv, keys.iv, sizeof(keys.iv));
	struct cipher *c =
		cipher_new(dir, cipher_alg_find(bytes_str(vectors[at].name)), NULL, &keys);
	REQUIRE(c != NULL);
	return c;
}

TEST(cipher_gcm_matches_the_published_cases)
{
	for (size_t at = 0; at < 2; at++) {
		uint8_t frame[FRAME + TAG], want[FRAME], tag[TAG];
		uint32_t length = 0;

		hex_to(vectors[at].cipher, want + 4, BODY);
		store_be32(want, BODY);
		tag_of(at, NULL, 0, want + 4, tag);
		REQUIRE(CHECK_HEX(tag, TAG, vectors[at].tag)); /* the yardstick itself */
		tag_of(at, want, 4, want + 4, tag);

		store_be32(frame, BODY);
		hex_to(PLAIN, frame + 4, BODY);
		struct cipher *seal = cipher_of(at, CIPHER_SEAL, IV);
		REQUIRE_EQ(cipher_seal(seal, 99, frame, BODY), E_OK);
		CHECK_MEM(frame, FRAME, want);
		CHECK_MEM(frame + FRAME, TAG, tag);

		struct cipher *open = cipher_of(at, CIPHER_OPEN, IV);
		REQUIRE_EQ(cipher_length(open, 7, frame, &length), E_OK);
		CHECK_EQ(length, BODY);
		REQUIRE_EQ(cipher_open(open, 7, frame, length), E_OK);
		CHECK_HEX(frame + 4, BODY, PLAIN);
		cipher_free(seal);
		cipher_free(open);
	}
}

/* RFC 5647 7.1: the last 8 bytes count packets, the first 4 stand. */
TEST(cipher_gcm_counts_in_the_iv)
{
	struct cipher *c = cipher_of(0, CIPHER_SEAL, "ffffffff00000000ffffffff");
	struct cipher_keys keys;
	uint8_t frame[FRAME + TAG] = {0};

	REQUIRE_EQ(cipher_seal(c, 0, frame, BODY), E_OK);
	cipher_export(c, &keys);
	CHECK_HEX(keys.iv, 12, "ffffffff0000000100000000");
	CHECK_HEX(keys.key, 16, vectors[0].key);
	cipher_free(c);
}

/* The derived start is anywhere, and peers count on past 2^64 - 1 (RFC 5647 7.1). */
TEST(cipher_gcm_counts_modulo_2_to_the_64)
{
	struct cipher *seal = cipher_of(0, CIPHER_SEAL, "00000000fffffffffffffffe");
	struct cipher *open = cipher_of(0, CIPHER_OPEN, "00000000fffffffffffffffe");
	struct cipher_keys keys;
	uint8_t frame[FRAME + TAG] = {0};

	for (unsigned i = 0; i < 5; i++) {
		CHECK_EQ(cipher_seal(seal, 0, frame, BODY), E_OK);
		CHECK_EQ(cipher_open(open, 0, frame, BODY), E_OK);
	}
	cipher_export(seal, &keys);
	CHECK_HEX(keys.iv, 12, "000000000000000000000003");
	cipher_free(seal);
	cipher_free(open);
}

TEST(cipher_gcm_leaves_no_plain_text_after_a_bad_tag)
{
	struct cipher *seal = cipher_of(1, CIPHER_SEAL, IV), *open = cipher_of(1, CIPHER_OPEN, IV);
	static const uint8_t zero[BODY];
	uint8_t frame[FRAME + TAG] = {0};

	hex_to(PLAIN, frame + 4, BODY);
	REQUIRE_EQ(cipher_seal(seal, 0, frame, BODY), E_OK);
	frame[FRAME + 3] ^= 1;
	CHECK_EQ(cipher_open(open, 0, frame, BODY), E_MAC);
	CHECK_MEM(frame + 4, BODY, zero);
	cipher_free(seal);
	cipher_free(open);
}
