/* SPDX-License-Identifier: ISC */
/* Keys and fingerprints that ssh-keygen made (tests/data/keys). */
#include "keys/revoked.h"

#include "datafile.h"
#include "harness.h"
#include "keys/pubkey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t mem[1024];
static struct bytes blob;
static char *line, fingerprint[FINGERPRINT_MAX];

static void load(void)
{
	struct bytes rest;
	size_t n, len;

	line = datafile_read("tests/data/keys/ed25519.pub", &n);
	REQUIRE_EQ(
		pubkey_from_text(bytes_of(line, n), (struct span){mem, sizeof(mem)}, &len, &rest),
		E_OK);
	blob = bytes_of(mem, len);
	REQUIRE_EQ(pubkey_fingerprint(blob, fingerprint), E_OK);
}

static bool is_free(const char *text, const char *words)
{
	struct fault f = {0};
	bool is_good = revoked_check(bytes_str(text), blob, &f) == VERDICT_GOOD;

	harness_note("%s", text);
	CHECK_EQ(f.text[0] == '\0', is_good);
	if (words != NULL)
		CHECK(strstr(f.text, words) != NULL);
	return is_good;
}

TEST(revoked_keys_and_fingerprints)
{
	char text[4096];
	size_t n;
	char *other = datafile_read("tests/data/keys/ecdsa256.pub", &n);

	load();
	CHECK(is_free("", NULL));
	CHECK(is_free("# nothing\n\n", NULL));
	CHECK(is_free(other, NULL));
	CHECK(!is_free(line, "line 1 revokes the key"));
	snprintf(text, sizeof(text), "# two\n%s%s", other, line);
	CHECK(!is_free(text, "line 3 revokes the key"));
	CHECK(!is_free(fingerprint, "line 1 revokes the key"));
	snprintf(text, sizeof(text), "%s lost in a train\n", fingerprint);
	CHECK(!is_free(text, "line 1 revokes the key"));
	fingerprint[10] = fingerprint[10] == 'A' ? 'B' : 'A';
	CHECK(is_free(fingerprint, NULL));
	free(other);
	free(line);
}

/* What cannot be understood revokes everything. */
TEST(revoked_lists_that_are_not_sound)
{
	static const char *const bad[] = {"nonsense", "SHA256:", "SHA256:abc", "ssh-ed25519 AAAA",
		"MD5:aa:bb", "sha256:1234", "restrict ssh-ed25519 AAAA"};

	load();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!is_free(bad[i], "line 1 is neither a key nor a SHA256 fingerprint"));
	CHECK(!is_free("\n\nnonsense\n", "line 3 is neither"));
	/* The head of a binary list, and nothing behind it. */
	CHECK_EQ(revoked_check(bytes_of("SSHKRL\n", 8), blob, NULL), VERDICT_BAD);
	/* Also for nobody's key, which is how a list is checked. */
	CHECK_EQ(revoked_check(bytes_str("nonsense"), bytes_of(NULL, 0), NULL), VERDICT_BAD);
	CHECK_EQ(revoked_check(bytes_str(fingerprint), bytes_of(NULL, 0), NULL), VERDICT_GOOD);
	free(line);
}

/* A certificate is no way around the list, neither for its key nor for who gave it. */
TEST(revoked_certificates)
{
	static const struct {
		const char *folder, *revoked, *cert, *words;
	} rows[] = {
		{"keys", "ed25519", "host-ed25519", "line 1 revokes the key"},
		{"keys", "ed25519", "host-ecdsa256", NULL},
		{"certs", "ca", "host-ed25519", "line 1 revokes the certificate's authority"},
		{"certs", "ca", "host-by-rsa-512", NULL},
		{"certs", "ca_rsa", "host-by-rsa-512",
			"line 1 revokes the certificate's authority"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t cert[4096], key[4096];
		char path[128], print[FINGERPRINT_MAX], *text;
		struct bytes rest;
		size_t n, len;

		snprintf(path, sizeof(path), "tests/data/certs/%s.pub", rows[i].cert);
		text = datafile_read(path, &n);
		REQUIRE_EQ(pubkey_from_text(bytes_of(text, n), (struct span){cert, sizeof(cert)},
				   &len, &rest),
			E_OK);
		free(text);
		blob = bytes_of(cert, len);
		snprintf(path, sizeof(path), "tests/data/%s/%s.pub", rows[i].folder,
			rows[i].revoked);
		text = datafile_read(path, &n);
		CHECK_EQ(is_free(text, rows[i].words), rows[i].words == NULL);
		REQUIRE_EQ(pubkey_from_text(
				   bytes_of(text, n), (struct span){key, sizeof(key)}, &len, &rest),
			E_OK);
		REQUIRE_EQ(pubkey_fingerprint(bytes_of(key, len), print), E_OK);
		CHECK_EQ(is_free(print, rows[i].words), rows[i].words == NULL);
		free(text);
		/* One that cannot be read cannot be looked for. */
		blob.len--;
		CHECK(!is_free("", "the certificate is damaged"));
	}
}
