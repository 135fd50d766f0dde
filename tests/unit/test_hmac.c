/* SPDX-License-Identifier: ISC */
/* The vectors of RFC 4231 are checked in test_digest.c; here is what a kept key must do. */
#include "crypto/hmac.h"

#include "failalloc.h"
#include "harness.h"

#include "cryptoalloc.h"

#include <limits.h>

TEST(hmac_pieces_are_one_message_and_the_key_stays)
{
	struct hmac *h = hmac_new(DIGEST_SHA256, bytes_str("Jefe"));
	struct bytes pieces[] = {
		bytes_str("what do ya "), bytes_of(NULL, 0), bytes_str("want for nothing?")};
	uint8_t out[DIGEST_MAX];

	REQUIRE(h != NULL);
	for (unsigned round = 0; round < 3; round++) {
		REQUIRE_EQ(hmac_pieces(h, pieces, 3, out), E_OK);
		CHECK_HEX(out, 32,
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	}
	hmac_free(h);
	hmac_free(NULL);
}

/* libcrypto 3.0 cannot do with fewer (crypto/hmac.c); later ones can, and none may do with more. */
TEST(hmac_allocates_at_most_twice_a_message)
{
	enum { ROUNDS = 10 };
	static const enum digest_alg algs[] = {
		DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	uint8_t out[DIGEST_MAX];
	struct bytes data = bytes_str("data");

	for (size_t i = 0; i < 4; i++) {
		struct hmac *h = hmac_new(algs[i], bytes_str("key"));
		REQUIRE(h != NULL);
		failalloc_arm(UINT_MAX);
		for (unsigned round = 0; round < ROUNDS; round++)
			CHECK_EQ(hmac_pieces(h, &data, 1, out), E_OK);
		CHECK(failalloc_count() <= 2 * ROUNDS);
		failalloc_disarm();
		hmac_free(h);
	}
}

/* A message that failed for want of memory must not spoil the next one. */
TEST(hmac_recovers_from_a_failed_allocation)
{
	struct hmac *h = hmac_new(DIGEST_SHA256, bytes_str("Jefe"));
	struct bytes data = bytes_str("what do ya want for nothing?");
	uint8_t out[DIGEST_MAX];

	REQUIRE(h != NULL);
	for (unsigned n = 1;; n++) {
		failalloc_arm(n);
		enum err e = hmac_pieces(h, &data, 1, out);
		bool fired = failalloc_disarm();
		CHECK_EQ(e != E_OK, fired);
		REQUIRE_EQ(hmac_pieces(h, &data, 1, out), E_OK);
		CHECK_HEX(out, 32,
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
		if (!fired)
			break;
	}
	hmac_free(h);
}
