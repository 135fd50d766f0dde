/* SPDX-License-Identifier: ISC */
/* What holds for every cipher and MAC alike. The published vectors stand in test_cipher_*.c. */
#include "crypto/cipher.h"

#include "failalloc.h"
#include "harness.h"
#include "seed.h"

#include "cryptoalloc.h"

#include <limits.h>

enum { ROOM = 300 * 1024 };

static const char *const cipher_names[] = {
	"aes128-gcm@openssh.com",
	"aes256-gcm@openssh.com",
	"chacha20-poly1305@openssh.com",
	"aes128-ctr",
	"aes256-ctr",
};
static const char *const mac_names[] = {
	"hmac-sha2-256-etm@openssh.com",
	"hmac-sha2-512-etm@openssh.com",
	"hmac-sha2-256",
	"hmac-sha2-512",
};

enum { CIPHERS = 5, MACS = 4, PAIRS = 3 + 2 * MACS };

static struct seed seed;

/* Every cipher with every MAC it can have. */
struct pair {
	const struct cipher_alg *alg;
	const struct mac_alg *mac;
};

static struct pair pair_at(size_t i)
{
	struct pair p = {0};

	if (i < 3) {
		p.alg = cipher_alg_find(bytes_str(cipher_names[i]));
	} else {
		p.alg = cipher_alg_find(bytes_str(cipher_names[3 + (i - 3) / MACS]));
		p.mac = mac_alg_find(bytes_str(mac_names[(i - 3) % MACS]));
		REQUIRE(p.mac != NULL);
	}
	REQUIRE(p.alg != NULL);
	harness_note("%s %s", p.alg->name, p.mac ? p.mac->name : "");
	return p;
}

static struct cipher *make(struct pair p, enum cipher_dir dir, const struct cipher_keys *keys)
{
	struct cipher *c = cipher_new(dir, p.alg, p.mac, keys);
	REQUIRE(c != NULL);
	return c;
}

static void random_keys(struct cipher_keys *keys)
{
	seed_fill(&seed, keys, sizeof(*keys));
}

/* A well-formed plain frame around payload_len random bytes; returns packet_length. */
static size_t build(const struct cipher *c, uint8_t *frame, size_t payload_len)
{
	size_t block = cipher_alg_of(c)->block,
	       covered = 5 + payload_len - cipher_length_outside(c);
	size_t padding = block - covered % block;

	if (padding < 4)
		padding += block;
	size_t packet_length = 1 + payload_len + padding;
	store_be32(frame, (uint32_t)packet_length);
	frame[4] = (uint8_t)padding;
	seed_fill(&seed, frame + 5, payload_len + padding);
	return packet_length;
}

/* As the transport does it: the length first, then the rest. */
static enum err take(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length)
{
	uint32_t length;
	enum err e = cipher_length(c, seq, frame, &length);

	if (!e && length != packet_length)
		return E_MAC; /* a length that is not what was sent: the transport goes on from
				 there */
	return e ? e : cipher_open(c, seq, frame, packet_length);
}

TEST(cipher_registry)
{
	for (size_t i = 0; i < CIPHERS; i++) {
		const struct cipher_alg *alg = cipher_alg_find(bytes_str(cipher_names[i]));
		REQUIRE(alg != NULL);
		CHECK_STR(alg->name, cipher_names[i]);
		CHECK(alg->key_len <= CIPHER_KEY_MAX && alg->iv_len <= CIPHER_IV_MAX);
		CHECK(alg->tag_len <= CIPHER_TAG_MAX && alg->block <= CIPHER_HEAD_MAX);
		CHECK_EQ(alg->is_aead, alg->tag_len > 0);
		CHECK_EQ(alg->needs_strict, i == 2);
		CHECK_EQ(alg->rekey_blocks, i == 2 ? 134217728 : 4294967296);
		CHECK_EQ(alg->block, i == 2 ? 8 : 16);
	}
	for (size_t i = 0; i < MACS; i++) {
		const struct mac_alg *mac = mac_alg_find(bytes_str(mac_names[i]));
		REQUIRE(mac != NULL);
		CHECK_STR(mac->name, mac_names[i]);
		CHECK(mac->key_len <= MAC_KEY_MAX && mac->tag_len <= CIPHER_TAG_MAX);
		CHECK_EQ(mac->etm, i < 2);
	}
	CHECK(cipher_alg_find(bytes_str("aes128-cbc")) == NULL);
	CHECK(cipher_alg_find(bytes_str("none")) == NULL);
	CHECK(cipher_alg_find(bytes_str("aes128-ct")) == NULL);
	CHECK(mac_alg_find(bytes_str("hmac-sha1")) == NULL);
	CHECK(mac_alg_find(bytes_str("none")) == NULL);
}

TEST(cipher_default_lists)
{
	if (cpu_has_aes())
		CHECK_STR(cipher_default_list(),
			"aes128-gcm@openssh.com,aes256-gcm@openssh.com,"
			"chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr");
	else
		CHECK_STR(cipher_default_list(),
			"chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,"
			"aes256-gcm@openssh.com,aes128-ctr,aes256-ctr");
	CHECK_STR(mac_default_list(), "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"
				      "hmac-sha2-256,hmac-sha2-512");
}

TEST(cipher_wants_a_mac_exactly_without_aead)
{
	struct cipher_keys keys = {0};
	const struct mac_alg *mac = mac_alg_find(bytes_str("hmac-sha2-256"));

	for (size_t i = 0; i < CIPHERS; i++) {
		const struct cipher_alg *alg = cipher_alg_find(bytes_str(cipher_names[i]));
		CHECK(cipher_new(CIPHER_SEAL, alg, alg->is_aead ? mac : NULL, &keys) == NULL);
	}
	cipher_free(NULL);
}

static void round_trip(struct cipher *seal, struct cipher *open, uint32_t seq, size_t payload_len)
{
	static uint8_t frame[ROOM], plain[ROOM];
	size_t packet_length = build(seal, frame, payload_len);
	size_t len = 4 + packet_length, tag_len = cipher_tag_len(seal);

	memcpy(plain, frame, len);
	memset(frame + len, 0xee, tag_len + 1);
	REQUIRE_EQ(cipher_seal(seal, seq, frame, packet_length), E_OK);
	REQUIRE(memcmp(frame + 4, plain + 4, packet_length) != 0);
	REQUIRE_EQ(frame[len + tag_len], 0xee); /* nothing past the tag */
	REQUIRE_EQ(take(open, seq, frame, packet_length), E_OK);
	REQUIRE_MEM(frame, len, plain);
}

TEST(cipher_round_trip_of_every_size)
{
	static const size_t big[] = {1000, 4096, 32768, 35000 - 300, 256 * 1024 - 300};
	struct cipher_keys keys;

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		random_keys(&keys);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys),
			      *open = make(p, CIPHER_OPEN, &keys);
		uint32_t seq = UINT32_MAX - 150; /* through the wrap, RFC 4253 6.4 */
		for (size_t n = 0; n <= 300; n++)
			round_trip(seal, open, seq++, n);
		for (size_t n = 0; n < sizeof(big) / sizeof(*big); n++)
			round_trip(seal, open, seq++, big[n]);
		cipher_free(seal);
		cipher_free(open);
	}
}

/* Every bit of a frame counts: one flipped anywhere and nothing of it may be believed. */
TEST(cipher_every_flipped_bit_is_seen)
{
	struct cipher_keys keys;
	uint8_t frame[512], bad[512];

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		random_keys(&keys);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys);
		size_t packet_length = build(seal, frame, 50);
		size_t len = 4 + packet_length + cipher_tag_len(seal);
		REQUIRE_EQ(cipher_seal(seal, 5, frame, packet_length), E_OK);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			uint32_t length;
			struct cipher *open = make(p, CIPHER_OPEN, &keys);
			memcpy(bad, frame, len);
			bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
			/* open with the true length, so that the MAC is what refuses */
			REQUIRE_EQ(cipher_length(open, 5, bad, &length), E_OK);
			REQUIRE_EQ(length != packet_length, bit < 32);
			REQUIRE_EQ(cipher_open(open, 5, bad, packet_length), E_MAC);
			cipher_free(open);
		}
		cipher_free(seal);
	}
}

/* For GCM the sequence number is not part of anything: there a lost or repeated frame must fail. */
TEST(cipher_order_of_packets_is_authenticated)
{
	struct cipher_keys keys;
	uint8_t first[256], second[256], copy[256];

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		random_keys(&keys);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys);
		size_t length = build(seal, first, 30), len = 4 + length + cipher_tag_len(seal);
		REQUIRE_EQ(build(seal, second, 30), length);
		REQUIRE_EQ(cipher_seal(seal, 0, first, length), E_OK);
		REQUIRE_EQ(cipher_seal(seal, 1, second, length), E_OK);

		struct cipher *open = make(p, CIPHER_OPEN, &keys); /* the first is missing */
		memcpy(copy, second, len);
		CHECK_EQ(take(open, 0, copy, length), E_MAC);
		cipher_free(open);

		open = make(p, CIPHER_OPEN, &keys); /* the first comes twice */
		memcpy(copy, first, len);
		CHECK_EQ(take(open, 0, copy, length), E_OK);
		memcpy(copy, first, len);
		CHECK_EQ(take(open, 1, copy, length), E_MAC);
		cipher_free(open);
		cipher_free(seal);
	}
}

TEST(cipher_wrong_sequence_number_is_seen)
{
	struct cipher_keys keys;
	uint8_t frame[256];

	for (size_t i = 2; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		random_keys(&keys);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys),
			      *open = make(p, CIPHER_OPEN, &keys);
		uint32_t ignored;
		size_t length = build(seal, frame, 30);
		REQUIRE_EQ(cipher_seal(seal, 7, frame, length), E_OK);
		REQUIRE_EQ(cipher_length(open, 8, frame, &ignored), E_OK);
		CHECK_EQ(cipher_open(open, 8, frame, length), E_MAC);
		cipher_free(seal);
		cipher_free(open);
	}
}

/* Any packet_length the caller has memory for is safe; whole ones are MAC failures, others errors.
 */
TEST(r11_cipher_open_takes_any_length)
{
	struct cipher_keys keys;

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		random_keys(&keys);
		for (size_t length = 0; length < 100; length++) {
			struct cipher *open = make(p, CIPHER_OPEN, &keys);
			size_t len = 4 + length + cipher_tag_len(open),
			       head = cipher_head_len(open);
			/* exactly as large as claimed, for the address sanitizer */
			uint8_t *frame = malloc(len > head ? len : head);
			uint32_t ignored;
			REQUIRE(frame != NULL);
			memset(frame, 0x42, len > head ? len : head);
			REQUIRE_EQ(cipher_length(open, 0, frame, &ignored), E_OK);
			enum err e = cipher_open(open, 0, frame, length);
			bool whole = p.alg->is_aead ||
				     ((4 + length - cipher_length_outside(open)) % 16 == 0 &&
					     len >= head);
			if (!p.alg->is_aead && head == 16 && 4 + length < 16)
				whole = false;
			CHECK_EQ(e, whole ? E_MAC : E_VALUE);
			free(frame);
			cipher_free(open);
		}
	}
}

TEST(cipher_refuses_the_wrong_direction_and_monstrous_lengths)
{
	struct cipher_keys keys = {0};
	uint8_t frame[64] = {0};
	uint32_t length;

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys),
			      *open = make(p, CIPHER_OPEN, &keys);
		CHECK_EQ(cipher_seal(open, 0, frame, 28), E_STATE);
		CHECK_EQ(cipher_open(seal, 0, frame, 28), E_STATE);
		CHECK_EQ(cipher_length(seal, 0, frame, &length), E_STATE);
		CHECK_EQ(cipher_seal(seal, 0, frame, CIPHER_PACKET_MAX + 1), E_LIMIT);
		CHECK_EQ(cipher_seal(seal, 0, frame, SIZE_MAX), E_LIMIT);
		CHECK_EQ(cipher_open(open, 0, frame, UINT32_MAX), E_LIMIT);
		CHECK_EQ(cipher_open(open, 0, frame, SIZE_MAX - 3), E_LIMIT);
		cipher_free(seal);
		cipher_free(open);
	}
}

static struct cipher *moved(struct pair p, enum cipher_dir dir, struct cipher *from)
{
	struct cipher_keys keys;

	cipher_export(from, &keys);
	cipher_free(from);
	return make(p, dir, &keys);
}

/* Freeze and thaw: an exported cipher goes on exactly where it stood, either end, at any packet. */
TEST(cipher_export_continues_the_stream)
{
	struct cipher_keys keys;

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		random_keys(&keys);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys),
			      *open = make(p, CIPHER_OPEN, &keys);
		struct cipher *still = make(p, CIPHER_SEAL, &keys);
		for (uint32_t seq = 0; seq < 60; seq++) {
			static uint8_t a[1024], b[1024];
			size_t length = build(seal, a, (size_t)seed_below(&seed, 400));
			memcpy(b, a, 4 + length);
			REQUIRE_EQ(cipher_seal(seal, seq, a, length), E_OK);
			REQUIRE_EQ(cipher_seal(still, seq, b, length), E_OK);
			REQUIRE_MEM(a, 4 + length + cipher_tag_len(seal), b);
			REQUIRE_EQ(take(open, seq, a, length), E_OK);
			if (seed_one_in(&seed, 2))
				seal = moved(p, CIPHER_SEAL, seal);
			if (seed_one_in(&seed, 2))
				open = moved(p, CIPHER_OPEN, open);
		}
		cipher_free(seal);
		cipher_free(open);
		cipher_free(still);
	}
}

/* A MAC costs what crypto/hmac.c says; all else nothing at all. */
TEST(cipher_packets_allocate_nothing)
{
	enum { PACKETS = 5 };
	static uint8_t frame[ROOM];
	struct cipher_keys keys = {0};

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys),
			      *open = make(p, CIPHER_OPEN, &keys);
		failalloc_arm(UINT_MAX);
		for (uint32_t seq = 0; seq < PACKETS; seq++) {
			size_t length = build(seal, frame, 1000 * seq);
			REQUIRE_EQ(cipher_seal(seal, seq, frame, length), E_OK);
			REQUIRE_EQ(take(open, seq, frame, length), E_OK);
		}
		CHECK(failalloc_count() <= (p.mac ? 2 * 2 * PACKETS : 0));
		failalloc_disarm();
		cipher_free(seal);
		cipher_free(open);
	}
}

/* libcrypto gets over some (its caches stay empty); then the cipher must be a good one. */
TEST(cipher_new_survives_every_failing_allocation)
{
	struct cipher_keys keys = {0};
	uint8_t frame[256], copy[256];

	for (size_t i = 0; i < PAIRS; i++) {
		struct pair p = pair_at(i);
		struct cipher *seal = make(p, CIPHER_SEAL, &keys);
		size_t length = build(seal, frame, 20);
		REQUIRE_EQ(cipher_seal(seal, 0, frame, length), E_OK);
		bool fired = true;
		for (unsigned n = 1; fired; n++) {
			failalloc_arm(n);
			struct cipher *c = cipher_new(CIPHER_OPEN, p.alg, p.mac, &keys);
			fired = failalloc_disarm();
			CHECK(fired || c != NULL);
			memcpy(copy, frame, sizeof(copy));
			CHECK(c == NULL || take(c, 0, copy, length) == E_OK);
			cipher_free(c);
		}
		cipher_free(seal);
	}
}
