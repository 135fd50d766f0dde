/* SPDX-License-Identifier: ISC */
/* Key lines in tests/data/keys come from ssh-keygen. */
#include "keys/authkeys.h"

#include "datafile.h"
#include "failalloc.h"
#include "harness.h"
#include "keys/pubkey.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDER "tests/data/keys/"
#define ED_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define ED_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

enum { COMPLAINTS = 16 };

static struct {
	unsigned count, lines[COMPLAINTS];
	char sentences[COMPLAINTS][FAULT_TEXT];
} told;

static void complain(void *ctx, unsigned line, const char *sentence)
{
	CHECK(ctx == &told);
	REQUIRE(told.count < COMPLAINTS);
	CHECK(sentence[0] != '\0');
	told.lines[told.count] = line;
	snprintf(told.sentences[told.count++], FAULT_TEXT, "%s", sentence);
}

static enum err parse_bytes(struct bytes text, struct authkeys **set, struct fault *f)
{
	memset(&told, 0, sizeof told);
	*f = (struct fault){0};
	return authkeys_parse(text, complain, &told, set, f);
}

static struct authkeys *parse(const char *text)
{
	struct authkeys *set;
	struct fault f;

	REQUIRE_EQ(parse_bytes(bytes_str(text), &set, &f), E_OK);
	return set;
}

static struct bytes blob_of(const char *text, uint8_t mem[static PUBKEY_BLOB_MAX])
{
	struct bytes comment;
	size_t len;

	REQUIRE_EQ(pubkey_from_text(
			   bytes_str(text), (struct span){mem, PUBKEY_BLOB_MAX}, &len, &comment),
		E_OK);
	return bytes_of(mem, len);
}

static const struct authkey *find(const struct authkeys *set, const char *key)
{
	uint8_t mem[PUBKEY_BLOB_MAX];

	return authkeys_find(set, blob_of(key, mem));
}

TEST(lines_with_and_without_options)
{
	struct authkeys *set =
		parse("# a comment\n"
		      "\n"
		      "restrict,port-forwarding,permitlisten=\"2222\" " ED_A " agent one\r\n"
		      "  \t" ED_B "\t\n");
	const struct authkey *k;

	CHECK_EQ(told.count, 0);
	CHECK_EQ(authkeys_count(set), 2);
	k = authkeys_at(set, 0);
	CHECK_EQ(k->line, 3);
	CHECK_STR(k->comment, "agent one");
	CHECK(k->port_forwarding && !k->tunnel_allowed);
	REQUIRE_EQ(k->permitlisten_count, 1);
	CHECK_STR(k->permitlisten[0], "2222");
	CHECK(find(set, ED_A) == k);
	k = authkeys_at(set, 1);
	CHECK_EQ(k->line, 4);
	CHECK_STR(k->comment, "");
	CHECK(k->port_forwarding && k->tunnel_allowed);
	CHECK(find(set, ED_B) == k);
	CHECK(authkeys_at(set, 2) == NULL);
	authkeys_free(set);
	authkeys_free(NULL);
}

TEST(options_with_blanks_in_quotes)
{
	struct authkeys *set = parse("command=\"echo \\\"hi there\\\" \",pty " ED_A " c\n");

	CHECK_EQ(told.count, 0);
	REQUIRE(find(set, ED_A) != NULL);
	CHECK_STR(find(set, ED_A)->comment, "c");
	authkeys_free(set);
}

TEST(keys_of_ssh_keygen)
{
	static const char *const names[] = {
		"ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa2048", "rsa3072", "rsa8192"};
	char *all = calloc(1, 16384);
	struct authkeys *set;

	REQUIRE(all != NULL);
	for (size_t i = 0; i < 7; i++) {
		char path[128], *text;
		size_t len;

		snprintf(path, sizeof path, FOLDER "%s.pub", names[i]);
		text = datafile_read(path, &len);
		strcat(all, "no-pty ");
		strcat(all, text);
		free(text);
	}
	set = parse(all);
	CHECK_EQ(told.count, 0);
	REQUIRE_EQ(authkeys_count(set), 7);
	for (size_t i = 0; i < 7; i++) {
		const struct authkey *k = authkeys_at(set, i);
		char want[64];

		snprintf(want, sizeof want, "%s@test", names[i]);
		CHECK_STR(k->comment, want);
		CHECK(authkeys_find(set, k->blob) == k);
	}
	authkeys_free(set);
	free(all);
}

/* What a line must not be, and a word of what is said about it. */
TEST(bad_lines_admit_nothing_and_are_told)
{
	static const char *const rows[][2] = {
		{"nonsense", "no key"},
		{"no-such-option " ED_A, "\"no-such-option\" is not known"},
		{"pty,no-such-option " ED_A, "\"no-such-option\" is not known"},
		{"pty,," ED_A, "no option where"},
		{"pty, no-pty " ED_A, "comma"},
		{"command=\"x " ED_A, "no key"},
		{"from=\"*\" from=\"*\" " ED_A, "no key"},
		{"from=\"192.0.2.1/24\" " ED_A, "network"},
		{"expiry-time=\"soon\" " ED_A, "not a time"},
		{"pty", "no key"},
		{"pty ssh-ed25519", "no key"},
		{"ssh-ed25519", "damaged"},
		{"ssh-ed25519 AAAA", "damaged"},
		{"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
			"damaged"},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAQE=", "not allowed"},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "damaged"},
		{"x-other AAAAB3gtb3RoZXIAAAABAA==", "x-other are not supported"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[1024];
		struct authkeys *set;

		snprintf(text, sizeof text, "\n%s\n" ED_B "\n", rows[i][0]);
		harness_note("%s", rows[i][0]);
		set = parse(text);
		CHECK_EQ(authkeys_count(set), 1);
		CHECK(find(set, ED_A) == NULL);
		CHECK(find(set, ED_B) != NULL);
		if (CHECK_EQ(told.count, 1)) {
			CHECK_EQ(told.lines[0], 2);
			if (!CHECK(strstr(told.sentences[0], rows[i][1]) != NULL))
				FAIL("the sentence is: %s", told.sentences[0]);
		}
		authkeys_free(set);
	}
}

TEST(keys_of_other_kinds_are_told)
{
	static const char *const files[][2] = {
		{FOLDER "dsa.pub", "keys of type ssh-dss are not supported"},
		{FOLDER "rsa1024.pub", "the numbers of the ssh-rsa key are not allowed"}};

	for (size_t i = 0; i < 2; i++) {
		size_t len;
		char *text = datafile_read(files[i][0], &len);
		struct authkeys *set = parse(text);

		CHECK_EQ(authkeys_count(set), 0);
		CHECK_EQ(told.count, 1);
		CHECK_STR(told.sentences[0], files[i][1]);
		authkeys_free(set);
		free(text);
	}
}

TEST(certificate_authorities_admit_no_plain_key)
{
	struct authkeys *set = parse("cert-authority,principals=\"p\" " ED_A "\n");

	CHECK_EQ(authkeys_count(set), 1);
	CHECK(find(set, ED_A) == NULL);
	CHECK_STR(authkeys_at(set, 0)->principals, "p");
	authkeys_free(set);
	set = parse("cert-authority " ED_A "\n" ED_A " second\n");
	REQUIRE(find(set, ED_A) != NULL);
	CHECK_EQ(find(set, ED_A)->line, 2);
	CHECK(authkeys_next(set, find(set, ED_A)) == NULL);
	authkeys_free(set);
}

TEST(one_key_on_several_lines)
{
	struct authkeys *set = parse(ED_A " one\n" ED_B " two\nfrom=\"192.0.2.1\" " ED_A
					  " three\ncert-authority " ED_A " four\n" ED_A " five\n");
	const struct authkey *k = find(set, ED_A);
	uint8_t mem[PUBKEY_BLOB_MAX];

	REQUIRE(k != NULL);
	CHECK_STR(k->comment, "one");
	REQUIRE((k = authkeys_next(set, k)) != NULL);
	CHECK_STR(k->comment, "three");
	REQUIRE((k = authkeys_next(set, k)) != NULL);
	CHECK_STR(k->comment, "five");
	CHECK(authkeys_next(set, k) == NULL);
	CHECK(authkeys_next(set, find(set, ED_B)) == NULL);
	CHECK(authkeys_find(set, bytes_of(NULL, 0)) == NULL);
	blob_of(ED_A, mem);
	CHECK(authkeys_find(set, bytes_of(mem, 50)) == NULL);
	authkeys_free(set);
}

TEST(many_keys_are_all_found)
{
	enum { KEYS = 3000, LINE = 128 };
	char *text = malloc(KEYS * LINE);
	struct authkeys *set;
	size_t used = 0;

	REQUIRE(text != NULL);
	for (unsigned i = 0; i < KEYS; i++) {
		uint8_t blob[51] = "\0\0\0\vssh-ed25519\0\0\0\x20";
		unsigned mixed = i * 2654435761u;

		memcpy(blob + 19, &mixed, 4);
		REQUIRE_EQ(pubkey_to_text(bytes_of(blob, 51), text + used, LINE), E_OK);
		used += strlen(text + used);
		text[used++] = '\n';
	}
	text[used] = '\0';
	set = parse(text);
	REQUIRE_EQ(authkeys_count(set), KEYS);
	for (unsigned i = 0; i < KEYS; i++) {
		const struct authkey *k = authkeys_at(set, i);

		CHECK_EQ(k->line, i + 1);
		CHECK(authkeys_find(set, k->blob) == k);
	}
	authkeys_free(set);
	free(text);
}

TEST(nothing_is_an_empty_set)
{
	struct authkeys *set;
	struct fault f;

	REQUIRE_EQ(parse_bytes(bytes_of(NULL, 0), &set, &f), E_OK);
	CHECK_EQ(authkeys_count(set), 0);
	CHECK(find(set, ED_A) == NULL);
	CHECK(authkeys_at(set, 0) == NULL);
	authkeys_free(set);
}

TEST(nobody_to_complain_to)
{
	struct authkeys *set;

	REQUIRE_EQ(authkeys_parse(bytes_str("bad\n" ED_A), NULL, NULL, &set, NULL), E_OK);
	CHECK_EQ(authkeys_count(set), 1);
	authkeys_free(set);
}

TEST(a_nul_makes_a_line_bad)
{
	static const char text[] =
		"pty\0 " ED_A "\n" ED_A " c\0d\ncommand=\"a\0b\" " ED_A "\n" ED_B;
	struct authkeys *set;
	struct fault f;

	REQUIRE_EQ(parse_bytes(bytes_of(text, sizeof text - 1), &set, &f), E_OK);
	CHECK_EQ(told.count, 3);
	CHECK_EQ(authkeys_count(set), 1);
	CHECK(find(set, ED_B) != NULL);
	authkeys_free(set);
}

TEST(comments_come_out_printable)
{
	struct authkeys *set = parse(ED_A " \x1b[2J\xff\n");

	REQUIRE_EQ(authkeys_count(set), 1);
	CHECK_STR(authkeys_at(set, 0)->comment, "\\x1b[2J\\xff");
	authkeys_free(set);
}

/* R22, the over-long line of Dropbear 2026.90: all of the file is refused. */
TEST(r22_a_line_too_long_refuses_the_file)
{
	char *text = malloc(AUTHKEYS_LINE_MAX + 1024);
	struct authkeys *set;
	struct fault f;
	size_t start;

	REQUIRE(text != NULL);
	strcpy(text, ED_B "\n" ED_A " ");
	start = strlen(ED_B "\n");
	memset(text + strlen(text), 'c', AUTHKEYS_LINE_MAX);
	strcpy(text + start + AUTHKEYS_LINE_MAX, "\n" ED_A "\n");
	REQUIRE_EQ(parse_bytes(bytes_str(text), &set, &f), E_OK);
	CHECK_EQ(authkeys_count(set), 3);
	authkeys_free(set);

	text[start + AUTHKEYS_LINE_MAX] = 'c';
	strcpy(text + start + AUTHKEYS_LINE_MAX + 1, "\n" ED_A "\n");
	CHECK_EQ(parse_bytes(bytes_str(text), &set, &f), E_LIMIT);
	CHECK(set == NULL);
	CHECK(strstr(f.text, "line 2 ") != NULL);
	free(text);
}

TEST(a_file_too_big_is_refused)
{
	char *text = malloc(AUTHKEYS_FILE_MAX + 1);
	struct authkeys *set;
	struct fault f;

	REQUIRE(text != NULL);
	memset(text, '\n', AUTHKEYS_FILE_MAX + 1);
	CHECK_EQ(parse_bytes(bytes_of(text, AUTHKEYS_FILE_MAX + 1), &set, &f), E_LIMIT);
	CHECK(set == NULL);
	CHECK_EQ(parse_bytes(bytes_of(text, AUTHKEYS_FILE_MAX), &set, &f), E_OK);
	authkeys_free(set);
	free(text);
}

TEST(from_and_expiry)
{
	struct authkeys *set = parse("from=\"192.0.2.0/24\",expiry-time=\"20300101Z\" " ED_A
				     "\nexpiry-time=\"203001011200\" " ED_B "\n");
	const struct authkey *a = find(set, ED_A), *b = find(set, ED_B);

	REQUIRE(a != NULL && b != NULL);
	CHECK(authkeys_from_allows(a->from, "192.0.2.9"));
	CHECK(!authkeys_from_allows(a->from, "192.0.3.9"));
	CHECK(!authkeys_from_allows(a->from, "no address"));
	CHECK(authkeys_from_allows(b->from, "192.0.3.9"));
	CHECK(!authkeys_from_allows("", "192.0.3.9"));
	/* Each kind of time is held against its own clock. */
	CHECK(!authkeys_is_expired(a, "20291231235959", "20400101000000"));
	CHECK(authkeys_is_expired(a, "20300101000001", "20200101000000"));
	CHECK(!authkeys_is_expired(b, "20400101000000", "20300101115959"));
	CHECK(authkeys_is_expired(b, "20200101000000", "20300101120001"));
	CHECK(authkeys_is_expired(a, NULL, NULL));
	CHECK(authkeys_is_expired(a, "1700000000", "20200101000000"));
	authkeys_free(set);
	set = parse(ED_A);
	CHECK(!authkeys_is_expired(authkeys_at(set, 0), NULL, NULL));
	authkeys_free(set);
}

TEST(each_failing_allocation_refuses_the_file)
{
	for (unsigned n = 1;; n++) {
		struct authkeys *set;
		struct fault f = {0};
		enum err e;

		failalloc_arm(n);
		e = authkeys_parse(bytes_str("from=\"*\",permitopen=\"a:1\" " ED_A "\n" ED_B "\n"),
			NULL, NULL, &set, &f);
		if (!failalloc_disarm()) {
			REQUIRE_EQ(e, E_OK);
			authkeys_free(set);
			break;
		}
		harness_note("allocation %u", n);
		CHECK_EQ(e, E_NOMEM);
		CHECK_EQ(f.err, E_NOMEM);
		CHECK(set == NULL);
	}
}
