/* SPDX-License-Identifier: ISC */
#include "transport/kexinit.h"

#include "wire/namelist.h"

#include "harness.h"
#include "hex.h"

static uint8_t ours_mem[KEXINIT_MAX], theirs_mem[KEXINIT_MAX];

/* A KEXINIT with these lists, each way the same. */
struct lists {
	const char *kex, *host_key, *cipher, *mac, *compress;
	bool first_follows;
};

static const struct lists good = {
	"curve25519-sha256", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256", "none", false};

static struct bytes write_lists(const struct lists *l, uint8_t *mem)
{
	const char *const lists[KEXINIT_LISTS] = {l->kex, l->host_key, l->cipher, l->cipher, l->mac,
		l->mac, l->compress, l->compress, "", ""};
	struct writer w;

	wr_init(&w, (struct span){mem, KEXINIT_MAX});
	wr_u8(&w, MSG_KEXINIT);
	wr_raw(&w, bytes_of("0123456789abcdef", 16));
	for (int i = 0; i < KEXINIT_LISTS; i++)
		wr_cstring(&w, lists[i]);
	wr_bool(&w, l->first_follows);
	wr_u32(&w, 0);
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

static struct kexinit parsed(const struct lists *l, uint8_t *mem)
{
	struct kexinit k;

	REQUIRE_EQ(kexinit_parse(write_lists(l, mem), &k), E_OK);
	return k;
}

struct outcome {
	enum err e;
	struct kexinit_choice c;
	struct fault f;
};

static struct outcome meet(
	const struct lists *client, const struct lists *server, bool is_server, bool is_strict)
{
	struct outcome o = {.e = E_OK};
	struct kexinit ours = parsed(is_server ? server : client, ours_mem);
	struct kexinit theirs = parsed(is_server ? client : server, theirs_mem);

	o.e = kexinit_negotiate(&ours, &theirs, is_server, is_strict, &o.c, &o.f);
	return o;
}

TEST(what_is_built_is_parsed)
{
	struct kexinit_offer offer = {.is_server = true,
		.is_first = true,
		.kex = "curve25519-sha256",
		.host_key_algs = "ssh-ed25519",
		.ciphers = "aes128-ctr",
		.macs = "hmac-sha2-256"};
	struct kexinit k;
	struct writer w;

	memset(offer.cookie, 0xcc, sizeof(offer.cookie));
	wr_init(&w, (struct span){ours_mem, kexinit_room(&offer)});
	kexinit_build(&w, &offer);
	REQUIRE(wr_ok(&w));
	CHECK_EQ(wr_bytes(&w).ptr[0], MSG_KEXINIT);
	CHECK_HEX(wr_bytes(&w).ptr + 1, 16, "cccccccccccccccccccccccccccccccc");
	REQUIRE_EQ(kexinit_parse(wr_bytes(&w), &k), E_OK);
	CHECK(bytes_is(
		k.list[KEXINIT_KEX], "curve25519-sha256,ext-info-s,kex-strict-s-v00@openssh.com"));
	CHECK(bytes_is(k.list[KEXINIT_CIPHER_SC], "aes128-ctr"));
	CHECK(bytes_is(k.list[KEXINIT_MAC_CS], "hmac-sha2-256"));
	CHECK(bytes_is(k.list[KEXINIT_COMPRESS_CS], "none"));
	CHECK_EQ(k.list[KEXINIT_LANG_SC].len, 0);
	CHECK(!k.first_follows);
	CHECK(kexinit_has_strict(&k, true) && kexinit_has_ext_info(&k, true));
	CHECK(!kexinit_has_strict(&k, false) && !kexinit_has_ext_info(&k, false));
}

/* R5: markers belong to the first KEXINIT only. */
TEST(r5_markers_are_of_the_first_only_and_of_the_role)
{
	for (int role = 0; role < 2; role++)
		for (int first = 0; first < 2; first++) {
			struct kexinit_offer offer = {.is_server = role,
				.is_first = first,
				.kex = "a",
				.host_key_algs = "b",
				.ciphers = "c",
				.macs = "d"};
			struct kexinit k;
			struct writer w;

			wr_init(&w, (struct span){ours_mem, kexinit_room(&offer)});
			kexinit_build(&w, &offer);
			REQUIRE_EQ(kexinit_parse(wr_bytes(&w), &k), E_OK);
			CHECK_EQ(kexinit_has_strict(&k, role), first);
			CHECK_EQ(kexinit_has_ext_info(&k, role), first);
			CHECK(!kexinit_has_strict(&k, !role));
			if (!first)
				CHECK(bytes_is(k.list[KEXINIT_KEX], "a"));
		}
}

TEST(every_cut_and_every_tail_fails)
{
	struct bytes all = write_lists(&good, theirs_mem);
	struct kexinit k;

	for (size_t n = 0; n < all.len; n++)
		CHECK(kexinit_parse(bytes_of(all.ptr, n), &k) != E_OK);
	CHECK_EQ(kexinit_parse(bytes_of(all.ptr, all.len + 1), &k), E_TRAILING);
	theirs_mem[all.len - 1] = 7; /* RFC 4253 7.1 reserved: ignored */
	CHECK_EQ(kexinit_parse(all, &k), E_OK);
	theirs_mem[0] = MSG_NEWKEYS;
	CHECK_EQ(kexinit_parse(all, &k), E_FORMAT);
}

TEST(lists_that_are_none_are_refused)
{
	static char long_name[70], long_list[LIMIT_NAMELIST + 2];
	struct lists l = good;
	struct kexinit k;

	memset(long_name, 'a', 65);
	l.kex = long_name;
	CHECK_EQ(kexinit_parse(write_lists(&l, theirs_mem), &k), E_FORMAT);
	l.kex = "curve25519-sha256,a b";
	CHECK_EQ(kexinit_parse(write_lists(&l, theirs_mem), &k), E_FORMAT);
	l.kex = "\xc3\xa4";
	CHECK_EQ(kexinit_parse(write_lists(&l, theirs_mem), &k), E_FORMAT);
	for (size_t i = 0; i < LIMIT_NAMELIST + 1; i++)
		long_list[i] = i % 2 ? ',' : 'a';
	l.kex = long_list;
	CHECK_EQ(kexinit_parse(write_lists(&l, theirs_mem), &k), E_SHORT);
	long_list[LIMIT_NAMELIST] = '\0';
	CHECK_EQ(kexinit_parse(write_lists(&l, theirs_mem), &k), E_OK);
}

TEST(the_clients_order_decides)
{
	struct lists client = good, server = good;

	client.cipher = "aes256-ctr,aes128-ctr";
	server.cipher = "aes128-ctr,aes256-ctr";
	client.kex = "unknown,ecdh-sha2-nistp384,curve25519-sha256";
	server.kex = "curve25519-sha256,ecdh-sha2-nistp384,unknown";
	client.host_key = "ssh-rsa,rsa-sha2-512,ssh-ed25519"; /* SHA-1 is unknown here */
	server.host_key = "ssh-rsa,ssh-ed25519,rsa-sha2-512";
	client.mac = "hmac-sha1,hmac-sha2-512";
	server.mac = "hmac-sha1,hmac-sha2-256,hmac-sha2-512";
	client.compress = server.compress = "zlib,none";
	for (int role = 0; role < 2; role++) {
		struct outcome o = meet(&client, &server, role, true);

		REQUIRE_EQ(o.e, E_OK);
		CHECK_STR(o.c.kex->name, "ecdh-sha2-nistp384");
		CHECK_STR(o.c.host_key->name, "rsa-sha2-512");
		CHECK_STR(o.c.cs.cipher->name, "aes256-ctr");
		CHECK_STR(o.c.sc.cipher->name, "aes256-ctr");
		CHECK_STR(o.c.cs.mac->name, "hmac-sha2-512");
	}
}

/* russh 2025: a marker was once selected as the algorithm. */
TEST(r5_markers_are_never_chosen)
{
	static const char *const markers[] = {"ext-info-c", "ext-info-s",
		"kexguess2@matt.ucc.asn.au", "kex-strict-c-v00@openssh.com",
		"kex-strict-s-v00@openssh.com"};

	for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++) {
		struct lists l = good;

		l.kex = markers[i];
		CHECK_EQ(meet(&l, &l, i & 1, true).e, E_NOALG);
	}
}

TEST(nothing_in_common_names_the_list)
{
	static const struct {
		struct lists l;
		const char *text;
	} cases[] = {
		{{"diffie-hellman-group1-sha1", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256",
			 "none", 0},
			"no matching key exchange method found. Their offer: "
			"diffie-hellman-group1-sha1"},
		{{"curve25519-sha256", "ssh-dss", "aes128-ctr", "hmac-sha2-256", "none", 0},
			"no matching host key type found. Their offer: ssh-dss"},
		{{"curve25519-sha256", "ssh-ed25519", "3des-cbc", "hmac-sha2-256", "none", 0},
			"no matching cipher found. Their offer: 3des-cbc"},
		{{"curve25519-sha256", "ssh-ed25519", "aes128-ctr", "hmac-md5", "none", 0},
			"no matching MAC found. Their offer: hmac-md5"},
		{{"curve25519-sha256", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256", "zlib", 0},
			"no matching compression method found. Their offer: zlib"},
		{{"", "ssh-ed25519", "aes128-ctr", "hmac-sha2-256", "none", 0},
			"no matching key exchange method found. Their offer: "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o = meet(&good, &cases[i].l, false, true);

		CHECK_EQ(o.e, E_NOALG);
		CHECK_EQ(o.f.code, DISCONNECT_KEX_FAILED);
		CHECK_STR(o.f.text, cases[i].text);
		CHECK_EQ(meet(&cases[i].l, &good, true, true).e, E_NOALG);
	}
}

TEST(aead_needs_no_mac)
{
	struct lists client = good, server = good;
	struct outcome o;

	client.cipher = server.cipher = "aes256-gcm@openssh.com";
	client.mac = "";
	server.mac = "hmac-md5";
	o = meet(&client, &server, false, false);
	REQUIRE_EQ(o.e, E_OK);
	CHECK(o.c.cs.mac == NULL && o.c.sc.mac == NULL);
	CHECK_STR(o.c.sc.cipher->name, "aes256-gcm@openssh.com");
}

/* libssh 0.10 ends its lists with a comma. */
TEST(a_trailing_comma_is_nothing)
{
	struct lists l = good;

	l.kex = "curve25519-sha256,";
	l.cipher = ",aes128-ctr,,";
	CHECK_EQ(meet(&l, &good, true, true).e, E_OK);
	CHECK_EQ(meet(&good, &l, true, true).e, E_OK);
}

TEST(r4_cve_2023_48795_chacha_only_under_strict)
{
	struct lists l = good;
	struct outcome o;

	l.cipher = "chacha20-poly1305@openssh.com,aes128-ctr";
	o = meet(&l, &l, true, true);
	REQUIRE_EQ(o.e, E_OK);
	CHECK_STR(o.c.cs.cipher->name, "chacha20-poly1305@openssh.com");
	o = meet(&l, &l, true, false);
	REQUIRE_EQ(o.e, E_OK);
	CHECK_STR(o.c.cs.cipher->name, "aes128-ctr");
	l.cipher = "chacha20-poly1305@openssh.com";
	CHECK_EQ(meet(&l, &l, false, false).e, E_NOALG);
}

/* RFC 4253 7: both first names count. */
/* No finite-field exchange (CVE-2002-20001), CBC (CVE-2008-5161), SHA-1, MD5, short tag,
 * compression (CVE-2026-23943) or "none" where it protects: not chosen even when both sides offer
 * it. */
TEST(r23_r39_r56_cve_2026_23943_cve_2002_20001_cve_2008_5161_nothing_weak_can_be_chosen)
{
	static const char *const kex[] = {"diffie-hellman-group1-sha1",
		"diffie-hellman-group14-sha1", "diffie-hellman-group14-sha256",
		"diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
		"diffie-hellman-group-exchange-sha1", "diffie-hellman-group-exchange-sha256",
		"kexguess2@matt.ucc.asn.au", "ext-info-s", "ext-info-c",
		"kex-strict-s-v00@openssh.com", "none", "CURVE25519-SHA256"};
	static const char *const host_key[] = {"ssh-rsa", "ssh-dss", "null", "none"};
	static const char *const cipher[] = {"none", "aes128-cbc", "aes256-cbc", "3des-cbc",
		"blowfish-cbc", "arcfour", "arcfour256", "rijndael-cbc@lysator.liu.se"};
	static const char *const mac[] = {"none", "hmac-sha1", "hmac-sha1-96", "hmac-md5",
		"hmac-md5-etm@openssh.com", "hmac-sha1-etm@openssh.com", "umac-64@openssh.com"};
	static const char *const compress[] = {"zlib", "zlib@openssh.com"};
	static const struct {
		const char *const *names;
		size_t count, field; /* where in struct lists */
	} rows[] = {
		{kex, sizeof(kex) / sizeof(*kex), offsetof(struct lists, kex)},
		{host_key, sizeof(host_key) / sizeof(*host_key), offsetof(struct lists, host_key)},
		{cipher, sizeof(cipher) / sizeof(*cipher), offsetof(struct lists, cipher)},
		{mac, sizeof(mac) / sizeof(*mac), offsetof(struct lists, mac)},
		{compress, sizeof(compress) / sizeof(*compress), offsetof(struct lists, compress)},
	};

	REQUIRE_EQ(meet(&good, &good, true, true).e, E_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t k = 0; k < rows[i].count; k++) {
			struct lists both = good;

			harness_note("%s", rows[i].names[k]);
			*(const char **)((char *)&both + rows[i].field) = rows[i].names[k];
			CHECK_EQ(meet(&both, &both, true, true).e, E_NOALG);
			CHECK_EQ(meet(&both, &both, false, true).e, E_NOALG);
		}
	}
}

TEST(guesses)
{
	struct lists a = good, b = good;
	struct kexinit ours, theirs;

	a.kex = "curve25519-sha256,ecdh-sha2-nistp256";
	b.kex = "curve25519-sha256";
	ours = parsed(&a, ours_mem);
	theirs = parsed(&b, theirs_mem);
	CHECK(!kexinit_is_guess_wrong(&ours, &theirs));
	b.kex = "ecdh-sha2-nistp256,curve25519-sha256";
	theirs = parsed(&b, theirs_mem);
	CHECK(kexinit_is_guess_wrong(&ours, &theirs));
	b.kex = a.kex;
	b.host_key = "rsa-sha2-512,ssh-ed25519";
	theirs = parsed(&b, theirs_mem);
	CHECK(kexinit_is_guess_wrong(&ours, &theirs));
	b.host_key = "";
	theirs = parsed(&b, theirs_mem);
	CHECK(kexinit_is_guess_wrong(&ours, &theirs));
}
