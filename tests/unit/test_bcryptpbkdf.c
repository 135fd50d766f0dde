/* SPDX-License-Identifier: ISC */
/* Against the kdf() of py-bcrypt, which has OpenBSD's code inside; whole key files are in
 * test_privkey. */
#include "crypto/bcryptpbkdf.h"

#include "failalloc.h"
#include "harness.h"

enum { OUT_MAX = 96 };

static void check(
	struct bytes passphrase, struct bytes salt, uint32_t rounds, size_t len, const char *hex)
{
	uint8_t out[OUT_MAX + 1];

	out[len] = 0xee;
	REQUIRE_EQ(bcryptpbkdf(passphrase, salt, rounds, (struct span){out, len}), E_OK);
	CHECK_HEX(out, len, hex);
	CHECK_EQ(out[len], 0xee);
}

TEST(known_answers)
{
	uint8_t p[100], s[64], count[72], salt[16];

	memset(p, 'p', sizeof(p));
	memset(s, 's', sizeof(s));
	for (size_t i = 0; i < sizeof(count); i++)
		count[i] = (uint8_t)(i + 1);
	memcpy(salt, count, sizeof(salt));
	check(bytes_str("password"), bytes_str("salt"), 4, 32,
		"5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9");
	check(bytes_str("password"), bytes_str("salt"), 1, 96,
		"7aec9bf4a38f14806969a4c2e52b4628a0d060c49dda058b492eddde724dbf0c02aa4f446a2ae04e5f"
		"8a125294a24cd8cb8a6b8507597baa8090b65a7b3ad92bd176b2bb1e0d1cce2935d8020417a9f92ccc"
		"8ff9d4429924c82ead7734b1792b");
	check(bytes_of(p, sizeof(p)), bytes_of(s, sizeof(s)), 3, 48,
		"47e08dc3a6d41e808e8bdc505054d8d73e249df03768f371a32b192fce98b923c7bcdef420678f9f5a"
		"fde2a08deffe0d");
	check(bytes_of(count, sizeof(count)), bytes_of(salt, sizeof(salt)), 2, 7, "36ce0f32317b73");
}

TEST(limits)
{
	uint8_t mem[BCRYPTPBKDF_KEY_MAX + 1] = {0};
	struct bytes one = bytes_str("x"), none = {0};
	struct span out = {mem, 32};

	CHECK_EQ(bcryptpbkdf(none, one, 1, out), E_VALUE);
	CHECK_EQ(bcryptpbkdf(one, none, 1, out), E_VALUE);
	CHECK_EQ(bcryptpbkdf(one, one, 0, out), E_VALUE);
	CHECK_EQ(bcryptpbkdf(one, one, 1, (struct span){mem, 0}), E_VALUE);
	CHECK_EQ(bcryptpbkdf(one, bytes_of(mem, BCRYPTPBKDF_SALT_MAX + 1), 1, out), E_LIMIT);
	CHECK_EQ(bcryptpbkdf(one, bytes_of(mem, BCRYPTPBKDF_SALT_MAX), 1, out), E_OK);
	CHECK_EQ(bcryptpbkdf(one, one, BCRYPTPBKDF_ROUNDS_MAX + 1, out), E_LIMIT);
	CHECK_EQ(bcryptpbkdf(one, one, 1, (struct span){mem, sizeof(mem)}), E_LIMIT);
	failalloc_arm(1);
	CHECK_EQ(bcryptpbkdf(one, one, 1, out), E_NOMEM);
	failalloc_disarm();
}
