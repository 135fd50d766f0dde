/* SPDX-License-Identifier: ISC */
/* Keys that the relay's side of login is offered: of which it takes none, certificates, and keys in
 * hardware, which say whether their owner was there. */
#include "auth_bench.h"
#include "crypto/digest.h"
#include "datafile.h"
#include "keys/keyalg.h"
#include "keys/privkey.h"

#include <stdio.h>

/* A request with this algorithm name and blob, signed (by nobody) or not, is refused unasked. */
static void check_unusable(const char *alg, struct bytes blob)
{
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		static uint8_t mem[32768];
		struct publickey p = {.user = bytes_str("bob"),
			.service = bytes_str("ssh-connection"),
			.alg = bytes_str(alg),
			.blob = blob,
			.is_signed = is_signed};
		struct bench b;
		struct writer w;

		harness_note("%s, signed %d", alg, is_signed);
		start(&b);
		wr_init(&w, (struct span){mem, sizeof(mem)});
		publickey_write(&w, &p);
		if (is_signed)
			wr_cstring(&w, "signature");
		REQUIRE(wr_ok(&w));
		CHECK_EQ(feed(&b, wr_bytes(&w)), E_OK);
		CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
		check_failure(&b);
		CHECK_EQ(auth_server_failures(b.a), (unsigned)is_signed);
		stop(&b);
	}
}

/* The blob of an RSA key with n of this many bits (all ones). */
static struct bytes rsa_blob(unsigned bits, uint8_t *mem, size_t cap)
{
	static uint8_t n[4096];
	static const uint8_t e[] = {1, 0, 1};
	struct writer w;

	memset(n, 0xff, sizeof(n));
	wr_init(&w, (struct span){mem, cap});
	wr_cstring(&w, "ssh-rsa");
	wr_mpint(&w, bytes_of(e, sizeof(e)));
	wr_mpint(&w, bytes_of(n, bits / 8));
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

TEST(auth_server_refuses_unusable_keys)
{
	static uint8_t big[20000];
	uint8_t mem[5000];

	check_unusable("ssh-rsa", authkey_pair_at(AUTHKEY_RSA)->blob); /* SHA-1 */
	check_unusable("ssh-dss", bytes_str("any"));
	check_unusable("", authkey_pair_at(0)->blob);
	check_unusable("ssh-ed25519", authkey_pair_at(1)->blob); /* another type's blob */
	check_unusable("rsa-sha2-512", authkey_pair_at(0)->blob);
	check_unusable("ecdsa-sha2-nistp384", authkey_pair_at(1)->blob);
	check_unusable("ssh-ed25519", (struct bytes){0});
	check_unusable("ssh-ed25519,ssh-ed25519", authkey_pair_at(0)->blob); /* R47 */
	check_unusable("SSH-ED25519", authkey_pair_at(0)->blob);
	check_unusable("ssh-ed25519", bytes_of(authkey_pair_at(0)->blob.ptr, 50));
	check_unusable("ssh-ed25519-cert-v01@openssh.com", bytes_of(big, sizeof(big)));
	check_unusable("rsa-sha2-512", rsa_blob(1024, mem, sizeof(mem)));
	check_unusable("rsa-sha2-512", rsa_blob(16384, mem, sizeof(mem)));
	sig_algs = "rsa-sha2-512,ecdsa-sha2-nistp256";
	check_unusable("ssh-ed25519", authkey_pair_at(0)->blob);
	sig_algs = NULL;
}

/* The name inside the signature must be the one of the request. */
TEST(auth_server_rsa_signature_by_another_hash)
{
	struct authkey_pair *k = authkey_pair_at(AUTHKEY_RSA);
	struct publickey p = {.user = bytes_str("bob"),
		.service = bytes_str("ssh-connection"),
		.alg = bytes_str("rsa-sha2-512"),
		.blob = k->blob,
		.is_signed = true};
	uint8_t mem[4096], sig[PK_SIGNATURE_MAX];
	struct span to_sign;
	struct writer w;
	struct bench b;
	size_t len;

	start(&b);
	REQUIRE_EQ(
		publickey_to_sign(bytes_of(session_id, sizeof(session_id)), &p, 0, &to_sign), E_OK);
	REQUIRE_EQ(
		pk_sign(k->key, sig_alg_find(bytes_str("rsa-sha2-256")),
			bytes_of(to_sign.ptr, to_sign.len), (struct span){sig, sizeof(sig)}, &len),
		E_OK);
	free(to_sign.ptr);
	wr_init(&w, (struct span){mem, sizeof(mem)});
	publickey_write(&w, &p);
	wr_string(&w, bytes_of(sig, len));
	REQUIRE_EQ(feed(&b, wr_bytes(&w)), E_OK);
	REQUIRE_EQ(b.ev, AUTH_SERVER_ASKS);
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	check_failure(&b);
	stop(&b);
}

/* --- certificates and keys in hardware -------------------------------------------------------- */

enum { BLOB_MAX = 4096 };

/* A key of tests/data/keys, and a public key or certificate over it. */
struct owner {
	struct pk *key;
	uint8_t mem[BLOB_MAX];
	struct bytes blob;
	const struct keyalg *alg;
};

static void owner_init(struct owner *o, const char *key, const char *blob, const char *alg)
{
	char path[128], comment[64];
	struct bytes rest;
	size_t len;
	char *text;

	harness_note("%s %s", blob, alg);
	snprintf(path, sizeof(path), "tests/data/keys/%s", key);
	text = datafile_read(path, &len);
	REQUIRE_EQ(privkey_from_text(bytes_of(text, len), &o->key, comment, sizeof(comment), NULL),
		E_OK);
	free(text);
	snprintf(path, sizeof(path), "tests/data/certs/%s.pub", blob);
	text = datafile_read(path, &len);
	REQUIRE_EQ(pubkey_from_text(bytes_of(text, len), (struct span){o->mem, BLOB_MAX},
			   &o->blob.len, &rest),
		E_OK);
	free(text);
	o->blob.ptr = o->mem;
	o->alg = keyalg_find(bytes_str(alg));
	REQUIRE(o->alg != NULL);
}

/* What a key in hardware signs in the place of data. */
static struct bytes hardware_text(struct bytes data, uint8_t flags, uint8_t out[static 69])
{
	struct bytes application = bytes_str("ssh:");
	uint8_t hash[DIGEST_MAX];

	REQUIRE_EQ(digest_pieces(DIGEST_SHA256, &application, 1, hash), E_OK);
	memcpy(out, hash, 32);
	out[32] = flags;
	store_be32(out + 33, 7);
	REQUIRE_EQ(digest_pieces(DIGEST_SHA256, &data, 1, hash), E_OK);
	memcpy(out + 37, hash, 32);
	return bytes_of(out, 69);
}

static void write_signature(
	struct writer *w, const struct owner *o, struct bytes data, uint8_t flags)
{
	const char *names[] = {[PK_ED25519] = "ssh-ed25519",
		[PK_ECDSA_256] = "ecdsa-sha2-nistp256",
		[PK_ECDSA_384] = "ecdsa-sha2-nistp384",
		[PK_ECDSA_521] = "ecdsa-sha2-nistp521",
		[PK_RSA] = o->alg->sig_name};
	uint8_t sig[PK_SIGNATURE_MAX], text[69];
	size_t len, mark = wr_mark(w);
	struct reader r;

	if (o->alg->is_sk)
		data = hardware_text(data, flags, text);
	REQUIRE_EQ(pk_sign(o->key, sig_alg_find(bytes_str(names[pk_type_of(o->key)])), data,
			   (struct span){sig, sizeof(sig)}, &len),
		E_OK);
	rd_init(&r, bytes_of(sig, len));
	rd_string(&r, 64);
	wr_cstring(w, o->alg->sig_name);
	wr_string(w, rd_string(&r, PK_SIGNATURE_MAX));
	if (o->alg->is_sk) {
		wr_u8(w, flags);
		wr_u32(w, 7);
	}
	wr_close(w, mark);
}

static enum err feed_owner(struct bench *b, const struct owner *o, bool is_signed, uint8_t flags)
{
	struct publickey p = {.user = bytes_str("bob"),
		.service = bytes_str("ssh-connection"),
		.alg = bytes_str(o->alg->name),
		.blob = o->blob,
		.is_signed = is_signed};
	static uint8_t mem[8192];
	struct span to_sign;
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	publickey_write(&w, &p);
	if (is_signed) {
		REQUIRE_EQ(publickey_to_sign(
				   bytes_of(session_id, sizeof(session_id)), &p, 0, &to_sign),
			E_OK);
		write_signature(&w, o, bytes_of(to_sign.ptr, to_sign.len), flags);
		free(to_sign.ptr);
	}
	REQUIRE(wr_ok(&w));
	return feed(b, wr_bytes(&w));
}

static const struct {
	const char *key, *blob, *alg;
} owners[] = {
	{"ed25519", "host-ed25519", "ssh-ed25519-cert-v01@openssh.com"},
	{"ecdsa256", "host-ecdsa256", "ecdsa-sha2-nistp256-cert-v01@openssh.com"},
	{"ecdsa384", "host-ecdsa384", "ecdsa-sha2-nistp384-cert-v01@openssh.com"},
	{"ecdsa521", "host-ecdsa521", "ecdsa-sha2-nistp521-cert-v01@openssh.com"},
	{"rsa2048", "host-rsa2048", "rsa-sha2-512-cert-v01@openssh.com"},
	{"rsa2048", "host-rsa2048", "rsa-sha2-256-cert-v01@openssh.com"},
	{"ed25519", "host-sk-ed25519", "sk-ssh-ed25519-cert-v01@openssh.com"},
	{"ecdsa256", "host-sk-ecdsa", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"},
	{"ed25519", "sk-ed25519", "sk-ssh-ed25519@openssh.com"},
	{"ecdsa256", "sk-ecdsa", "sk-ecdsa-sha2-nistp256@openssh.com"},
};

enum { OWNERS = sizeof(owners) / sizeof(owners[0]) };

/* Whether a certificate may be used for this, or by whom it was given, the program judges: here its
 * key signs, and the whole of it is the identity. */
TEST(auth_server_certificates_and_hardware)
{
	sig_algs = keyalg_login_list();
	for (size_t i = 0; i < OWNERS; i++) {
		struct bytes m, alg, blob;
		struct owner o;
		struct bench b;

		owner_init(&o, owners[i].key, owners[i].blob, owners[i].alg);
		start(&b);
		REQUIRE_EQ(feed_owner(&b, &o, false, 1), E_OK);
		REQUIRE_EQ(b.ev, AUTH_SERVER_ASKS);
		CHECK_BYTES(auth_server_key(b.a), o.blob);
		REQUIRE_EQ(answer(&b, true), E_OK);
		m = fakeport_take(b.port);
		REQUIRE_EQ(publickey_read_ok(m, &alg, &blob), E_OK);
		CHECK(bytes_is(alg, o.alg->name));
		CHECK_BYTES(blob, o.blob);
		REQUIRE_EQ(feed_owner(&b, &o, true, 1), E_OK);
		REQUIRE_EQ(b.ev, AUTH_SERVER_ASKS);
		REQUIRE_EQ(answer(&b, true), E_OK);
		CHECK_EQ(b.ev, AUTH_SERVER_LOGIN);
		CHECK_BYTES(auth_server_key(b.a), o.blob);
		CHECK(auth_server_flaw(b.a) == NULL);
		stop(&b);
		/* The key of somebody else. */
		pk_free(o.key);
		REQUIRE_EQ(pk_generate(&o.key, pk_type_of(authkey_pair_at(0)->key), 0), E_OK);
		start(&b);
		if (pk_type_of(o.key) == PK_ED25519 && strstr(owners[i].key, "ed25519")) {
			REQUIRE_EQ(feed_owner(&b, &o, true, 1), E_OK);
			REQUIRE_EQ(answer(&b, true), E_OK);
			CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
			CHECK_STR(auth_server_flaw(b.a), "the signature is wrong");
		}
		stop(&b);
		pk_free(o.key);
	}
	sig_algs = NULL;
}

/* An algorithm is taken by its own name: who takes keys takes no certificates of them. */
TEST(auth_server_takes_what_is_listed)
{
	for (size_t i = 0; i < OWNERS; i++) {
		struct owner o;

		owner_init(&o, owners[i].key, owners[i].blob, owners[i].alg);
		check_unusable(owners[i].alg, o.blob); /* only plain keys are listed */
		sig_algs = keyalg_login_list();
		check_unusable(o.alg->sig_name, i < 8 ? o.blob : bytes_of(o.blob.ptr, 40));
		check_unusable(owners[i].alg, bytes_of(o.blob.ptr, o.blob.len - 1));
		sig_algs = NULL;
		pk_free(o.key);
	}
}

TEST(auth_server_who_was_at_the_hardware)
{
	static const char touch[] = "user presence (authenticator touch) requirement not met";
	static const char verify[] = "user verification requirement not met";
	static const struct {
		struct auth_terms terms;
		bool are_said;
		uint8_t flags;
		const char *flaw;
	} rows[] = {
		{{false, false}, false, 0, touch}, /* without terms it must be touched */
		{{false, false}, false, 1, NULL},
		{{false, false}, false, 4, touch},
		{{false, false}, true, 0, touch},
		{{true, false}, true, 0, NULL},
		{{true, false}, true, 4, NULL},
		{{false, true}, true, 1, verify},
		{{false, true}, true, 4, touch},
		{{false, true}, true, 5, NULL},
		{{true, true}, true, 0, verify},
		{{true, true}, true, 4, NULL},
	};

	sig_algs = keyalg_login_list();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < OWNERS; k++) {
			struct owner o;
			struct bench b;
			const char *flaw;

			owner_init(&o, owners[k].key, owners[k].blob, owners[k].alg);
			flaw = o.alg->is_sk ? rows[i].flaw : NULL; /* others cannot say */
			start(&b);
			REQUIRE_EQ(feed_owner(&b, &o, true, rows[i].flags), E_OK);
			if (rows[i].are_said)
				auth_server_terms(b.a, rows[i].terms);
			REQUIRE_EQ(answer(&b, true), E_OK);
			CHECK_EQ(b.ev, flaw == NULL ? AUTH_SERVER_LOGIN : AUTH_SERVER_GOES_ON);
			CHECK_EQ(auth_server_failures(b.a), flaw != NULL);
			if (flaw == NULL)
				CHECK(auth_server_flaw(b.a) == NULL);
			else
				CHECK_STR(auth_server_flaw(b.a), flaw);
			stop(&b);
			pk_free(o.key);
		}
	}
	sig_algs = NULL;
}

/* Terms hold for one answer. */
TEST(auth_server_terms_are_forgotten)
{
	struct owner o;
	struct bench b;

	sig_algs = keyalg_login_list();
	owner_init(&o, "ed25519", "sk-ed25519", "sk-ssh-ed25519@openssh.com");
	start(&b);
	REQUIRE_EQ(feed_owner(&b, &o, false, 0), E_OK);
	auth_server_terms(b.a, (struct auth_terms){.may_be_untouched = true});
	REQUIRE_EQ(answer(&b, true), E_OK);
	REQUIRE_EQ(feed_owner(&b, &o, true, 0), E_OK);
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	stop(&b);
	pk_free(o.key);
	sig_algs = NULL;
}
