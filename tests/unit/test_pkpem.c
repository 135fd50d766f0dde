/* SPDX-License-Identifier: ISC */
/* Files of ssh-keygen and openssl; that they are the right keys is test_privkey's to see. */
#include "crypto/pkpem.h"

#include "cryptoalloc.h"
#include "datafile.h"
#include "failalloc.h"
#include "harness.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER "tests/data/keys/"

static enum err load(const char *name, struct pk **key)
{
	char path[128], *text;
	size_t len;
	enum err e;

	snprintf(path, sizeof path, FOLDER "%s", name);
	text = datafile_read(path, &len);
	e = pk_from_pem(bytes_of(text, len), NULL, key);
	free(text);
	return e;
}

TEST(each_form)
{
	static const struct {
		const char *name;
		enum err err;
		enum pk_type type;
	} rows[] = {
		{"rsa2048.pkcs1", E_OK, PK_RSA},
		{"rsa2048.pkcs8", E_OK, PK_RSA},
		{"ecdsa256.sec1", E_OK, PK_ECDSA_256},
		{"ecdsa384.pkcs8", E_OK, PK_ECDSA_384},
		{"ecdsa521.sec1", E_OK, PK_ECDSA_521},
		{"openssl-compressed.sec1", E_OK, PK_ECDSA_256},
		{"openssl-explicit.sec1", E_OK, PK_ECDSA_256},
		{"openssl-ed25519.pkcs8", E_OK, PK_ED25519},
		{"rsa2048.pkcs1.encrypted", E_DENIED, PK_RSA},
		{"rsa2048.pkcs8.encrypted", E_DENIED, PK_RSA},
		{"openssl-x25519.pkcs8", E_UNKNOWN, PK_RSA},
		{"openssl-secp256k1.sec1", E_UNKNOWN, PK_RSA},
		{"ed25519.pub", E_FORMAT, PK_RSA},
		{"ed25519", E_FORMAT, PK_RSA},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pk *key;

		harness_note("%s", rows[i].name);
		CHECK_EQ(load(rows[i].name, &key), rows[i].err);
		CHECK_EQ(key != NULL, rows[i].err == E_OK);
		if (key != NULL) {
			CHECK_EQ(pk_type_of(key), rows[i].type);
			CHECK(pk_has_private(key));
		}
		CHECK_EQ(ERR_peek_error(), 0);
		pk_free(key);
	}
}

TEST(passphrases)
{
	static const char *const names[] = {"rsa2048.pkcs1.encrypted", "rsa2048.pkcs8.encrypted"};
	char lengthy[5000];

	memset(lengthy, 'x', sizeof lengthy);
	lengthy[sizeof lengthy - 1] = '\0';
	for (size_t i = 0; i < 2; i++) {
		char path[128], *text;
		struct pk *key;
		size_t len;

		snprintf(path, sizeof path, FOLDER "%s", names[i]);
		text = datafile_read(path, &len);
		REQUIRE_EQ(pk_from_pem(bytes_of(text, len), "open sesame", &key), E_OK);
		CHECK(pk_has_private(key));
		pk_free(key);
		CHECK_EQ(pk_from_pem(bytes_of(text, len), "open", &key), E_AUTH);
		CHECK_EQ(pk_from_pem(bytes_of(text, len), "", &key), E_AUTH);
		CHECK_EQ(pk_from_pem(bytes_of(text, len), lengthy, &key), E_AUTH);
		CHECK(key == NULL);
		CHECK_EQ(ERR_peek_error(), 0);
		free(text);
	}
}

TEST(no_text)
{
	struct pk *key;

	CHECK_EQ(pk_from_pem(bytes_of(NULL, 0), NULL, &key), E_FORMAT);
	CHECK_EQ(pk_from_pem(bytes_str("x"), NULL, &key), E_FORMAT);
	CHECK(key == NULL);
}

/* R20: sizes are refused by the rules of pk, whatever libcrypto would take. */
TEST(rsa_of_1024_bits)
{
	static const char small[] =
		"-----BEGIN RSA PRIVATE KEY-----\n"
		"MIICXQIBAAKBgQC1QogkIrL0Bt8l9VI0BFEX1TlYikiMHwYQdfVa+l6X2OAUqryn\n"
		"wS0Gp5odx9JisvNaO7iGrsjTm15ahBzS7d8E3Gq+lLeyBz+E9NOesNEekJ1O8clY\n"
		"c0mvOVG2m/9sWGKJALlnlXQp0VnlWXyZBijZrJT3dQQ+D842F1Xh9PT40wIDAQAB\n"
		"AoGAK/kPBA0y8sZz/kZsgdgGQEznE5bAkNW55+Zl9oNEzXu8qObey6eun62rUsw2\n"
		"OuGE7gAM/QeMCuHnWvgv8e/pKWCTQnMeImn1wkL1qvurvSZYhs1+Vo1orPY3iVPo\n"
		"Gy5qY2LZV2d8ROZv5zI1pCO6IZEnzPYg+B9OkOcTzwCHKCECQQDwnBB/jI1oC2Ha\n"
		"r8/f2v/AgCdY64RRrgpkiRh4e3xMRwTsIKxAW4s6A2g4v2EbXX9eFPPWS/GhzUhM\n"
		"BGob6A9DAkEAwNqghN9P1lEZtApeQqS6vWizgQSJR2D2qVVaePW14Tg6db4Aw/YT\n"
		"RLUXgjR6SD5xS5BKgCTeLWSL3qk0aKRvMQJBAKyeqs93XPPqRpgITlDB436N8qy+\n"
		"uz2GaXpbSS0XGsP2p7docWvywV4rl5gu5VImr/wleBKkhYSZrGatPBstT9UCQQCM\n"
		"TEBsiXyuQE+/n69VMju74Xh9CozIBa1MIRDxYGdRkjNNRs2Nwe3glRGmIoE3H14S\n"
		"h8T7FlcflL8AW/4Jhl5xAkAe1sHKaekDihbj7VRrVOdR6yzd1VpHHmxPnVR4UDrh\n"
		"JjLX4RZI2PezdVaT4jJ715mM+Hu2bNTJw7+csyiinNk0\n"
		"-----END RSA PRIVATE KEY-----\n";
	struct pk *key;

	CHECK_EQ(pk_from_pem(bytes_str(small), NULL, &key), E_VALUE);
	CHECK(key == NULL);
}

/* An allocation that fails anywhere, libcrypto's included, never leaves half a key. */
TEST(each_failing_allocation)
{
	static const char *const names[] = {
		"ecdsa256.sec1", "openssl-ed25519.pkcs8", "rsa2048.pkcs8.encrypted"};

	for (size_t i = 0; i < 3; i++) {
		char path[128], *text;
		struct pk *key;
		size_t len;
		bool failed = true;
		enum err e, whole;

		snprintf(path, sizeof path, FOLDER "%s", names[i]);
		text = datafile_read(path, &len);
		whole = pk_from_pem(bytes_of(text, len), NULL, &key);
		pk_free(key);
		for (unsigned n = 1; failed; n++) {
			harness_note("%s, allocation %u", names[i], n);
			failalloc_arm(n);
			e = pk_from_pem(bytes_of(text, len), NULL, &key);
			failed = failalloc_disarm();
			CHECK_EQ(key != NULL, e == E_OK);
			if (key != NULL)
				CHECK(pk_has_private(key));
			/* What is encrypted stays so. */
			if (whole == E_DENIED)
				CHECK(e != E_OK);
			pk_free(key);
		}
		CHECK_EQ(e, whole);
		free(text);
	}
}
