/* SPDX-License-Identifier: ISC */
/* NIST SP 800-38A F.5 (CTR) and the test cases of the GCM specification; key files are in
 * test_privkey. */
#include "crypto/unseal.h"

#include "harness.h"
#include "hex.h"

TEST(ctr_of_sp_800_38a)
{
	static const struct {
		const char *name, *key, *iv, *sealed;
	} rows[] = {
		{"aes128-ctr", "2b7e151628aed2a6abf7158809cf4f3c",
			"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
			"874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"},
		{"aes256-ctr", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
			"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
			"601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"},
	};

	for (size_t i = 0; i < 2; i++) {
		uint8_t secret[UNSEAL_SECRET_MAX], data[32];
		const struct unseal_alg *alg = unseal_find(bytes_str(rows[i].name));
		size_t len;

		REQUIRE(alg != NULL);
		CHECK_EQ(alg->tag_len, 0);
		len = hex_to(rows[i].key, secret, sizeof(secret));
		CHECK_EQ(len, alg->key_len);
		len += hex_to(rows[i].iv, secret + len, sizeof(secret) - len);
		CHECK_EQ(len, alg->key_len + alg->iv_len);
		REQUIRE_EQ(hex_to(rows[i].sealed, data, sizeof(data)), sizeof(data));
		REQUIRE_EQ(unseal(alg, bytes_of(secret, len), (struct span){data, sizeof(data)},
				   (struct bytes){0}),
			E_OK);
		CHECK_HEX(data, sizeof(data),
			"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
	}
}

/* GCM specification, test case 3: four blocks, no additional data. */
TEST(gcm_and_its_tag)
{
	uint8_t secret[28], data[64], tag[16];
	const struct unseal_alg *alg = unseal_find(bytes_str("aes128-gcm@openssh.com"));
	struct span all = {data, sizeof(data)};

	REQUIRE(alg != NULL && alg->tag_len == 16);
	hex_to("feffe9928665731c6d6a8f9467308308cafebabefacedbaddecaf888", secret, sizeof(secret));
	for (int flipped = 0; flipped < 2; flipped++) {
		hex_to("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		       "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
			data, sizeof(data));
		hex_to("4d5c2af327cd64a62cf35abd2ba6fab4", tag, sizeof(tag));
		tag[15] ^= (uint8_t)flipped;
		CHECK_EQ(unseal(alg, bytes_of(secret, sizeof(secret)), all,
				 bytes_of(tag, sizeof(tag))),
			flipped ? E_MAC : E_OK);
		if (!flipped)
			CHECK_HEX(data, sizeof(data),
				"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
				"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255");
	}
	for (size_t i = 0; i < sizeof(data); i++)
		CHECK_EQ(data[i], 0);
}

TEST(what_does_not_fit)
{
	uint8_t secret[48] = {0}, data[32] = {0};
	const struct unseal_alg *ctr = unseal_find(bytes_str("aes256-ctr"));
	const struct unseal_alg *gcm = unseal_find(bytes_str("aes256-gcm@openssh.com"));
	struct bytes whole = bytes_of(secret, 48), none = {0};

	REQUIRE(ctr != NULL && gcm != NULL);
	CHECK(unseal_find(bytes_str("aes256-cbc")) == NULL);
	CHECK_EQ(unseal(ctr, whole, (struct span){data, 0}, none), E_VALUE);
	CHECK_EQ(unseal(ctr, whole, (struct span){data, 31}, none), E_VALUE);
	CHECK_EQ(unseal(ctr, bytes_of(secret, 47), (struct span){data, 32}, none), E_VALUE);
	CHECK_EQ(unseal(ctr, whole, (struct span){data, 32}, bytes_of(data, 16)), E_VALUE);
	CHECK_EQ(unseal(gcm, bytes_of(secret, 44), (struct span){data, 32}, none), E_VALUE);
	CHECK_EQ(unseal(ctr, whole, (struct span){data, 32}, none), E_OK);
}
