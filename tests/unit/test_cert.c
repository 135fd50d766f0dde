/* SPDX-License-Identifier: ISC */
/* Certificates that ssh-keygen made (tests/data/certs), and what becomes of them when they are
 * damaged. */
#include "keys/cert.h"

#include "crypto/pk.h"
#include "datafile.h"
#include "harness.h"
#include "keys/pubkey.h"

#include <stdio.h>

enum { BLOB_MAX = 4096 };
#define IN_TIME 1700000000
#define FROM 1577836800	 /* 2020-01-01 */
#define UNTIL 1893456000 /* 2030-01-01 */

struct blob {
	uint8_t mem[BLOB_MAX];
	size_t len;
};

static void load(const char *folder, const char *name, struct blob *out)
{
	char path[128], *text;
	struct bytes comment;
	size_t len;

	snprintf(path, sizeof(path), "tests/data/%s/%s.pub", folder, name);
	text = datafile_read(path, &len);
	REQUIRE_EQ(pubkey_from_text(bytes_of(text, len), (struct span){out->mem, BLOB_MAX},
			   &out->len, &comment),
		E_OK);
	free(text);
}

static struct bytes bytes_of_blob(const struct blob *b)
{
	return bytes_of(b->mem, b->len);
}

TEST(cert_every_kind_of_key)
{
	static const struct {
		const char *name, *folder, *key, *type;
	} rows[] = {
		{"host-ed25519", "keys", "ed25519", "ssh-ed25519-cert-v01@openssh.com"},
		{"host-ecdsa256", "keys", "ecdsa256", "ecdsa-sha2-nistp256-cert-v01@openssh.com"},
		{"host-ecdsa384", "keys", "ecdsa384", "ecdsa-sha2-nistp384-cert-v01@openssh.com"},
		{"host-ecdsa521", "keys", "ecdsa521", "ecdsa-sha2-nistp521-cert-v01@openssh.com"},
		{"host-rsa2048", "keys", "rsa2048", "ssh-rsa-cert-v01@openssh.com"},
		{"host-sk-ed25519", "certs", "sk-ed25519", "sk-ssh-ed25519-cert-v01@openssh.com"},
		{"host-sk-ecdsa", "certs", "sk-ecdsa",
			"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct blob blob, key, ca;
		uint8_t plain[BLOB_MAX];
		struct fault f = {0};
		struct cert c;
		size_t len;

		harness_note("%s", rows[i].name);
		load("certs", rows[i].name, &blob);
		load(rows[i].folder, rows[i].key, &key);
		load("certs", "ca", &ca);
		REQUIRE_EQ(cert_parse(bytes_of_blob(&blob), &c), E_OK);
		CHECK_STR(c.type, rows[i].type);
		CHECK_EQ(c.kind, CERT_HOST);
		CHECK_EQ(c.serial, 7);
		CHECK(bytes_is(c.key_id, rows[i].name));
		CHECK_EQ(c.after_s, FROM);
		CHECK_EQ(c.before_s, UNTIL);
		CHECK_BYTES(c.authority, bytes_of_blob(&ca));
		REQUIRE_EQ(cert_plain(&c, (struct span){plain, sizeof(plain)}, &len), E_OK);
		CHECK_BYTES(bytes_of(plain, len), bytes_of_blob(&key));
		CHECK_EQ(cert_plain(&c, (struct span){plain, len - 1}, &len), E_LIMIT);
		CHECK_EQ(cert_verify(&c, sig_default_list(), &f), VERDICT_GOOD);
		CHECK_EQ(cert_is_for_host(&c, "relay.example", IN_TIME, &f), VERDICT_GOOD);
	}
}

TEST(cert_key_of_a_blob)
{
	struct blob blob, again;
	struct pk *key;

	load("certs", "host-rsa2048", &blob);
	REQUIRE_EQ(cert_key_from_blob(bytes_of_blob(&blob), &key), E_OK);
	REQUIRE_EQ(pubkey_to_blob(key, (struct span){again.mem, BLOB_MAX}, &again.len), E_OK);
	pk_free(key);
	load("keys", "rsa2048", &blob);
	CHECK_BYTES(bytes_of_blob(&again), bytes_of_blob(&blob));
	REQUIRE_EQ(cert_key_from_blob(bytes_of_blob(&blob), &key), E_OK);
	pk_free(key);
	load("certs", "host-sk-ed25519", &blob);
	REQUIRE_EQ(cert_key_from_blob(bytes_of_blob(&blob), &key), E_OK);
	CHECK_EQ(pk_type_of(key), PK_SK_ED25519);
	pk_free(key);
	blob.len--;
	CHECK_EQ(cert_key_from_blob(bytes_of_blob(&blob), &key), E_FORMAT);
	CHECK(key == NULL);
}

TEST(cert_authorities)
{
	static const struct {
		const char *name, *algs, *why;
	} rows[] = {
		{"host-by-rsa-512", NULL, NULL},
		{"host-by-rsa-256", NULL, NULL},
		{"host-by-rsa-256", "rsa-sha2-512,ssh-ed25519",
			"signed by an algorithm that is not accepted"},
		{"host-by-sha1", NULL, "signed by an algorithm that is not accepted"},
		{"host-by-sha1", "ssh-rsa", "signed by an algorithm that is not accepted"},
		{"host-ed25519", "rsa-sha2-512", "signed by an algorithm that is not accepted"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *algs = rows[i].algs != NULL ? rows[i].algs : sig_default_list();
		struct fault f = {0};
		struct blob blob;
		struct cert c;

		harness_note("%s by %s", rows[i].name, algs);
		load("certs", rows[i].name, &blob);
		REQUIRE_EQ(cert_parse(bytes_of_blob(&blob), &c), E_OK);
		CHECK_EQ(cert_verify(&c, algs, &f),
			rows[i].why == NULL ? VERDICT_GOOD : VERDICT_BAD);
		CHECK_STR(f.text, rows[i].why == NULL ? "" : rows[i].why);
	}
}

TEST(cert_for_hosts)
{
	static const struct {
		const char *cert, *name;
		uint64_t now_s;
		const char *why;
	} rows[] = {
		{"host-ed25519", "relay.example", IN_TIME, NULL},
		{"host-ed25519", "a.inner.example", IN_TIME, NULL},
		{"host-ed25519", "relay.example", FROM, NULL},
		{"host-ed25519", "relay.example", UNTIL - 1, NULL},
		{"host-ed25519", "relay.example", FROM - 1, "Certificate invalid: not yet valid"},
		{"host-ed25519", "relay.example", UNTIL, "Certificate invalid: expired"},
		{"host-ed25519", "other.example", IN_TIME,
			"Certificate invalid: name is not a listed principal"},
		{"host-ed25519", "", IN_TIME,
			"Certificate invalid: name is not a listed principal"},
		{"host-ed25519", "relay.example.org", IN_TIME,
			"Certificate invalid: name is not a listed principal"},
		{"host-of-nobody", "relay.example", IN_TIME,
			"Certificate invalid: lacks principal list"},
		{"host-critical", "relay.example", IN_TIME,
			"Certificate contains unsupported critical options(s)"},
		{"user", "bob", IN_TIME, "Certificate invalid: not a host certificate"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault f = {0};
		struct blob blob;
		struct cert c;

		harness_note("%s for %s", rows[i].cert, rows[i].name);
		load("certs", rows[i].cert, &blob);
		REQUIRE_EQ(cert_parse(bytes_of_blob(&blob), &c), E_OK);
		CHECK_EQ(cert_is_for_host(&c, rows[i].name, rows[i].now_s, &f),
			rows[i].why == NULL ? VERDICT_GOOD : VERDICT_BAD);
		CHECK_STR(f.text, rows[i].why == NULL ? "" : rows[i].why);
	}
}

/* Whatever byte is changed, nothing is certified any more. */
TEST(cert_damaged)
{
	struct blob blob;
	struct cert c;

	load("certs", "host-ed25519", &blob);
	for (size_t i = 0; i < blob.len; i++) {
		struct fault f = {0};

		blob.mem[i] ^= 1;
		if (cert_parse(bytes_of_blob(&blob), &c) == E_OK)
			CHECK_EQ(cert_verify(&c, sig_default_list(), &f), VERDICT_BAD);
		blob.mem[i] ^= 1;
	}
	for (size_t len = 0; len < blob.len; len++)
		CHECK(cert_parse(bytes_of(blob.mem, len), &c) != E_OK);
	blob.mem[blob.len] = 0;
	CHECK_EQ(cert_parse(bytes_of(blob.mem, blob.len + 1), &c), E_FORMAT);
	load("keys", "ed25519", &blob);
	CHECK_EQ(cert_parse(bytes_of_blob(&blob), &c), E_UNKNOWN);
}
