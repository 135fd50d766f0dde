/* SPDX-License-Identifier: ISC */
/* The worked packet of draft-ietf-sshm-chacha20-poly1305 appendix A. */
#include "crypto/cipher.h"

#include "harness.h"
#include "hex.h"

enum { LENGTH = 0x48, FRAME = 4 + LENGTH, TAG = 16, SEQ = 7 };

#define KEY \
	"8bbff6855fc102338c373e73aac0c914f076a905b2444a32eecaffeae22becc5" \
	"e9b7a7a5825a8249346ec1c28301cf394543fc7569887d76e168f37562ac0740"
#define PLAIN \
	"00000048065e00000000000000384c6f72656d20697073756d20646f6c6f7220" \
	"73697420616d65742c20636f6e7365637465747572206164697069736963696e" \
	"6720656c69744e43e804dc6c"
#define SEALED \
	"2c3ecce4a5bc05895bf07a7ba956b6c68829ac7c83b780b7000ecde745afc705" \
	"bbc378ce03a280236b87b53bed5839662302b164b6286a48cd1e097138e3cb90" \
	"9b8b2b829dd18d2a35ff82d995349e855bf02c298ef775f2d1a7e8b8"

static struct cipher *cipher_of(enum cipher_dir dir)
{
	struct cipher_keys keys = {0};
	hex_to(KEY, keys.key, sizeof(keys.key));
	struct cipher *c = cipher_new(
		dir, cipher_alg_find(bytes_str("chacha20-poly1305@openssh.com")), NULL, &keys);
	REQUIRE(c != NULL);
	return c;
}

TEST(cipher_chapoly_matches_the_draft)
{
	struct cipher *seal = cipher_of(CIPHER_SEAL), *open = cipher_of(CIPHER_OPEN);
	uint8_t frame[FRAME + TAG];
	uint32_t length;

	for (unsigned round = 0; round < 2; round++) { /* the key keeps no state between packets */
		hex_to(PLAIN, frame, sizeof(frame));
		REQUIRE_EQ(cipher_seal(seal, SEQ, frame, LENGTH), E_OK);
		CHECK_HEX(frame, sizeof(frame), SEALED);
		REQUIRE_EQ(cipher_length(open, SEQ, frame, &length), E_OK);
		CHECK_EQ(length, LENGTH);
		CHECK_HEX(
			frame, sizeof(frame), SEALED); /* the MAC still needs the length as sent */
		REQUIRE_EQ(cipher_open(open, SEQ, frame, length), E_OK);
		CHECK_HEX(frame, FRAME, PLAIN);
	}
	cipher_free(seal);
	cipher_free(open);
}

TEST(cipher_chapoly_touches_nothing_before_the_mac_holds)
{
	struct cipher *open = cipher_of(CIPHER_OPEN);
	uint8_t frame[FRAME + TAG];

	hex_to(SEALED, frame, sizeof(frame));
	CHECK_EQ(cipher_open(open, SEQ + 1, frame, LENGTH), E_MAC);
	CHECK_HEX(frame, sizeof(frame), SEALED);
	cipher_free(open);
}

TEST(cipher_chapoly_sequence_number_is_the_nonce_to_its_last_bit)
{
	struct cipher *seal = cipher_of(CIPHER_SEAL), *open = cipher_of(CIPHER_OPEN);
	uint8_t frame[FRAME + TAG], again[FRAME + TAG];

	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t seq = UINT32_MAX ^ UINT32_C(1) << bit;
		hex_to(PLAIN, frame, sizeof(frame));
		REQUIRE_EQ(cipher_seal(seal, seq, frame, LENGTH), E_OK);
		memcpy(again, frame, sizeof(frame));
		CHECK_EQ(cipher_open(open, UINT32_MAX, again, LENGTH), E_MAC);
		CHECK_EQ(cipher_open(open, seq, frame, LENGTH), E_OK);
		CHECK_HEX(frame, FRAME, PLAIN);
	}
	cipher_free(seal);
	cipher_free(open);
}
