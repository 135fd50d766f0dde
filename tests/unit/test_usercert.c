/* SPDX-License-Identifier: ISC */
/* Certificates of users that ssh-keygen made (tests/data/usercerts). What sshd makes of such ones
 * is asked in tests/interop/test_certificates.py. */
#include "keys/usercert.h"

#include "datafile.h"
#include "harness.h"
#include "keys/authoptions.h"
#include "keys/keyalg.h"
#include "keys/pubkey.h"

#include <stdio.h>

enum { BLOB_MAX = 4096 };
#define IN_TIME 1700000000
#define FROM 1577836800	 /* 2020-01-01 */
#define UNTIL 1893456000 /* 2030-01-01 */

struct paper {
	uint8_t mem[BLOB_MAX];
	struct bytes blob;
	struct usercert cert;
};

static void load(const char *folder, const char *name, struct paper *p)
{
	char path[128], *text;
	struct bytes comment;
	size_t len;

	snprintf(path, sizeof(path), "tests/data/%s/%s.pub", folder, name);
	text = datafile_read(path, &len);
	REQUIRE_EQ(pubkey_from_text(bytes_of(text, len), (struct span){p->mem, BLOB_MAX},
			   &p->blob.len, &comment),
		E_OK);
	p->blob.ptr = p->mem;
	free(text);
}

static void read(const char *name, struct paper *p)
{
	load("usercerts", name, p);
	REQUIRE_EQ(usercert_read(p->blob, &p->cert, NULL), E_OK);
}

TEST(usercert_what_it_says)
{
	struct paper p;

	read("plain", &p);
	CHECK(p.cert.may_forward && !p.cert.may_be_untouched && !p.cert.must_be_verified);
	CHECK(!p.cert.has_source && !p.cert.has_command);
	CHECK_EQ(p.cert.cert.serial, 7);
	read("clear", &p);
	CHECK(!p.cert.may_forward);
	read("extension", &p);
	CHECK(p.cert.may_forward);
	read("all", &p);
	CHECK(p.cert.may_forward && p.cert.may_be_untouched && p.cert.must_be_verified);
	CHECK(p.cert.has_source && bytes_is(p.cert.source, "192.0.2.0/24,2001:db8::1"));
	CHECK(p.cert.has_command && bytes_is(p.cert.command, "/bin/true"));
}

TEST(usercert_that_is_not_read)
{
	static const struct {
		const char *folder, *name, *why;
		enum err e;
	} rows[] = {
		{"usercerts", "critical",
			"Certificate critical option \"x@example.com\" is not supported", E_DENIED},
		{"certs", "host-ed25519", "Certificate invalid: not a user certificate", E_DENIED},
		{"keys", "ed25519", "certificates of this kind are not spoken here", E_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault f = {0};
		struct paper p;

		harness_note("%s", rows[i].name);
		load(rows[i].folder, rows[i].name, &p);
		CHECK_EQ(usercert_read(p.blob, &p.cert, &f), rows[i].e);
		CHECK_STR(f.text, rows[i].why);
	}
}

/* An address list that is empty keeps everybody out, or nobody: so it is none. */
TEST(usercert_odd_options)
{
	struct fault f = {0};
	struct paper p;

	load("usercerts", "odd", &p);
	CHECK_EQ(usercert_read(p.blob, &p.cert, &f), E_FORMAT);
	CHECK(f.text[0] != '\0');
}

TEST(usercert_for_whom_when_and_from_where)
{
	static const struct {
		const char *name, *user, *address;
		uint64_t now_s;
		const char *why;
	} rows[] = {
		{"plain", "alice", "127.0.0.1", IN_TIME, NULL},
		{"plain", "bob", "::1", IN_TIME, NULL},
		{"plain", NULL, "127.0.0.1", IN_TIME, NULL},
		{"plain", "alice", "127.0.0.1", FROM, NULL},
		{"plain", "alice", "127.0.0.1", UNTIL - 1, NULL},
		{"plain", "alice", "127.0.0.1", FROM - 1, "Certificate invalid: not yet valid"},
		{"plain", "alice", "127.0.0.1", UNTIL, "Certificate invalid: expired"},
		{"plain", "carol", "127.0.0.1", IN_TIME,
			"Certificate invalid: name is not a listed principal"},
		{"plain", "ALICE", "127.0.0.1", IN_TIME,
			"Certificate invalid: name is not a listed principal"},
		{"plain", "alice,bob", "127.0.0.1", IN_TIME,
			"Certificate invalid: name is not a listed principal"},
		{"plain", "", "127.0.0.1", IN_TIME,
			"Certificate invalid: name is not a listed principal"},
		{"nobody", "alice", "127.0.0.1", IN_TIME, "Certificate lacks principal list"},
		{"nobody", NULL, "127.0.0.1", IN_TIME, "Certificate lacks principal list"},
		{"all", "alice", "192.0.2.77", IN_TIME, NULL},
		{"all", "alice", "2001:db8::1", IN_TIME, NULL},
		{"all", "alice", "::ffff:192.0.2.77", IN_TIME, NULL},
		{"all", "alice", "192.0.3.1", IN_TIME,
			"the address is not one from which the certificate may be used "
			"(source-address)"},
		{"all", "alice", "no address", IN_TIME,
			"the address is not one from which the certificate may be used "
			"(source-address)"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fault f = {0};
		struct paper p;

		harness_note("row %zu: %s", i, rows[i].name);
		read(rows[i].name, &p);
		CHECK_EQ(usercert_check(&p.cert, rows[i].user, rows[i].address, rows[i].now_s,
				 keyalg_authority_list(), &f),
			rows[i].why == NULL ? VERDICT_GOOD : VERDICT_BAD);
		CHECK_STR(f.text, rows[i].why == NULL ? "" : rows[i].why);
	}
}

/* Whatever is changed, it is not the authority's any more. */
TEST(usercert_that_is_changed)
{
	struct paper p;

	read("all", &p);
	for (size_t i = 0; i < p.blob.len; i++) {
		struct usercert c;

		p.mem[i] ^= 1;
		if (usercert_read(p.blob, &c, NULL) == E_OK)
			CHECK_EQ(usercert_check(&c, NULL, "192.0.2.1", IN_TIME,
					 keyalg_authority_list(), NULL),
				VERDICT_BAD);
		p.mem[i] ^= 1;
	}
	read("plain", &p);
	CHECK_EQ(usercert_check(&p.cert, "alice", "::1", IN_TIME, "rsa-sha2-512", NULL),
		VERDICT_BAD);
}

TEST(usercert_principals_of_a_line)
{
	static const struct {
		const char *list;
		bool has;
	} rows[] = {
		{"alice", true},
		{"x,bob", true},
		{"x,bob,y", true},
		{"x", false},
		{"", false},
		{",bob", false}, /* as in sshd */
		{"x,,bob", false},
		{"bo,b", false},
		{"*", false},
		{"alice ", false},
	};
	struct paper p;

	read("plain", &p);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		harness_note("\"%s\"", rows[i].list);
		CHECK_EQ(usercert_has_principal(&p.cert, rows[i].list), rows[i].has);
	}
	read("nobody", &p);
	CHECK(!usercert_has_principal(&p.cert, "alice"));
}

/* Permissions that both give, requirements that either has. */
TEST(usercert_merged_with_a_line)
{
	struct authkey line, k;
	struct paper plain, clear, all;
	struct fault f = {0};

	read("plain", &plain);
	read("clear", &clear);
	read("all", &all);
	REQUIRE_EQ(usercert_merge(&plain.cert, NULL, &k, NULL), E_OK);
	CHECK(k.port_forwarding && !k.no_touch && !k.verify_required);
	REQUIRE_EQ(usercert_merge(&all.cert, NULL, &k, NULL), E_OK);
	CHECK(k.port_forwarding && k.no_touch && k.verify_required);
	REQUIRE_EQ(usercert_merge(&clear.cert, NULL, &k, NULL), E_OK);
	CHECK(!k.port_forwarding);
	authoptions_init(&line);
	line.max_visitors = 3;
	line.name = "lab";
	line.command = "/bin/true";
	line.cert_authority = true;
	REQUIRE_EQ(usercert_merge(&all.cert, &line, &k, NULL), E_OK);
	CHECK(k.port_forwarding && !k.no_touch && k.verify_required);
	CHECK(k.max_visitors == 3 && !k.cert_authority);
	CHECK_STR(k.name, "lab");
	line.no_touch = true;
	REQUIRE_EQ(usercert_merge(&all.cert, &line, &k, NULL), E_OK);
	CHECK(k.no_touch);
	REQUIRE_EQ(usercert_merge(&plain.cert, &line, &k, NULL), E_OK);
	CHECK(!k.no_touch && !k.verify_required);
	line.verify_required = true;
	line.port_forwarding = false;
	REQUIRE_EQ(usercert_merge(&plain.cert, &line, &k, NULL), E_OK);
	CHECK(!k.port_forwarding && k.verify_required);
	line.command = "/bin/false";
	CHECK_EQ(usercert_merge(&all.cert, &line, &k, &f), E_DENIED);
	CHECK_STR(f.text, "forced command options do not match");
}
