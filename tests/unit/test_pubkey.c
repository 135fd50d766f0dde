/* SPDX-License-Identifier: ISC */
/* Keys and fingerprints in tests/data/keys come from ssh-keygen. */
#include "keys/pubkey.h"

#include "datafile.h"
#include "harness.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>

#define FOLDER "tests/data/keys/"

static const struct row {
	const char *name, *type_name;
	enum pk_type type;
	unsigned bits;
} rows[] = {
	{"ed25519", "ssh-ed25519", PK_ED25519, 256},
	{"ecdsa256", "ecdsa-sha2-nistp256", PK_ECDSA_256, 256},
	{"ecdsa384", "ecdsa-sha2-nistp384", PK_ECDSA_384, 384},
	{"ecdsa521", "ecdsa-sha2-nistp521", PK_ECDSA_521, 521},
	{"rsa2048", "ssh-rsa", PK_RSA, 2048},
	{"rsa3072", "ssh-rsa", PK_RSA, 3072},
	{"rsa8192", "ssh-rsa", PK_RSA, 8192},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* The blob of a .pub file. */
static struct bytes blob_of(const char *name, uint8_t mem[static PUBKEY_BLOB_MAX])
{
	char path[128];
	size_t len, blob_len;
	struct bytes comment;
	char *text, want[64];

	snprintf(path, sizeof path, FOLDER "%s.pub", name);
	snprintf(want, sizeof want, "%s@test", name);
	text = datafile_read(path, &len);
	REQUIRE_EQ(pubkey_from_text(bytes_of(text, len), (struct span){mem, PUBKEY_BLOB_MAX},
			   &blob_len, &comment),
		E_OK);
	CHECK_BYTES(comment, bytes_str(want));
	free(text);
	return bytes_of(mem, blob_len);
}

static enum err parse(struct bytes blob)
{
	struct pk *key;
	enum err e = pubkey_from_blob(blob, &key);

	if (e == E_OK)
		pk_free(key);
	else
		CHECK(key == NULL);
	return e;
}

TEST(keys_of_ssh_keygen_come_back_the_same)
{
	for (size_t i = 0; i < ROWS; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX], again[PUBKEY_BLOB_MAX];
		struct bytes blob;
		struct pk *key;
		size_t len;

		harness_note("%s", rows[i].name);
		blob = blob_of(rows[i].name, mem);
		CHECK_BYTES(pubkey_blob_type(blob), bytes_str(rows[i].type_name));
		REQUIRE_EQ(pubkey_from_blob(blob, &key), E_OK);
		CHECK_EQ(pk_type_of(key), rows[i].type);
		CHECK_EQ(pk_bits(key), rows[i].bits);
		CHECK(!pk_has_private(key));
		CHECK_STR(pubkey_type_name(rows[i].type), rows[i].type_name);
		REQUIRE_EQ(pubkey_to_blob(key, (struct span){again, sizeof again}, &len), E_OK);
		CHECK_BYTES(bytes_of(again, len), blob);
		for (size_t cap = 0; cap < blob.len; cap += 1 + cap / 16)
			CHECK(pubkey_to_blob(key, (struct span){again, cap}, &len) != E_OK);
		pk_free(key);
	}
}

TEST(fingerprints_are_those_of_ssh_keygen)
{
	size_t len;
	char *list = datafile_read(FOLDER "fingerprints", &len);

	for (size_t i = 0; i < ROWS; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX];
		char print[FINGERPRINT_MAX], want[160];

		harness_note("%s", rows[i].name);
		REQUIRE_EQ(pubkey_fingerprint(blob_of(rows[i].name, mem), print), E_OK);
		snprintf(want, sizeof want, "%u %s %s@test (", rows[i].bits, print, rows[i].name);
		CHECK(strstr(list, want) != NULL);
	}
	free(list);
}

TEST(text_is_what_ssh_keygen_wrote)
{
	for (size_t i = 0; i < ROWS; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX];
		char path[128], out[2048], *text;
		struct bytes blob;
		size_t len, word;

		harness_note("%s", rows[i].name);
		blob = blob_of(rows[i].name, mem);
		REQUIRE_EQ(pubkey_to_text(blob, out, sizeof out), E_OK);
		snprintf(path, sizeof path, FOLDER "%s.pub", rows[i].name);
		text = datafile_read(path, &len);
		word = strlen(out);
		CHECK(len > word && text[word] == ' ');
		CHECK_MEM(text, word, out);
		free(text);
		CHECK_EQ(pubkey_to_text(blob, out, word + 1), E_OK);
		for (size_t cap = 0; cap <= word; cap++)
			CHECK_EQ(pubkey_to_text(blob, out, cap), E_LIMIT);
	}
}

TEST(every_cut_is_refused)
{
	for (size_t i = 0; i < ROWS; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX + 1];
		struct bytes blob = blob_of(rows[i].name, mem);

		harness_note("%s", rows[i].name);
		for (size_t len = 0; len < blob.len; len++) {
			/* An exact block: a sanitizer sees a read behind it. */
			uint8_t *cut = malloc(len > 0 ? len : 1);

			REQUIRE(cut != NULL);
			memcpy(cut, blob.ptr, len);
			CHECK_EQ(parse(bytes_of(cut, len)), E_SHORT);
			free(cut);
		}
		mem[blob.len] = 0;
		CHECK_EQ(parse(bytes_of(mem, blob.len + 1)), E_TRAILING);
	}
}

TEST(types_we_do_not_speak)
{
	uint8_t mem[PUBKEY_BLOB_MAX];
	static const uint8_t odd[] = {0, 0, 0, 3, 'a', ',', 'b'};
	static const uint8_t empty[] = {0, 0, 0, 0};

	CHECK_EQ(parse(blob_of("dsa", mem)), E_UNKNOWN);
	CHECK_EQ(parse(bytes_of(empty, sizeof empty)), E_UNKNOWN);
	CHECK_EQ(pubkey_blob_type(bytes_of(empty, sizeof empty)).len, 0);
	CHECK_EQ(pubkey_blob_type(bytes_of(odd, sizeof odd)).len, 0);
	CHECK_EQ(pubkey_blob_type(bytes_of(odd, 3)).len, 0);
	CHECK_EQ(pubkey_blob_type(bytes_of(NULL, 0)).len, 0);
}

/* R20: exact lengths; CVE-2026-39829 and CVE-2020-9283 are about keys of other lengths. */
TEST(r20_cve_2026_39829_cve_2020_9283_ed25519_of_another_length)
{
	for (size_t len = 0; len <= 64; len++) {
		uint8_t mem[128], pub[64] = {0};
		struct writer w;

		wr_init(&w, (struct span){mem, sizeof mem});
		wr_cstring(&w, "ssh-ed25519");
		wr_string(&w, bytes_of(pub, len));
		if (len != 32)
			CHECK_EQ(parse(wr_bytes(&w)), E_VALUE);
	}
}

TEST(points_that_are_none)
{
	uint8_t mem[PUBKEY_BLOB_MAX];
	struct bytes blob = blob_of("ecdsa256", mem);
	size_t curve = 4 + strlen("ecdsa-sha2-nistp256") + 4;
	size_t point = curve + strlen("nistp256") + 4;

	mem[curve + 5] ^= 1;
	CHECK_EQ(parse(blob), E_FORMAT);
	mem[curve + 5] ^= 1;
	mem[point] = 2;
	CHECK_EQ(parse(blob), E_VALUE);
	mem[point] = 4;
	mem[point + 1] ^= 1;
	CHECK_EQ(parse(blob), E_VALUE);
	mem[point + 1] ^= 1;
	CHECK_EQ(parse(blob), E_OK);
	memset(mem + point + 1, 0, 64);
	CHECK_EQ(parse(blob), E_VALUE);
}

static enum err parse_rsa(struct bytes e, struct bytes n)
{
	uint8_t mem[8192];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof mem});
	wr_cstring(&w, "ssh-rsa");
	wr_mpint(&w, e);
	wr_mpint(&w, n);
	REQUIRE(wr_ok(&w));
	return parse(wr_bytes(&w));
}

/* R20: 2048 to 8192 bits, exponent odd and at most 64 bits, before any arithmetic. */
TEST(r20_rsa_numbers_out_of_range)
{
	static const uint8_t e3[] = {3}, e4[] = {4}, e1[] = {1};
	static const uint8_t e64[] = {0xff, 0, 0, 0, 0, 0, 0, 1},
			     e72[] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
	uint8_t n[4096] = {0x80}, mem[PUBKEY_BLOB_MAX];
	struct bytes n2048 = bytes_of(n, 256);

	n[255] = n[1023] = n[1024] = n[4095] = n[254] = 1;
	CHECK_EQ(parse_rsa(bytes_of(e3, 1), n2048), E_OK);
	CHECK_EQ(parse_rsa(bytes_of(e64, 8), n2048), E_OK);
	CHECK_EQ(parse_rsa(bytes_of(e72, 9), n2048), E_VALUE);
	CHECK_EQ(parse_rsa(bytes_of(e4, 1), n2048), E_VALUE);
	CHECK_EQ(parse_rsa(bytes_of(e1, 1), n2048), E_VALUE);
	CHECK_EQ(parse_rsa(bytes_of(NULL, 0), n2048), E_VALUE);
	CHECK_EQ(parse_rsa(bytes_of(e3, 1), bytes_of(NULL, 0)), E_VALUE);
	CHECK_EQ(parse_rsa(bytes_of(e3, 1), bytes_of(n, 255)), E_VALUE);
	CHECK_EQ(parse_rsa(bytes_of(e3, 1), bytes_of(n, 1024)), E_OK);
	CHECK_EQ(parse_rsa(bytes_of(e3, 1), bytes_of(n, 1025)), E_VALUE);
	CHECK_EQ(parse_rsa(bytes_of(e3, 1), bytes_of(n, 4096)), E_VALUE);
	CHECK_EQ(parse(blob_of("rsa1024", mem)), E_VALUE);
}

TEST(rsa_numbers_that_are_no_canonical_mpints)
{
	uint8_t mem[600], n[256] = {0x80};
	struct writer w;

	n[255] = 1;
	for (int variant = 0; variant < 3; variant++) {
		wr_init(&w, (struct span){mem, sizeof mem});
		wr_cstring(&w, "ssh-rsa");
		if (variant == 0)
			wr_string(&w, bytes_of("\0\3", 2)); /* a zero too many */
		else if (variant == 1)
			wr_string(&w, bytes_of("\x83", 1)); /* negative */
		else
			wr_mpint(&w, bytes_of("\3", 1));
		if (variant == 2)
			wr_string(&w, bytes_of(n, sizeof n)); /* negative */
		else
			wr_mpint(&w, bytes_of(n, sizeof n));
		harness_note("variant %d", variant);
		CHECK_EQ(parse(wr_bytes(&w)), E_FORMAT);
	}
}

#define ED_BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

static enum err from_text(struct bytes line, struct bytes *rest)
{
	uint8_t blob[64];
	size_t len;

	return pubkey_from_text(line, (struct span){blob, sizeof blob}, &len, rest);
}

TEST(text_forms)
{
	static const struct {
		const char *line, *rest;
	} fine[] = {
		{"ssh-ed25519 " ED_BLOB, ""},
		{"ssh-ed25519 " ED_BLOB "\n", ""},
		{"ssh-ed25519 " ED_BLOB " a comment \r\n", "a comment"},
		{" \tssh-ed25519\t \t" ED_BLOB "\t a  b", "a  b"},
	};
	static const char *const bad[] = {"", "\n", " ", "ssh-ed25519", "ssh-ed25519 ", ED_BLOB,
		"ssh-rsa " ED_BLOB, "ssh-ed2551 " ED_BLOB, "ssh-ed25519 " ED_BLOB "=",
		"ssh-ed25519 " ED_BLOB "\nssh-ed25519 " ED_BLOB, "ssh-ed25519 " ED_BLOB " c\nd",
		"ssh-ed25519 " ED_BLOB "\n\n", "ssh-ed25519 A" ED_BLOB, "ssh-ed25519 AAAA",
		"ssh-ed25519 !!!!", "ssh-ed25519," ED_BLOB};
	struct bytes rest;

	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
		harness_note("%s", fine[i].line);
		CHECK_EQ(from_text(bytes_str(fine[i].line), &rest), E_OK);
		CHECK_BYTES(rest, bytes_str(fine[i].rest));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		harness_note("%s", bad[i]);
		CHECK_EQ(from_text(bytes_str(bad[i]), &rest), E_FORMAT);
		CHECK_EQ(rest.len, 0);
	}
	CHECK_EQ(from_text(bytes_of("ssh-ed25519 " ED_BLOB " a\0b", 84), &rest), E_FORMAT);
	CHECK_EQ(from_text(bytes_of(NULL, 0), &rest), E_FORMAT);
}

TEST(text_too_long_for_its_place)
{
	char *text;
	size_t len;
	struct bytes rest;

	text = datafile_read(FOLDER "rsa2048.pub", &len);
	CHECK_EQ(from_text(bytes_of(text, len), &rest), E_LIMIT);
	free(text);
}

TEST(text_needs_a_type)
{
	char out[64];
	static const uint8_t blob[] = {0, 0, 0, 3, 'a', ' ', 'b'};

	CHECK_EQ(pubkey_to_text(bytes_of(blob, sizeof blob), out, sizeof out), E_FORMAT);
	CHECK_EQ(pubkey_to_text(bytes_of(NULL, 0), out, sizeof out), E_FORMAT);
}
