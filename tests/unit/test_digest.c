/* SPDX-License-Identifier: ISC */
/* Vectors: FIPS 180 examples, RFC 2202 and RFC 4231. */
#include "crypto/digest.h"

#include "failalloc.h"
#include "harness.h"
#include "hex.h"

#include "cryptoalloc.h"

static const struct {
	enum digest_alg alg;
	size_t len;
	const char *abc, *empty;
} hashes[] = {
	{DIGEST_SHA1, 20, "a9993e364706816aba3e25717850c26c9cd0d89d",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	{DIGEST_SHA256, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{DIGEST_SHA384, 48,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		"8086072ba1e7cc2358baeca134c825a7",
		"38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
		"274edebfe76f65fbd51ad2f14898b95b"},
	{DIGEST_SHA512, 64,
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
		"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
};

enum { HASHES = sizeof(hashes) / sizeof(*hashes) };

TEST(digest_matches_fips_180)
{
	uint8_t out[DIGEST_MAX];

	for (size_t i = 0; i < HASHES; i++) {
		struct bytes abc[] = {bytes_str("a"), bytes_of(NULL, 0), bytes_str("bc")};
		CHECK_EQ(digest_len(hashes[i].alg), hashes[i].len);
		REQUIRE_EQ(digest_pieces(hashes[i].alg, abc, 3, out), E_OK);
		CHECK_HEX(out, hashes[i].len, hashes[i].abc);
		REQUIRE_EQ(digest_pieces(hashes[i].alg, NULL, 0, out), E_OK);
		CHECK_HEX(out, hashes[i].len, hashes[i].empty);
	}
}

TEST(digest_starts_anew_after_final)
{
	uint8_t out[DIGEST_MAX];

	for (size_t i = 0; i < HASHES; i++) {
		struct digest *d = digest_new(hashes[i].alg);
		REQUIRE(d != NULL);
		for (unsigned round = 0; round < 3; round++) {
			REQUIRE_EQ(digest_update(d, bytes_str("abc")), E_OK);
			REQUIRE_EQ(digest_final(d, out), E_OK);
			CHECK_HEX(out, hashes[i].len, hashes[i].abc);
			REQUIRE_EQ(digest_final(d, out), E_OK);
			CHECK_HEX(out, hashes[i].len, hashes[i].empty);
		}
		digest_free(d);
	}
	digest_free(NULL);
}

static const struct {
	enum digest_alg alg;
	size_t key_len; /* bytes of 0xaa, or 0: the key as it stands */
	const char *key, *data, *mac;
} hmacs[] = {
	/* RFC 2202 3, case 2 */
	{DIGEST_SHA1, 0, "Jefe", "what do ya want for nothing?",
		"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	/* RFC 4231 4.3 */
	{DIGEST_SHA256, 0, "Jefe", "what do ya want for nothing?",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{DIGEST_SHA384, 0, "Jefe", "what do ya want for nothing?",
		"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
		"8e2240ca5e69e2c78b3239ecfab21649"},
	{DIGEST_SHA512, 0, "Jefe", "what do ya want for nothing?",
		"164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		"9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
	/* RFC 4231 4.7: a key longer than the block */
	{DIGEST_SHA256, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{DIGEST_SHA512, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
		"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
		"6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
};

TEST(digest_hmac_matches_rfc_4231)
{
	uint8_t out[DIGEST_MAX], long_key[131];

	memset(long_key, 0xaa, sizeof(long_key));
	for (size_t i = 0; i < sizeof(hmacs) / sizeof(*hmacs); i++) {
		struct bytes key = hmacs[i].key ? bytes_str(hmacs[i].key)
						: bytes_of(long_key, hmacs[i].key_len);
		REQUIRE_EQ(hmac_once(hmacs[i].alg, key, bytes_str(hmacs[i].data), out), E_OK);
		CHECK_HEX(out, digest_len(hmacs[i].alg), hmacs[i].mac);
	}
}

TEST(digest_hmac_of_nothing_under_no_key)
{
	uint8_t out[DIGEST_MAX];

	REQUIRE_EQ(hmac_once(DIGEST_SHA256, bytes_of(NULL, 0), bytes_of(NULL, 0), out), E_OK);
	CHECK_HEX(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(digest_secrets_compare)
{
	static const uint8_t a[] = {1, 2, 3, 4}, b[] = {1, 2, 3, 5}, c[] = {0, 2, 3, 4};

	CHECK(secret_eq(bytes_of(a, 4), bytes_of(a, 4)));
	CHECK(!secret_eq(bytes_of(a, 4), bytes_of(b, 4)));
	CHECK(!secret_eq(bytes_of(a, 4), bytes_of(c, 4)));
	CHECK(!secret_eq(bytes_of(a, 4), bytes_of(a, 3)));
	CHECK(secret_eq(bytes_of(a, 0), bytes_of(NULL, 0)));
}

/* libcrypto gets over some (its caches stay empty); then the result must be right. */
TEST(digest_allocation_failures_are_errors)
{
	uint8_t out[DIGEST_MAX];
	struct bytes piece = bytes_str("abc");
	bool fired = true;

	for (unsigned n = 1; fired; n++) {
		failalloc_arm(n);
		enum err e = digest_pieces(DIGEST_SHA512, &piece, 1, out);
		fired = failalloc_disarm();
		CHECK(e || CHECK_HEX(out, 64, hashes[3].abc));
		CHECK(fired || !e);
	}
	fired = true;
	for (unsigned n = 1; fired; n++) {
		failalloc_arm(n);
		enum err e = hmac_once(DIGEST_SHA256, bytes_str("Jefe"),
			bytes_str("what do ya want for nothing?"), out);
		fired = failalloc_disarm();
		CHECK(e || CHECK_HEX(out, 32, hmacs[1].mac));
		CHECK(fired || !e);
	}
}
