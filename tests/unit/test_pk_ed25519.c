/* SPDX-License-Identifier: ISC */
#include "crypto/pk.h"

#include "harness.h"
#include "hex.h"
#include "pkparts.h"

/* RFC 8032 7.1, tests 1 to 3 */
static const struct {
	const char *seed, *pub, *msg, *sig;
} eddsa[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
		"c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
		"458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290"
		"ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(pk_ed25519_matches_rfc_8032)
{
	const struct sig_alg *alg = alg_of("ssh-ed25519");

	for (size_t i = 0; i < 3; i++) {
		uint8_t seed[32], pub[32], msg[4], sig[PK_SIGNATURE_MAX];
		size_t len = 0, msg_len = hex_to(eddsa[i].msg, msg, sizeof(msg));
		struct pk *key;
		hex_to(eddsa[i].seed, seed, sizeof(seed));
		hex_to(eddsa[i].pub, pub, sizeof(pub));
		REQUIRE_EQ(pk_ed25519(&key, bytes_of(pub, 32), bytes_of(seed, 32)), E_OK);
		REQUIRE_EQ(pk_sign(key, alg, bytes_of(msg, msg_len),
				   (struct span){sig, sizeof(sig)}, &len),
			E_OK);
		REQUIRE_EQ(len, 4 + 11 + 4 + 64);
		CHECK_HEX(sig, 19, "0000000b 7373682d65643235353139 00000040");
		CHECK_HEX(sig + 19, 64, eddsa[i].sig);
		CHECK_EQ(pk_verify(key, alg, bytes_of(msg, msg_len), bytes_of(sig, len)),
			VERDICT_GOOD);
		pk_free(key);
	}
}

TEST(pk_ed25519_lengths_are_exact_and_pairs_fit)
{
	uint8_t seed[64] = {0}, pub[64] = {0};
	struct pk *key = NULL;

	hex_to(eddsa[0].seed, seed, sizeof(seed));
	hex_to(eddsa[0].pub, pub, sizeof(pub));
	for (size_t len = 0; len <= 64; len++) {
		if (len != 32)
			CHECK_EQ(pk_ed25519(&key, bytes_of(pub, len), bytes_of(NULL, 0)), E_VALUE);
		if (len != 32 && len != 0)
			CHECK_EQ(pk_ed25519(&key, bytes_of(pub, 32), bytes_of(seed, len)), E_VALUE);
		CHECK(key == NULL);
	}
	pub[31] ^= 1;
	CHECK_EQ(pk_ed25519(&key, bytes_of(pub, 32), bytes_of(seed, 32)), E_VALUE);
	CHECK(key == NULL);
}
