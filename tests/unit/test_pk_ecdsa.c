/* SPDX-License-Identifier: ISC */
#include "crypto/pk.h"

#include "crypto/pk_impl.h"
#include "harness.h"
#include "pkparts.h"
#include "wire/reader.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

TEST(pk_ecdsa_values_are_two_canonical_mpints)
{
	uint8_t sig[PK_SIGNATURE_MAX], mem[2048], value[512];

	for (size_t k = 1; k <= 3; k++) {
		struct reader rd;
		struct writer w;
		size_t len = sign(own_key(k), kinds[k].sig, "m", sig), n = field_len(k);
		rd_init(&rd, bytes_of(sig, len));
		rd_string(&rd, 64);
		struct bytes whole = rd_string(&rd, 512);
		REQUIRE(rd_end(&rd));
		rd_init(&rd, whole);
		struct bytes r = rd_mpint(&rd, n + 1), s = rd_mpint(&rd, n + 1);
		REQUIRE(rd_end(&rd));
		static const uint8_t zero[80];
		struct {
			struct bytes r, s;
			bool pad;
		} bad[] = {
			{bytes_of(zero, 0), s, false},
			{r, bytes_of(zero, 0), false},
			{s, r, false},
			{r, s, true},
		};
		for (size_t i = 0; i < 4; i++) {
			wr_init(&w, (struct span){value, sizeof(value)});
			if (bad[i].pad) { /* a leading zero too many */
				wr_u32(&w, (uint32_t)r.len + 2);
				wr_raw(&w, bytes_of(zero, 2));
				wr_raw(&w, r);
			} else {
				wr_mpint(&w, bad[i].r);
			}
			wr_mpint(&w, bad[i].s);
			REQUIRE(wr_ok(&w));
			CHECK_EQ(pk_verify(own_key(k), alg_of(kinds[k].sig), bytes_str("m"),
					 blob(mem, kinds[k].sig, wr_bytes(&w))),
				VERDICT_BAD);
		}
		/* a byte behind s */
		wr_init(&w, (struct span){value, sizeof(value)});
		wr_raw(&w, whole);
		wr_u8(&w, 0);
		CHECK_EQ(pk_verify(own_key(k), alg_of(kinds[k].sig), bytes_str("m"),
				 blob(mem, kinds[k].sig, wr_bytes(&w))),
			VERDICT_BAD);
		/* r longer than the field */
		memset(value, 0x11, sizeof(value));
		store_be32(value, (uint32_t)n + 1);
		CHECK_EQ(pk_verify(own_key(k), alg_of(kinds[k].sig), bytes_str("m"),
				 blob(mem, kinds[k].sig, bytes_of(value, 200))),
			VERDICT_BAD);
	}
}

TEST(pk_ecdsa_points_and_scalars_are_checked)
{
	for (size_t k = 1; k <= 3; k++) {
		struct copied good, c;
		struct pk *key = NULL;
		numbers_of(own_key(k), &good);
		c = good; /* off the curve */
		c.mem[0][c.len[0] - 1] ^= 1;
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		c.len[1] = 0;
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		c = good; /* compressed */
		c.mem[0][0] = 2;
		c.len[0] = 1 + field_len(k);
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		c = good; /* another curve's size */
		c.len[0]--;
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		c.len[0] = 0;
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		c = good; /* d of another pair, zero, the order or beyond, too long */
		c.mem[1][c.len[1] - 1] ^= 1;
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		memset(c.mem[1], 0, sizeof(c.mem[1]));
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		memset(c.mem[1], 0xff, sizeof(c.mem[1]));
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		c.len[1]++;
		CHECK_EQ(build(&key, kinds[k].type, &c), E_VALUE);
		CHECK(key == NULL);
		c = good; /* an mpint may bring one leading zero */
		memmove(c.mem[1] + 1, c.mem[1], c.len[1]);
		c.mem[1][0] = 0;
		c.len[1]++;
		CHECK_EQ(build(&key, kinds[k].type, &c), E_OK);
		pk_free(key);
	}
	struct pk *key = NULL;
	CHECK_EQ(pk_ecdsa(&key, PK_ECDSA_256, bytes_of(NULL, 0), bytes_of(NULL, 0)), E_VALUE);
	CHECK_EQ(pk_ecdsa(&key, PK_RSA, bytes_of(NULL, 0), bytes_of(NULL, 0)), E_VALUE);
}

/* RFC 5656 6.2.1 ties the hash to the curve: a right signature under another curve's name is none.
 */
TEST(pk_ecdsa_name_must_fit_the_curve)
{
	uint8_t value[256], mem[2048];
	struct writer w;

	wr_init(&w, (struct span){value, sizeof(value)});
	REQUIRE_EQ(pk_ops_ecdsa.sign(own_key(1), "SHA2-384", bytes_str("m"), &w), E_OK);
	CHECK_EQ(pk_ops_ecdsa.verify(own_key(1), "SHA2-384", bytes_str("m"), wr_bytes(&w)),
		VERDICT_GOOD);
	CHECK_EQ(pk_verify(own_key(1), alg_of("ecdsa-sha2-nistp384"), bytes_str("m"),
			 blob(mem, "ecdsa-sha2-nistp384", wr_bytes(&w))),
		VERDICT_BAD);
}

/* --- nonces ----------------------------------------------------------------------------------- */

/* The k of a signature over an empty message, from the private key: k = (h + r d) / s mod n. */
static void nonce_of(
	const struct pk *key, const char *curve, const char *md, struct bytes value, BIGNUM *k)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(OBJ_txt2nid(curve));
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *d = BN_new(), *h = BN_new(), *r, *s;
	uint8_t secret[80], hash[64];
	unsigned hash_len = 0;
	size_t secret_len = 0;
	struct reader rd;
	struct bytes part;

	rd_init(&rd, value);
	part = rd_mpint(&rd, 80);
	r = BN_bin2bn(part.ptr, (int)part.len, NULL);
	part = rd_mpint(&rd, 80);
	s = BN_bin2bn(part.ptr, (int)part.len, NULL);
	REQUIRE(rd_end(&rd) && group && ctx && d && h && r && s);
	REQUIRE_EQ(pk_get_private(key, (struct span){secret, sizeof(secret)}, &secret_len), E_OK);
	BN_bin2bn(secret, (int)secret_len, d);
	REQUIRE(EVP_Digest("", 0, hash, &hash_len, EVP_get_digestbyname(md), NULL) == 1);
	BN_bin2bn(hash, (int)hash_len, h);
	REQUIRE(BN_mod_mul(k, r, d, EC_GROUP_get0_order(group), ctx) == 1);
	REQUIRE(BN_mod_add(k, k, h, EC_GROUP_get0_order(group), ctx) == 1);
	REQUIRE(BN_mod_inverse(s, s, EC_GROUP_get0_order(group), ctx) != NULL);
	REQUIRE(BN_mod_mul(k, k, s, EC_GROUP_get0_order(group), ctx) == 1);
	BN_free(d);
	BN_free(h);
	BN_free(r);
	BN_free(s);
	BN_CTX_free(ctx);
	EC_GROUP_free(group);
}

/* PuTTY took 512 bits for a number of 521: nine bits of each nonce were zero, and sixty signatures
 * gave the key away. Here each of the nine is set in about half of the nonces, and none comes
 * twice.
 */
TEST(r52_cve_2024_31497_pk_ecdsa_nonces_use_all_bits)
{
	enum { COUNT = 200, BIASED = 9, BITS = 521 };
	unsigned set[BIASED] = {0};
	BIGNUM *seen[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		uint8_t sig[PK_SIGNATURE_MAX];
		struct reader rd;
		struct bytes value;
		size_t len = sign(own_key(3), "ecdsa-sha2-nistp521", "", sig);

		rd_init(&rd, bytes_of(sig, len));
		rd_string(&rd, 64);
		value = rd_string(&rd, 512);
		REQUIRE(rd_end(&rd));
		seen[i] = BN_new();
		nonce_of(own_key(3), "secp521r1", "SHA512", value, seen[i]);
		for (int b = 0; b < BIASED; b++)
			set[b] += (unsigned)BN_is_bit_set(seen[i], BITS - 1 - b);
		for (unsigned j = 0; j < i; j++)
			CHECK(BN_cmp(seen[j], seen[i]) != 0);
	}
	for (int b = 0; b < BIASED; b++) /* fewer than a quarter of 200: once in 10^13 */
		CHECK(set[b] > COUNT / 4 && set[b] < COUNT * 3 / 4);
	for (unsigned i = 0; i < COUNT; i++)
		BN_free(seen[i]);
}
