/* SPDX-License-Identifier: ISC */
/* Vectors: RFC 7748 6.1, RFC 5903 8; points of small order from the Wycheproof collection. */
#include "crypto/exchange.h"

#include "crypto/ec.h"
#include "crypto/exchange_impl.h"
#include "failalloc.h"
#include "harness.h"
#include "hex.h"

#include "cryptoalloc.h"

static const char *const names[] = {
	"curve25519-sha256",
	"curve25519-sha256@libssh.org",
	"ecdh-sha2-nistp256",
	"ecdh-sha2-nistp384",
	"ecdh-sha2-nistp521",
};

enum { NAMES = sizeof(names) / sizeof(*names) };

static const struct exchange_alg *alg_of(const char *name)
{
	const struct exchange_alg *alg = exchange_alg_find(bytes_str(name));
	REQUIRE(alg != NULL);
	return alg;
}

TEST(exchange_registry_and_default_list_agree)
{
	char list[512] = "";

	for (size_t i = 0; i < NAMES; i++) {
		CHECK_STR(alg_of(names[i])->name, names[i]);
		CHECK(!alg_of(names[i])->secret_is_string);
		strcat(strcat(list, i ? "," : ""), names[i]);
	}
	CHECK_STR(exchange_default_list(), list);
	CHECK(exchange_alg_find(bytes_str("diffie-hellman-group14-sha256")) == NULL);
	CHECK(exchange_alg_find(bytes_str("kex-strict-c-v00@openssh.com")) == NULL);
	CHECK(exchange_alg_find(bytes_str("")) == NULL);
	CHECK_EQ(alg_of(names[2])->hash, DIGEST_SHA256);
	CHECK_EQ(alg_of(names[3])->hash, DIGEST_SHA384);
	CHECK_EQ(alg_of(names[4])->hash, DIGEST_SHA512);
}

TEST(exchange_both_sides_agree)
{
	for (size_t i = 0; i < NAMES; i++) {
		const struct exchange_alg *alg = alg_of(names[i]);
		uint8_t client[EXCHANGE_PUB_MAX], server[EXCHANGE_PUB_MAX];
		struct exchange_key *key;
		struct exchange_secret theirs, ours;
		size_t client_len, server_len;
		REQUIRE_EQ(
			alg->start(&key, (struct span){client, sizeof(client)}, &client_len), E_OK);
		CHECK_EQ(client_len, alg->pub_len);
		REQUIRE_EQ(alg->respond(bytes_of(client, client_len),
				   (struct span){server, sizeof(server)}, &server_len, &theirs),
			E_OK);
		REQUIRE_EQ(alg->finish(key, bytes_of(server, server_len), &ours), E_OK);
		CHECK_EQ(ours.len, theirs.len);
		CHECK_MEM(ours.data, ours.len, theirs.data);
		/* one byte short of room is refused */
		size_t len;
		struct exchange_key *none = NULL;
		CHECK_EQ(alg->start(&none, (struct span){server, alg->pub_len - 1}, &len), E_LIMIT);
		CHECK(none == NULL);
		exchange_key_free(key);
		exchange_secret_wipe(&ours);
		CHECK_EQ(ours.len, 0);
	}
	exchange_key_free(NULL);
}

/* RFC 7748 6.1 */
#define ALICE "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define ALICE_PUB "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define BOB "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
#define BOB_PUB "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define X25519_SHARED "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

static struct exchange_key x25519_key(const char *hex)
{
	uint8_t priv[32];
	size_t len = hex_to(hex, priv, sizeof(priv));
	struct exchange_key key = {
		EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, priv, len), NULL};
	REQUIRE(key.pkey != NULL);
	return key;
}

TEST(exchange_x25519_matches_rfc_7748)
{
	static const char *const sides[2][2] = {{ALICE, BOB_PUB}, {BOB, ALICE_PUB}};
	const struct exchange_alg *alg = alg_of("curve25519-sha256");

	for (size_t i = 0; i < 2; i++) {
		struct exchange_key key = x25519_key(sides[i][0]);
		struct exchange_secret secret;
		uint8_t peer[32];
		size_t len = hex_to(sides[i][1], peer, sizeof(peer));
		REQUIRE_EQ(alg->finish(&key, bytes_of(peer, len), &secret), E_OK);
		CHECK_HEX(secret.data, secret.len, X25519_SHARED);
		EVP_PKEY_free(key.pkey);
	}
}

/* RFC 7748 5.2 first vector: an unclamped scalar */
TEST(exchange_x25519_clamps)
{
	struct exchange_key key =
		x25519_key("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
	struct exchange_secret secret;
	uint8_t peer[32];
	size_t len = hex_to("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
		peer, sizeof(peer));

	REQUIRE_EQ(alg_of("curve25519-sha256")->finish(&key, bytes_of(peer, len), &secret), E_OK);
	CHECK_HEX(secret.data, secret.len,
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	EVP_PKEY_free(key.pkey);
}

static const char *const small_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

TEST(r55_exchange_x25519_refuses_an_all_zero_secret)
{
	const struct exchange_alg *alg = alg_of("curve25519-sha256");
	struct exchange_key key = x25519_key(ALICE);

	for (size_t i = 0; i < sizeof(small_order) / sizeof(*small_order); i++) {
		uint8_t peer[32], pub[32];
		struct exchange_secret secret;
		size_t len = hex_to(small_order[i], peer, sizeof(peer)), pub_len;
		CHECK_EQ(alg->finish(&key, bytes_of(peer, len), &secret), E_VALUE);
		CHECK_EQ(secret.len, 0);
		CHECK_EQ(alg->respond(bytes_of(peer, len), (struct span){pub, sizeof(pub)},
				 &pub_len, &secret),
			E_VALUE);
	}
	EVP_PKEY_free(key.pkey);
}

/* RFC 5903 8.1 to 8.3: i, gi, r, gr, shared x */
static const struct {
	const char *name;
	const struct ec_curve *curve;
	const char *i, *gi, *r, *gr, *shared;
} ecdh[] = {
	{"ecdh-sha2-nistp256", &ec_p256,
		"C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
		"04DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
		"5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
		"C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
		"04D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
		"56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
		"D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"},
	{"ecdh-sha2-nistp384", &ec_p384,
		"099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655"
		"E35B538041E649EE3FAEF896783AB194",
		"04667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6"
		"DE3AC808ACB4BDB4C88732AEE95F41AA"
		"9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38E"
		"EB9FCFF3C2C947DAE69B4C634573A81C",
		"41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942"
		"E0308312916B8ED2960E4BD55A7448FC",
		"04E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D"
		"0D1AC43A0336DEF96FDA41D0774A3571"
		"DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FF"
		"F83FA40142209DFF5EAAD96DB9E6386C",
		"11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4"
		"D603135569B9E9D09CF5D4A270F59746"},
	{"ecdh-sha2-nistp521", &ec_p521,
		"0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A0"
		"95AA85A30FE1C2952C6771D937BA9777F5957B2639BAB072462F68C27A57382D4A52",
		"04"
		"0015417E84DBF28C0AD3C278713349DC7DF153C897A1891BD98BAB4357C9ECBE"
		"E1E3BF42E00B8E380AEAE57C2D107564941885942AF5A7F4601723C4195D176CED3E"
		"017CAE20B6641D2EEB695786D8C946146239D099E18E1D5A514C739D7CB4A10A"
		"D8A788015AC405D7799DC75E7B7D5B6CF2261A6A7F1507438BF01BEB6CA3926F9582",
		"0145BA99A847AF43793FDD0E872E7CDFA16BE30FDC780F97BCCC3F078380201E"
		"9C677D600B343757A3BDBF2A3163E4C2F869CCA7458AA4A4EFFC311F5CB151685EB9",
		"04"
		"00D0B3975AC4B799F5BEA16D5E13E9AF971D5E9B984C9F39728B5E5739735A21"
		"9B97C356436ADC6E95BB0352F6BE64A6C2912D4EF2D0433CED2B6171640012D9460F"
		"015C68226383956E3BD066E797B623C27CE0EAC2F551A10C2C724D9852077B87"
		"220B6536C5C408A1D2AEBB8E86D678AE49CB57091F4732296579AB44FCD17F0FC56A",
		"01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04"
		"D1427E73CA4BAA240A34786859810C06B3C715A3A8CC3151F2BEE417996D19F3DDEA"},
};

static void check_ecdh(size_t at, const char *priv_hex, const char *own_hex, const char *peer_hex)
{
	uint8_t priv[EC_FIELD_MAX], own[EC_POINT_MAX], peer[EC_POINT_MAX];
	size_t priv_len = hex_to(priv_hex, priv, sizeof(priv));
	size_t own_len = hex_to(own_hex, own, sizeof(own));
	size_t peer_len = hex_to(peer_hex, peer, sizeof(peer));
	struct exchange_key key = {.curve = ecdh[at].curve};
	struct exchange_secret secret;

	REQUIRE_EQ(ec_pair(key.curve, bytes_of(own, own_len), bytes_of(priv, priv_len), &key.pkey),
		E_OK);
	REQUIRE_EQ(alg_of(ecdh[at].name)->finish(&key, bytes_of(peer, peer_len), &secret), E_OK);
	CHECK_HEX(secret.data, secret.len, ecdh[at].shared);
	EVP_PKEY_free(key.pkey);
}

TEST(exchange_ecdh_matches_rfc_5903)
{
	for (size_t at = 0; at < 3; at++) {
		check_ecdh(at, ecdh[at].i, ecdh[at].gi, ecdh[at].gr);
		check_ecdh(at, ecdh[at].r, ecdh[at].gr, ecdh[at].gi);
	}
}

static enum err answer(const struct exchange_alg *alg, const uint8_t *peer, size_t len)
{
	uint8_t pub[EXCHANGE_PUB_MAX];
	size_t pub_len;
	struct exchange_secret secret;
	enum err e = alg->respond(
		bytes_of(peer, len), (struct span){pub, sizeof(pub)}, &pub_len, &secret);
	if (e)
		CHECK_EQ(secret.len, 0);
	return e;
}

TEST(exchange_refuses_every_wrong_length)
{
	uint8_t peer[EXCHANGE_PUB_MAX + 1] = {4};

	for (size_t i = 0; i < NAMES; i++)
		for (size_t len = 0; len <= 140; len++)
			if (len != alg_of(names[i])->pub_len)
				REQUIRE_EQ(answer(alg_of(names[i]), peer, len), E_VALUE);
}

TEST(r55_exchange_refuses_bad_points)
{
	for (size_t at = 0; at < 3; at++) {
		const struct exchange_alg *alg = alg_of(ecdh[at].name);
		size_t field = ecdh[at].curve->field_len;
		uint8_t good[EC_POINT_MAX], bad[EC_POINT_MAX];
		size_t len = hex_to(ecdh[at].gi, good, sizeof(good));
		CHECK_EQ(answer(alg, good, len), E_OK);
		/* off the curve: any one bit of either coordinate */
		for (size_t byte = 1; byte < len; byte++) {
			memcpy(bad, good, len);
			bad[byte] ^= 1;
			REQUIRE_EQ(answer(alg, bad, len), E_VALUE);
		}
		/* other forms of the first byte: compressed, hybrid, infinity, nonsense */
		for (unsigned form = 0; form < 256; form++) {
			memcpy(bad, good, len);
			bad[0] = (uint8_t)form;
			if (form != 4)
				REQUIRE_EQ(answer(alg, bad, len), E_VALUE);
		}
		CHECK_EQ(answer(alg, good, 1 + field), E_VALUE);
		/* coordinates that are not below the prime */
		memset(bad, 0xff, len);
		bad[0] = 4;
		CHECK_EQ(answer(alg, bad, len), E_VALUE);
		/* infinity spelled as zeros */
		memset(bad + 1, 0, len - 1);
		CHECK_EQ(answer(alg, bad, len), E_VALUE);
	}
}

TEST(exchange_pairs_must_fit)
{
	uint8_t d[EC_FIELD_MAX], point[EC_POINT_MAX];
	size_t d_len = hex_to(ecdh[0].r, d, sizeof(d));
	size_t len = hex_to(ecdh[0].gi, point, sizeof(point));
	EVP_PKEY *pkey;

	CHECK_EQ(ec_pair(&ec_p256, bytes_of(point, len), bytes_of(d, d_len), &pkey), E_VALUE);
	CHECK(pkey == NULL);
}

TEST(exchange_allocation_failures_are_errors)
{
	for (size_t i = 0; i < NAMES; i++) {
		const struct exchange_alg *alg = alg_of(names[i]);
		struct exchange_secret secret, ours;
		uint8_t pub[EXCHANGE_PUB_MAX], reply[EXCHANGE_PUB_MAX];
		size_t pub_len, reply_len;
		for (unsigned n = 1;; n++) {
			struct exchange_key *key = NULL;
			failalloc_arm(n);
			enum err e = alg->start(&key, (struct span){pub, sizeof(pub)}, &pub_len);
			if (!e)
				e = alg->respond(bytes_of(pub, pub_len),
					(struct span){reply, sizeof(reply)}, &reply_len, &secret);
			if (!e)
				e = alg->finish(key, bytes_of(reply, reply_len), &ours);
			bool fired = failalloc_disarm();
			exchange_key_free(key);
			if (!e)
				CHECK_MEM(ours.data, ours.len, secret.data);
			if (!fired)
				break;
		}
	}
}
