/* SPDX-License-Identifier: ISC */
/* The files in tests/data/keys come from ssh-keygen, hashed names included (ssh-keygen -H). */
#include "keys/knownhosts.h"

#include "crypto/digest.h"
#include "datafile.h"
#include "harness.h"
#include "keys/pubkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FOLDER "tests/data/keys/"

/* Two keys of one type and one of another, made of plain numbers. */
#define ED_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define ED_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define ODD "x-other AAAAB3gtb3RoZXIAAAABAA=="

/* Makes libcrypto's HMAC fail while set (-Wl,--wrap=hmac_once). */
static bool hmac_fails;

enum err __real_hmac_once(
	enum digest_alg alg, struct bytes key, struct bytes data, uint8_t out[static DIGEST_MAX]);
enum err __wrap_hmac_once(
	enum digest_alg alg, struct bytes key, struct bytes data, uint8_t out[static DIGEST_MAX]);

enum err __wrap_hmac_once(
	enum digest_alg alg, struct bytes key, struct bytes data, uint8_t out[static DIGEST_MAX])
{
	return hmac_fails ? E_CRYPTO : __real_hmac_once(alg, key, data, out);
}

static struct bytes blob_of_text(const char *text, uint8_t mem[static PUBKEY_BLOB_MAX])
{
	struct bytes comment;
	size_t len;

	REQUIRE_EQ(pubkey_from_text(
			   bytes_str(text), (struct span){mem, PUBKEY_BLOB_MAX}, &len, &comment),
		E_OK);
	return bytes_of(mem, len);
}

static struct bytes blob_of_file(const char *name, uint8_t mem[static PUBKEY_BLOB_MAX])
{
	char path[128], *text;
	size_t len;
	struct bytes blob;

	snprintf(path, sizeof path, FOLDER "%s.pub", name);
	text = datafile_read(path, &len);
	blob = blob_of_text(text, mem);
	free(text);
	return blob;
}

static struct host_finding check(const char *text, const char *name, const char *key)
{
	uint8_t mem[PUBKEY_BLOB_MAX];
	struct host_finding finding;

	knownhosts_check(bytes_str(text), name, blob_of_text(key, mem), &finding);
	return finding;
}

static void expect(const char *text, const char *name, enum host_verdict verdict, unsigned line)
{
	struct host_finding finding = check(text, name, ED_A);

	harness_note("%s in: %s", name, text);
	CHECK_EQ(finding.verdict, verdict);
	CHECK_EQ(finding.line, line);
	CHECK_EQ(finding.bad_lines, 0);
}

TEST(names)
{
	static const struct {
		const char *host;
		uint16_t port;
		const char *want;
	} rows[] = {
		{"relay.example.com", 22, "relay.example.com"},
		{"Relay.EXAMPLE.com", 2222, "[relay.example.com]:2222"},
		{"2001:DB8::7", 22, "2001:db8::7"},
		{"fe80::1%eth0", 1, "[fe80::1%eth0]:1"},
		{"192.0.2.7", 65535, "[192.0.2.7]:65535"},
	};
	static const char *const bad[] = {"", "a b", "a,b", "*.example.com", "a?", "!a", "|1|a|b",
		"@revoked", "#a", "a\nb", "a\tb", "[a]:2", "a]", "\xc3\xa4"};
	char name[KNOWNHOSTS_NAME_MAX], longest[KNOWNHOSTS_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		CHECK_EQ(knownhosts_name(rows[i].host, rows[i].port, name), E_OK);
		CHECK_STR(name, rows[i].want);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		harness_note("\"%s\"", bad[i]);
		CHECK_EQ(knownhosts_name(bad[i], 22, name), E_VALUE);
		CHECK_STR(name, "");
	}
	memset(longest, 'a', sizeof longest);
	longest[KNOWNHOSTS_NAME_MAX] = '\0';
	CHECK_EQ(knownhosts_name(longest, 22, name), E_LIMIT);
	longest[KNOWNHOSTS_NAME_MAX - 1] = '\0';
	CHECK_EQ(knownhosts_name(longest, 22, name), E_OK);
	CHECK_EQ(knownhosts_name(longest, 23, name), E_LIMIT);
	CHECK_STR(name, "");
}

static const struct {
	const char *host;
	uint16_t port;
	const char *key;
} listed[] = {
	{"relay.example.com", 22, "ed25519"},
	{"RELAY.example.com", 2222, "ecdsa256"},
	{"192.0.2.7", 22, "rsa2048"},
	{"2001:db8::7", 2200, "rsa3072"},
};

/* Each key for its own host only, in the plain file and in the one ssh-keygen hashed. */
TEST(files_of_ssh_keygen)
{
	static const char *const files[] = {FOLDER "known_hosts", FOLDER "known_hosts.hashed"};

	for (size_t f = 0; f < 2; f++) {
		size_t len;
		char *text = datafile_read(files[f], &len);

		for (unsigned h = 0; h < 4; h++) {
			char name[KNOWNHOSTS_NAME_MAX], types[128];
			struct host_finding finding;

			REQUIRE_EQ(knownhosts_name(listed[h].host, listed[h].port, name), E_OK);
			for (unsigned k = 0; k < 4; k++) {
				uint8_t mem[PUBKEY_BLOB_MAX];
				bool both_rsa = (h >= 2) && (k >= 2);

				harness_note("%s: %s with %s", files[f], name, listed[k].key);
				knownhosts_check(bytes_of(text, len), name,
					blob_of_file(listed[k].key, mem), &finding);
				CHECK_EQ(finding.verdict, h == k     ? HOST_KNOWN
							  : both_rsa ? HOST_CHANGED
								     : HOST_OTHER_TYPE);
				CHECK_EQ(finding.line, h + 1);
				CHECK_EQ(finding.bad_lines, 0);
			}
			knownhosts_types(bytes_of(text, len), name, types, sizeof types);
			CHECK_STR(types, h == 0	  ? "ssh-ed25519"
					 : h == 1 ? "ecdsa-sha2-nistp256"
						  : "ssh-rsa");
		}
		free(text);
	}
}

TEST(verdicts)
{
	expect("", "host", HOST_UNKNOWN, 0);
	expect("host " ED_A, "host", HOST_KNOWN, 1);
	expect("host " ED_A " comment here\r\n", "host", HOST_KNOWN, 1);
	expect("other " ED_A, "host", HOST_UNKNOWN, 0);
	expect("host " ED_B, "host", HOST_CHANGED, 1);
	expect("host " ODD, "host", HOST_OTHER_TYPE, 1);
	expect("# host\n\nhost " ODD "\nhost " ED_B "\nhost " ED_A "\n", "host", HOST_KNOWN, 5);
	expect("host " ED_B "\nhost " ODD "\n", "host", HOST_CHANGED, 1);
	expect("host " ODD "\nhost " ED_B "\n", "host", HOST_CHANGED, 2);
	expect("host " ED_B "\nhost " ED_B "\n", "host", HOST_CHANGED, 1);
}

TEST(revoked_beats_everything)
{
	expect("@revoked host " ED_A "\nhost " ED_A, "host", HOST_REVOKED, 1);
	expect("host " ED_A "\n@revoked host " ED_A, "host", HOST_REVOKED, 2);
	expect("host " ED_A "\n@revoked * " ED_A "\n@revoked * " ED_A, "host", HOST_REVOKED, 2);
	expect("@revoked other " ED_A "\nhost " ED_A, "host", HOST_KNOWN, 2);
	expect("@revoked host " ED_B "\nhost " ED_A, "host", HOST_KNOWN, 2);
	/* A line that only revokes does not make the host known. */
	expect("@revoked host " ED_B, "host", HOST_UNKNOWN, 0);
}

TEST(certificate_authorities_are_no_host_keys)
{
	expect("@cert-authority host " ED_A, "host", HOST_UNKNOWN, 0);
	expect("@cert-authority * " ED_B "\nhost " ED_A, "host", HOST_KNOWN, 2);
}

TEST(name_lists_and_patterns)
{
	expect("one,host,two " ED_A, "host", HOST_KNOWN, 1);
	expect("HOST " ED_A, "host", HOST_KNOWN, 1);
	expect("*.example.com " ED_A, "relay.example.com", HOST_KNOWN, 1);
	expect("*.example.com " ED_A, "example.com", HOST_UNKNOWN, 0);
	expect("*.example.com,!relay.example.com " ED_A, "relay.example.com", HOST_UNKNOWN, 0);
	expect("!relay.example.com,*.example.com " ED_A, "relay.example.com", HOST_UNKNOWN, 0);
	expect("!host " ED_A, "other", HOST_UNKNOWN, 0);
	expect("h?st " ED_A, "host", HOST_KNOWN, 1);
	expect("[*.example.com]:2222 " ED_A, "[relay.example.com]:2222", HOST_KNOWN, 1);
}

TEST(another_port_is_another_name)
{
	expect("host " ED_A, "[host]:2222", HOST_UNKNOWN, 0);
	expect("[host]:2222 " ED_A, "host", HOST_UNKNOWN, 0);
	expect("[host]:2222 " ED_A, "[host]:22222", HOST_UNKNOWN, 0);
	expect("[host]:2222,host " ED_A, "[host]:2222", HOST_KNOWN, 1);
}

TEST(bad_lines_are_counted_and_decide_nothing)
{
	static const char *const bad[] = {"host", "host ssh-ed25519", "host ssh-ed25519 AAAA",
		"@unknown host " ED_A, "@revoked", "@revoked host", "@revoked @revoked host " ED_A,
		"host 1024 37 1234567", "|1|AAAA|AAAA " ED_A, "|2|x " ED_A, "| " ED_A,
		"|1|v0juefpfBIQnmcRW5QsA3sLm4gE=|6h6zZaqjXuyGdNJ9EN/DeQvWi+E " ED_A,
		"|1|v0juefpfBIQnmcRW5QsA3sLm4gE=,6h6zZaqjXuyGdNJ9EN/DeQvWi+E= " ED_A,
		/* 19 and 21 bytes where 20 have to be */
		"|1|AAAAAAAAAAAAAAAAAAAAAAAAAA==|6h6zZaqjXuyGdNJ9EN/DeQvWi+E= " ED_A,
		"|1|v0juefpfBIQnmcRW5QsA3sLm4gE=|AAAAAAAAAAAAAAAAAAAAAAAAAAAA " ED_A, ED_A};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[1024];
		struct host_finding finding;

		harness_note("%s", bad[i]);
		snprintf(text, sizeof text, "# x\n%s\n%s\nhost " ED_A "\n", bad[i], bad[i]);
		finding = check(text, "host", ED_A);
		CHECK_EQ(finding.verdict, HOST_KNOWN);
		CHECK_EQ(finding.line, 4);
		CHECK_EQ(finding.bad_lines, 2);
		CHECK_EQ(finding.first_bad, 2);
		CHECK_EQ(check(bad[i], "host", ED_A).verdict, HOST_UNKNOWN);
	}
}

TEST(a_nul_makes_a_line_bad)
{
	static const char text[] = "host " ED_A " c\0d\nhost2\0 " ED_A "\n";
	uint8_t mem[PUBKEY_BLOB_MAX];
	struct host_finding finding;

	knownhosts_check(
		bytes_of(text, sizeof text - 1), "host", blob_of_text(ED_A, mem), &finding);
	CHECK_EQ(finding.verdict, HOST_UNKNOWN);
	CHECK_EQ(finding.bad_lines, 2);
}

/* R22: the rest of a line that is too long is never taken for a line. */
TEST(r22_a_line_too_long_is_one_bad_line)
{
	size_t pad = KNOWNHOSTS_LINE_MAX - strlen("host " ED_A " ");
	char *text = malloc(2 * KNOWNHOSTS_LINE_MAX);

	REQUIRE(text != NULL);
	for (size_t more = 0; more < 2; more++) {
		struct host_finding finding;

		strcpy(text, "host " ED_A " ");
		memset(text + strlen(text), 'c', pad + more);
		strcpy(text + KNOWNHOSTS_LINE_MAX + more, "\nother " ED_A "\n");
		finding = check(text, "host", ED_A);
		CHECK_EQ(finding.verdict, more == 0 ? HOST_KNOWN : HOST_UNKNOWN);
		CHECK_EQ(finding.bad_lines, more);
		CHECK_EQ(check(text, "other", ED_A).line, 2);
	}
	free(text);
}

TEST(types_in_our_order)
{
	uint8_t mem[PUBKEY_BLOB_MAX];
	char ecdsa[512], rsa[1024], text[4096], list[128];

	REQUIRE_EQ(pubkey_to_text(blob_of_file("ecdsa384", mem), ecdsa, sizeof ecdsa), E_OK);
	REQUIRE_EQ(pubkey_to_text(blob_of_file("rsa2048", mem), rsa, sizeof rsa), E_OK);
	snprintf(text, sizeof text,
		"host %s\nhost %s\nhost " ED_A "\nhost " ED_B "\nhost " ODD "\nother " ED_A "\n",
		rsa, ecdsa);
	knownhosts_types(bytes_str(text), "host", list, sizeof list);
	CHECK_STR(list, "ssh-ed25519,ecdsa-sha2-nistp384,ssh-rsa");
	knownhosts_types(bytes_str(text), "nobody", list, sizeof list);
	CHECK_STR(list, "");
	snprintf(text, sizeof text, "@revoked host " ED_A "\n@cert-authority host %s\n", rsa);
	knownhosts_types(bytes_str(text), "host", list, sizeof list);
	CHECK_STR(list, "");
	/* What does not fit is left out whole. */
	snprintf(text, sizeof text, "host %s\nhost " ED_A "\n", ecdsa);
	for (size_t cap = 1; cap < sizeof list; cap++) {
		knownhosts_types(bytes_str(text), "host", list, cap);
		harness_note("cap %zu: %s", cap, list);
		CHECK(strlen(list) < cap);
		CHECK(strcmp(list, "") == 0 || strcmp(list, "ssh-ed25519") == 0 ||
			strcmp(list, "ecdsa-sha2-nistp384") == 0 ||
			strcmp(list, "ssh-ed25519,ecdsa-sha2-nistp384") == 0);
	}
}

TEST(lines_we_write_are_found_by_us)
{
	for (unsigned hash = 0; hash < 2; hash++) {
		uint8_t mem[PUBKEY_BLOB_MAX];
		struct bytes blob = blob_of_text(ED_A, mem);
		char line[512], again[512];
		struct rng rng;

		rng_system(&rng);
		REQUIRE_EQ(
			knownhosts_line("[host]:2222", blob, hash, &rng, line, sizeof line), E_OK);
		CHECK_EQ(strchr(line, '\n') - line, strlen(line) - 1);
		CHECK_EQ(strstr(line, "host") == NULL, hash);
		expect(line, "[host]:2222", HOST_KNOWN, 1);
		expect(line, "host", HOST_UNKNOWN, 0);
		/* A fresh salt every time. */
		REQUIRE_EQ(knownhosts_line("[host]:2222", blob, hash, &rng, again, sizeof again),
			E_OK);
		CHECK_EQ(strcmp(line, again) != 0, hash);
		for (size_t cap = 0; cap <= strlen(line); cap++)
			CHECK_EQ(knownhosts_line("[host]:2222", blob, hash, &rng, again, cap),
				E_LIMIT);
		CHECK_EQ(knownhosts_line("[host]:2222", blob, hash, &rng, again, strlen(line) + 1),
			E_OK);
		CHECK_EQ(knownhosts_line("*", blob, hash, &rng, again, sizeof again), E_VALUE);
		CHECK_EQ(knownhosts_line("a b", blob, hash, &rng, again, sizeof again), E_VALUE);
		CHECK_EQ(knownhosts_line("a\nb", blob, hash, &rng, again, sizeof again), E_VALUE);
		CHECK_EQ(knownhosts_line("@revoked", blob, hash, &rng, again, sizeof again),
			E_VALUE);
		CHECK_EQ(knownhosts_line(
				 "host", bytes_str("no key"), hash, &rng, again, sizeof again),
			E_FORMAT);
		CHECK_STR(again, "");
		rng_fini(&rng);
	}
}

/* Whether ssh-keygen -F finds the name in a file of this text. */
static bool keygen_finds(const char *text, const char *name)
{
	char path[] = "/tmp/test_knownhosts.XXXXXX", command[256];
	int fd = mkstemp(path), status;

	REQUIRE(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(command, sizeof command, "ssh-keygen -F '%s' -f %s >/dev/null", name, path);
	status = system(command);
	unlink(path);
	return status == 0;
}

TEST(lines_we_write_are_found_by_ssh_keygen)
{
	if (system("command -v ssh-keygen >/dev/null") != 0)
		SKIP("ssh-keygen is not installed");
	for (unsigned h = 0; h < 4; h++) {
		for (unsigned hash = 0; hash < 2; hash++) {
			char name[KNOWNHOSTS_NAME_MAX], line[4096];
			uint8_t mem[PUBKEY_BLOB_MAX];
			struct rng rng;

			REQUIRE_EQ(knownhosts_name(listed[h].host, listed[h].port, name), E_OK);
			rng_system(&rng);
			REQUIRE_EQ(knownhosts_line(name, blob_of_file(listed[h].key, mem), hash,
					   &rng, line, sizeof line),
				E_OK);
			rng_fini(&rng);
			harness_note("%s", line);
			CHECK(keygen_finds(line, name));
			CHECK(!keygen_finds(line, "elsewhere.example.com"));
		}
	}
}

/* R43, CVE-2025-26465: what cannot be judged is not unknown, and never known. */
TEST(r43_cve_2025_26465_a_failing_hash_is_no_verdict)
{
	uint8_t mem[PUBKEY_BLOB_MAX];
	struct host_finding finding;
	size_t len;
	char *text = datafile_read(FOLDER "known_hosts.hashed", &len), types[128];

	hmac_fails = true;
	knownhosts_check(
		bytes_of(text, len), "relay.example.com", blob_of_file("ed25519", mem), &finding);
	CHECK_EQ(finding.verdict, HOST_UNDECIDED);
	knownhosts_types(bytes_of(text, len), "relay.example.com", types, sizeof types);
	CHECK_STR(types, "");
	/* A plain line cannot outweigh the hashed one that might revoke. */
	free(text);
	text = malloc(1024);
	snprintf(text, 1024,
		"host " ED_A "\n@revoked |1|v0juefpfBIQnmcRW5QsA3sLm4gE=|6h6zZaqjXuyGdNJ9EN/"
		"DeQvWi+E= " ED_A "\n");
	CHECK_EQ(check(text, "host", ED_A).verdict, HOST_UNDECIDED);
	hmac_fails = false;
	CHECK_EQ(check(text, "host", ED_A).verdict, HOST_KNOWN);
	free(text);
}

static enum err no_random(void *ctx, uint8_t *dst, size_t n)
{
	return E_CRYPTO;
}

TEST(no_line_without_a_salt)
{
	uint8_t mem[PUBKEY_BLOB_MAX];
	char line[512];
	struct rng rng;

	rng_init(&rng, no_random, NULL);
	CHECK(knownhosts_line("host", blob_of_text(ED_A, mem), true, &rng, line, sizeof line) !=
		E_OK);
	CHECK_STR(line, "");
	CHECK_EQ(knownhosts_line("host", blob_of_text(ED_A, mem), false, &rng, line, sizeof line),
		E_OK);
	rng_fini(&rng);
}
