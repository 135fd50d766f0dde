/* SPDX-License-Identifier: ISC */
/* The formulas against values computed apart from this program (Python's hashlib); whole runs are
 * in test_transport.c and against sshd. */
#include "transport/kex.h"

#include "wire/writer.h"

#include "harness.h"
#include "hex.h"

/* The secret as the primitive gives it, H, and 64 bytes of key material for letter C and session id
 * "session". Leading zeros and a set high bit are where an mpint is got wrong. */
static const struct vector {
	enum digest_alg alg;
	const char *secret, *hash, *key;
} vectors[] = {
	{DIGEST_SHA256, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"ebc72daa7b7d391c2712f2afc382102ea9c17032b2fd55760d0a982169638903",
		"312ac30afabd038b850f2ae3cf47cc1d6ff243ffaafe77d2092aadd53948f4ae7b685dd7e7810426d6"
		"6b2323aa5d58e2368a7bd0ee4e669ac2d6ef1ba3ef0b0d"},
	{DIGEST_SHA256, "8000000000000000000000000000000000000000000000000000000000000000",
		"a7485ba674089abd1926e52eea87ee94cc29881a817d25473f653d8ddef80e81",
		"70dd70bc00bae7a31f3f33f2a161bf24f799ee3587ee9041deed6dfe910132c0444f77b97932b3934e"
		"c3d65d24e8fd4b8a186209d72eb76f5c711a53577e6e51"},
	{DIGEST_SHA256, "00007f000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c",
		"003f5f64dc0d9ac1fdaf354075b8df38df88ec1c3b157c38c20df0d3284e317d",
		"e9413a296ff398880d4dbc8a41b2e7ba9ebdb49cdb2be3afd32d8ca93365e473fc5acf8eeb752a331a"
		"9ee4495a0e79af55ebaed5f67fc171bb34ee110f660238"},
	{DIGEST_SHA256, "00ff000000000000000000000000000000000000000000000000000000000000",
		"ebf5baff613bbe116b1631e492c40e626df5a9f2f36f23409ca1b15f8cac8c77",
		"366451e128e90ec1f5f290e67bd279ebb472e1d9ae10d3bc6d67ee08a5e95a07160650c959af45d59d"
		"1eb27d94fdf93bae45f58527f703a00a46073818347569"},
	{DIGEST_SHA384, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"f11264ce8bd2b8e27b998be213de07c144b3d62f91b8dee02543feb6ebb7e457bd4fc2cef1aeab940e"
		"a820410fcc4ac2",
		"85f4f931aa4a9e33108d10766404d6211cdec96a5bbe042fa3a1f2678cffe65872b9710c43ad874b1c"
		"dc15e52eb91c7f5eb000f3cd95d1663cd59fa131dce16f"},
	{DIGEST_SHA384, "8000000000000000000000000000000000000000000000000000000000000000",
		"56fe07f367f86d6ec205e6e7866d336265f042b0dfe3e22ed978b7241b477579a669d67fff52e20e80"
		"b348053ddae41e",
		"d1e1935abb4d3ff86da380280d74b3d59c59fed8eacbdc6d02d3ca928c22764cf823170f496d9ee312"
		"cf242ceff504a51dc1c2bf990d17ab8b64647c50360759"},
	{DIGEST_SHA384, "00007f000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c",
		"3c04e76f1bbf3992addfeb746a6162f622c7bf9d35586cb7654bcc7134ea4bbb99a8e486ff941644bf"
		"9f29f9a03485a1",
		"3b8cca48afbb6845cec18496b90e388619f726abd05d484c9741de6eeb2516518e7506508914a48cd3"
		"d4bea956015c644c6947994e10a79f208daa8a612233ce"},
	{DIGEST_SHA384, "00ff000000000000000000000000000000000000000000000000000000000000",
		"1c09c87a115e8dc10ea7e3d8c3036cd7c43b9caf2c349ca59fcb19534d4b992edc5f03e06b8dc10dfe"
		"4ed4a56a5f4bcd",
		"d2c492eb8d2bb33b1f31513b5dc607a424fa5f82049e6f6f01327716bf642015348effcb15e480a4ae"
		"902fabfe1a9508f2fcb224fd76784c75944aa0ff08b3b3"},
	{DIGEST_SHA512, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
		"78242549ee7c0c12faaca476e25f52545fb4ca9d4eb04d5ca5fb152ec450a99b42438d149970b42cc5"
		"9062acedcdcc80c7bce2237eba835e0623eda320846d23",
		"367c0c76e8023589016779ec73f429e2e662b37d43509e9d2a12dc22ff2145ea44125bf596109cd6ac"
		"c09c1ea98e851cce96b5ca69ffbd6168274b59989b962a"},
	{DIGEST_SHA512, "8000000000000000000000000000000000000000000000000000000000000000",
		"5701507667f0afe8ef526153c0665b2e6bc8ced853650aba8041d631678667891687c7a8c77ad92fc6"
		"2fd58070037bde931df0acdd2566c359e2992c4fb75a79",
		"d27b4907bbd2e511bd580761cfc194ab6d6aac9be895de765798fb593a2b93f44d0534bce2b96c6c8d"
		"2a0e3e9cb9c0a700578cb4f3e54d9fd1b67cab43810726"},
	{DIGEST_SHA512, "00007f000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c",
		"4c0335f5858801573cbd705a6d76941b110645e6a16acc06d7d568d47992da215eb4ccbfa7a1a7085d"
		"2408cf255e30b91960681d08b460ccac1499b56f84e933",
		"db4b66bb7ccac24964b19299a2071a63284fd8c68704a28900f34c2228c8d2e9fdf9df2b91804c094a"
		"a91400bfb4074bf91da48fe6514884eb876102c2ecec61"},
	{DIGEST_SHA512, "00ff000000000000000000000000000000000000000000000000000000000000",
		"4f338bfeeeefab9a813924bf4c9c94490c734f08702567e9076ed07242df7503387b0d96a47f393ddb"
		"a76c1bde5a171426468239151cf15926c01d7d2ec93db9",
		"1eca1c7f9e6d8fd22b2b892c4d3790ff06f67ee71bc32f3313cee65c50158b50371cd9bfaa11b537f1"
		"699b708e302f8108afcb35724d0386d30fef455d8b3bca"},
};
enum { VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

static struct bytes repeat(uint8_t *mem, uint8_t first, const char *text, size_t times)
{
	size_t n = strlen(text);

	mem[0] = MSG_KEXINIT;
	for (int i = 0; i < 16; i++)
		mem[1 + i] = (uint8_t)(first + i);
	for (size_t i = 0; i < times; i++)
		memcpy(mem + 17 + i * n, text, n);
	return bytes_of(mem, 17 + times * n);
}

static struct bytes encoded(const char *hex, struct span into)
{
	uint8_t raw[EXCHANGE_SECRET_MAX];
	struct writer w;

	wr_init(&w, into);
	wr_mpint(&w, bytes_of(raw, hex_to(hex, raw, sizeof(raw))));
	return wr_bytes(&w);
}

TEST(hash_and_keys)
{
	uint8_t i_c[100], i_s[100], k_s[100], q_c[32], q_s[32], k[KEX_SECRET_MAX];
	struct writer w;

	wr_init(&w, (struct span){k_s, sizeof(k_s)});
	wr_cstring(&w, "ssh-ed25519");
	wr_u32(&w, 32);
	for (uint8_t i = 0; i < 32; i++)
		wr_u8(&w, i);
	memset(q_c, 1, sizeof(q_c));
	memset(q_s, 2, sizeof(q_s));
	for (int i = 0; i < VECTORS; i++) {
		struct kex_transcript t = {
			.v_c = bytes_str("SSH-2.0-Sallyport_0.1"),
			.v_s = bytes_str("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10"),
			.i_c = repeat(i_c, 0, "ic", 20),
			.i_s = repeat(i_s, 16, "is", 30),
			.k_s = wr_bytes(&w),
			.q_c = bytes_of(q_c, sizeof(q_c)),
			.q_s = bytes_of(q_s, sizeof(q_s)),
			.k = encoded(vectors[i].secret, (struct span){k, sizeof(k)}),
		};
		uint8_t h[DIGEST_MAX], key[64];
		size_t len = digest_len(vectors[i].alg);

		harness_note("vector %d", i);
		REQUIRE_EQ(kex_hash(vectors[i].alg, &t, h), E_OK);
		CHECK_HEX(h, len, vectors[i].hash);
		REQUIRE_EQ(kex_expand(vectors[i].alg, t.k, bytes_of(h, len), 'C',
				   bytes_str("session"), key, sizeof(key)),
			E_OK);
		CHECK_HEX(key, sizeof(key), vectors[i].key);
	}
}

/* RFC 4253 7.2: a shorter key is the front of a longer one; each letter gives another. */
TEST(lengths_and_letters)
{
	uint8_t k[KEX_SECRET_MAX], h[32] = {9}, full[2 * DIGEST_MAX], part[2 * DIGEST_MAX];
	struct bytes secret = encoded("8001", (struct span){k, sizeof(k)});

	REQUIRE_EQ(kex_expand(DIGEST_SHA256, secret, bytes_of(h, 32), 'A', bytes_of(h, 32), full,
			   sizeof(full)),
		E_OK);
	for (size_t n = 0; n <= sizeof(full); n++) {
		memset(part, 0, sizeof(part));
		REQUIRE_EQ(kex_expand(DIGEST_SHA256, secret, bytes_of(h, 32), 'A', bytes_of(h, 32),
				   part, n),
			E_OK);
		CHECK_MEM(part, n, full);
	}
	CHECK_EQ(kex_expand(DIGEST_SHA256, secret, bytes_of(h, 32), 'A', bytes_of(h, 32), full,
			 sizeof(full) + 1),
		E_LIMIT);
	for (char a = 'A'; a < 'F'; a++) {
		uint8_t one[16], other[16];

		CHECK_EQ(kex_expand(DIGEST_SHA512, secret, bytes_of(h, 32), a, bytes_of(h, 32), one,
				 16),
			E_OK);
		CHECK_EQ(kex_expand(DIGEST_SHA512, secret, bytes_of(h, 32), (char)(a + 1),
				 bytes_of(h, 32), other, 16),
			E_OK);
		CHECK(memcmp(one, other, 16) != 0);
	}
}

TEST(nothing_to_free)
{
	struct kex *k = kex_new(false);
	struct fault f = {.err = E_OK};

	REQUIRE(k != NULL);
	CHECK(!kex_has_peer_offer(k));
	/* A reply without an ephemeral key is our own error, not a crash. */
	CHECK_EQ(kex_on_reply(k, bytes_str("\x1f"), &(struct kex_idents){.client = {NULL, 0}}, &f),
		E_STATE);
	kex_free(k);
	kex_free(NULL);
}
