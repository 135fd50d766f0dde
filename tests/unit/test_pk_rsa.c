/* SPDX-License-Identifier: ISC */
#include "crypto/pk.h"

#include "harness.h"
#include "hex.h"
#include "pkparts.h"

#include <openssl/bn.h>
#include <stdio.h>

TEST(pk_rsa_short_values_are_padded_and_long_ones_refused)
{
	uint8_t sig[PK_SIGNATURE_MAX], mem[2048], value[257] = {0};
	const struct sig_alg *alg = alg_of("rsa-sha2-256");
	bool found = false;

	for (unsigned i = 0; i < 5000 && !found; i++) { /* one in 256 begins with a zero byte */
		char msg[16];
		snprintf(msg, sizeof(msg), "%u", i);
		size_t len = sign(own_key(4), alg->name, msg, sig);
		REQUIRE_EQ(len, 4 + 12 + 4 + 256);
		found = sig[20] == 0;
		if (!found)
			continue;
		size_t zeros = sig[21] == 0 ? 2 : 1;
		struct bytes stripped = bytes_of(sig + 20 + zeros, 256 - zeros);
		CHECK_EQ(pk_verify(own_key(4), alg, bytes_str(msg), bytes_of(sig, len)),
			VERDICT_GOOD);
		CHECK_EQ(pk_verify(own_key(4), alg, bytes_str(msg), blob(mem, alg->name, stripped)),
			VERDICT_GOOD);
		memcpy(value + 1, sig + 20, 256);
		CHECK_EQ(pk_verify(own_key(4), alg, bytes_str(msg),
				 blob(mem, alg->name, bytes_of(value, 257))),
			VERDICT_BAD);
	}
	CHECK(found);
	CHECK_EQ(pk_verify(
			 own_key(4), alg, bytes_str("0"), blob(mem, alg->name, bytes_of(value, 0))),
		VERDICT_BAD);
	memset(value, 0xff, 256);
	CHECK_EQ(pk_verify(own_key(4), alg, bytes_str("0"),
			 blob(mem, alg->name, bytes_of(value, 256))),
		VERDICT_BAD);
}

TEST(pk_rsa_numbers_are_checked)
{
	struct copied good, c;
	struct pk *key = NULL;

	numbers_of(own_key(4), &good);
	for (unsigned i = 0; i < 6; i++) { /* one wrong number is seen, whichever */
		c = good;
		c.mem[i][c.len[i] - 1] ^= 4;
		CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
		CHECK(key == NULL);
		c = good;
		c.len[i] = 0;
		CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
	}
	c = good; /* p and q swapped: iqmp does not fit */
	memcpy(c.mem[PK_RSA_P], good.mem[PK_RSA_Q], 1024);
	memcpy(c.mem[PK_RSA_Q], good.mem[PK_RSA_P], 1024);
	CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
	c = good; /* 1 times n */
	memcpy(c.mem[PK_RSA_P], good.mem[PK_RSA_N], 1024);
	c.len[PK_RSA_P] = good.len[PK_RSA_N];
	c.mem[PK_RSA_Q][0] = 1;
	c.len[PK_RSA_Q] = 1;
	CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
	CHECK(key == NULL);
}

/* Adds times * (a - less) * (b - less) to a number; where a is b, times * (a - less). */
static void add_to(struct copied *c, enum pk_rsa_part to, BN_ULONG times, enum pk_rsa_part a,
	enum pk_rsa_part b, BN_ULONG less)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *x = BN_bin2bn(c->mem[a], (int)c->len[a], NULL);
	BIGNUM *y = BN_bin2bn(c->mem[b], (int)c->len[b], NULL);
	BIGNUM *sum = BN_bin2bn(c->mem[to], (int)c->len[to], NULL);

	REQUIRE(ctx && x && y && sum && BN_sub_word(x, less) && BN_sub_word(y, less));
	if (a != b)
		REQUIRE(BN_mul(x, x, y, ctx));
	REQUIRE(BN_mul_word(x, times) && BN_add(sum, sum, x));
	REQUIRE(BN_num_bytes(sum) <= 1024);
	c->len[to] = (size_t)BN_bn2bin(sum, c->mem[to]);
	BN_free(x);
	BN_free(y);
	BN_free(sum);
	BN_CTX_free(ctx);
}

/* Pairs in which one relation alone does not hold. */
TEST(pk_rsa_every_relation_of_a_pair_counts)
{
	struct copied good, c;
	struct pk *key = NULL;

	numbers_of(own_key(4), &good);
	c = good; /* d right modulo p - 1 only */
	add_to(&c, PK_RSA_D, 1, PK_RSA_P, PK_RSA_P, 1);
	CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
	c = good; /* modulo q - 1 only */
	add_to(&c, PK_RSA_D, 1, PK_RSA_Q, PK_RSA_Q, 1);
	CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
	c = good; /* right modulo both, but beyond n */
	add_to(&c, PK_RSA_D, 2, PK_RSA_P, PK_RSA_Q, 1);
	CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
	c = good; /* an inverse that is not reduced modulo p */
	add_to(&c, PK_RSA_IQMP, 1, PK_RSA_P, PK_RSA_P, 0);
	CHECK_EQ(build(&key, PK_RSA, &c), E_VALUE);
	CHECK(key == NULL);
}

static enum err rsa_public(size_t bits, const char *e_hex, bool even)
{
	uint8_t n[1200], e[16];
	size_t len = (bits + 7) / 8;
	struct pk *key = NULL;

	memset(n, 0xa5, sizeof(n));
	n[0] = (uint8_t)(1 << (bits + 7) % 8);
	n[len - 1] = even ? 0xa4 : 0xa5;
	struct pk_rsa_numbers numbers = {
		.n = bytes_of(n, len), .e = bytes_of(e, hex_to(e_hex, e, sizeof(e)))};
	enum err result = pk_rsa(&key, &numbers);
	if (!result)
		CHECK_EQ(pk_bits(key), bits);
	pk_free(key);
	return result;
}

/* R20 of the security rules */
TEST(pk_rsa_sizes_and_exponents)
{
	CHECK_EQ(rsa_public(2047, "010001", false), E_VALUE);
	CHECK_EQ(rsa_public(2048, "010001", false), E_OK);
	CHECK_EQ(rsa_public(2049, "010001", false), E_OK);
	CHECK_EQ(rsa_public(8192, "010001", false), E_OK);
	CHECK_EQ(rsa_public(8193, "010001", false), E_VALUE);
	CHECK_EQ(rsa_public(1024, "010001", false), E_VALUE);
	CHECK_EQ(rsa_public(2048, "010001", true), E_VALUE);
	CHECK_EQ(rsa_public(2048, "03", false), E_OK);
	CHECK_EQ(rsa_public(2048, "000000000000000000000003", false), E_OK);
	CHECK_EQ(rsa_public(2048, "ffffffffffffffff", false), E_OK);
	CHECK_EQ(rsa_public(2048, "010000000000000001", false), E_VALUE);
	CHECK_EQ(rsa_public(2048, "01", false), E_VALUE);
	CHECK_EQ(rsa_public(2048, "010000", false), E_VALUE);
	CHECK_EQ(rsa_public(2048, "00", false), E_VALUE);
	CHECK_EQ(rsa_public(2048, "", false), E_VALUE);
	struct pk *key = NULL;
	CHECK_EQ(pk_generate(&key, PK_RSA, RSA_BITS_MIN - 1), E_VALUE);
	CHECK_EQ(pk_generate(&key, PK_RSA, RSA_BITS_MAX + 1), E_VALUE);
	CHECK(key == NULL);
}

/* --- a processor that errs -------------------------------------------------------------------- */

static bool is_faulty;

int __real_EVP_DigestSign(
	EVP_MD_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *data, size_t n);
int __wrap_EVP_DigestSign(
	EVP_MD_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *data, size_t n);

int __wrap_EVP_DigestSign(
	EVP_MD_CTX *ctx, unsigned char *sig, size_t *len, const unsigned char *data, size_t n)
{
	int ok = __real_EVP_DigestSign(ctx, sig, len, data, n);

	if (ok == 1 && is_faulty)
		sig[*len / 2] ^= 0x10;
	return ok;
}

/* One bit that flips in a signature made by the Chinese remainder theorem gives the key away to
 * whoever reads it: no such signature leaves. */
TEST(r53_pk_rsa_a_faulty_signature_does_not_leave)
{
	uint8_t sig[PK_SIGNATURE_MAX] = {0};
	static const uint8_t zero[256];
	size_t len = 0;

	REQUIRE_EQ(pk_sign(own_key(4), alg_of("rsa-sha2-512"), bytes_str("m"),
			   (struct span){sig, sizeof(sig)}, &len),
		E_OK);
	memset(sig, 0, sizeof(sig));
	is_faulty = true;
	CHECK_EQ(pk_sign(own_key(4), alg_of("rsa-sha2-512"), bytes_str("m"),
			 (struct span){sig, sizeof(sig)}, &len),
		E_CRYPTO);
	is_faulty = false;
	CHECK_MEM(sig + 4 + 12 + 4, sizeof(zero), zero);
}
