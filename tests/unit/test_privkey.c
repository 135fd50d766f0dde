/* SPDX-License-Identifier: ISC */
/* Private keys in tests/data/keys come from ssh-keygen and openssl; what we write goes to
 * ssh-keygen. */
#include "keys/privkey.h"

#include "base/text.h"
#include "datafile.h"
#include "failalloc.h"
#include "harness.h"
#include "keys/pubkey.h"
#include "seed.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "tests/data/keys/"
#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----\n"
#define END "-----END OPENSSH PRIVATE KEY-----\n"

enum { TEXT_MAX = 16 * 1024 };

static const char *const names[] = {
	"ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa2048", "rsa3072", "rsa8192"};

enum { NAMES = sizeof names / sizeof names[0] };

static enum err fill_seeded(void *ctx, uint8_t *dst, size_t n)
{
	seed_fill(ctx, dst, n);
	return E_OK;
}

/* The file of a name under FOLDER as a key. */
static enum err load(const char *name, struct pk **key, char *comment, size_t cap, struct fault *f)
{
	char path[128], *text;
	size_t len;
	enum err e;

	snprintf(path, sizeof path, FOLDER "%s", name);
	text = datafile_read(path, &len);
	e = privkey_from_text(bytes_of(text, len), key, comment, cap, f);
	free(text);
	return e;
}

static struct bytes blob_of_pub(const char *name, uint8_t mem[static PUBKEY_BLOB_MAX])
{
	char path[128], *text;
	size_t len, blob_len;
	struct bytes comment;

	snprintf(path, sizeof path, FOLDER "%s.pub", name);
	text = datafile_read(path, &len);
	REQUIRE_EQ(pubkey_from_text(bytes_of(text, len), (struct span){mem, PUBKEY_BLOB_MAX},
			   &blob_len, &comment),
		E_OK);
	free(text);
	return bytes_of(mem, blob_len);
}

static void check_blob(const struct pk *key, struct bytes want)
{
	uint8_t mine[PUBKEY_BLOB_MAX];
	size_t len;

	REQUIRE_EQ(pubkey_to_blob(key, (struct span){mine, sizeof mine}, &len), E_OK);
	CHECK_BYTES(bytes_of(mine, len), want);
}

/* The private part belongs to the public one of the .pub file. */
static void check_signs(const struct pk *key, struct bytes blob)
{
	uint8_t signature[PK_SIGNATURE_MAX];
	const struct sig_alg *alg = NULL;
	struct pk *pub;
	size_t len;

	for (size_t i = 0; sig_alg_at(i) != NULL && alg == NULL; i++) {
		if (sig_alg_at(i)->type == pk_type_of(key))
			alg = sig_alg_at(i);
	}
	REQUIRE(alg != NULL);
	REQUIRE_EQ(pubkey_from_blob(blob, &pub), E_OK);
	REQUIRE_EQ(pk_sign(key, alg, bytes_str("text"), (struct span){signature, sizeof signature},
			   &len),
		E_OK);
	CHECK_EQ(pk_verify(pub, alg, bytes_str("text"), bytes_of(signature, len)), VERDICT_GOOD);
	pk_free(pub);
}

TEST(keys_of_ssh_keygen)
{
	for (size_t i = 0; i < NAMES; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX];
		char comment[64], want[64];
		struct fault f = {0};
		struct pk *key;

		harness_note("%s", names[i]);
		REQUIRE_EQ(load(names[i], &key, comment, sizeof comment, &f), E_OK);
		snprintf(want, sizeof want, "%s@test", names[i]);
		CHECK_STR(comment, want);
		CHECK(pk_has_private(key));
		check_blob(key, blob_of_pub(names[i], mem));
		check_signs(key, bytes_of(mem, blob_of_pub(names[i], mem).len));
		pk_free(key);
	}
}

TEST(pem_forms_of_the_same_keys)
{
	static const char *const rows[][2] = {
		{"rsa2048.pkcs1", "rsa2048"},
		{"rsa2048.pkcs8", "rsa2048"},
		{"ecdsa256.sec1", "ecdsa256"},
		{"ecdsa256.pkcs8", "ecdsa256"},
		{"ecdsa384.sec1", "ecdsa384"},
		{"ecdsa384.pkcs8", "ecdsa384"},
		{"ecdsa521.sec1", "ecdsa521"},
		{"ecdsa521.pkcs8", "ecdsa521"},
		{"openssl-compressed.sec1", "ecdsa256"},
		/* Parameters written out, which are those of P-256. */
		{"openssl-explicit.sec1", "ecdsa256"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX];
		struct fault f = {0};
		struct pk *key;
		struct bytes blob;
		char comment[8] = "x";

		harness_note("%s", rows[i][0]);
		REQUIRE_EQ(load(rows[i][0], &key, comment, sizeof comment, &f), E_OK);
		CHECK_STR(comment, "");
		blob = blob_of_pub(rows[i][1], mem);
		check_blob(key, blob);
		check_signs(key, blob);
		pk_free(key);
	}
}

TEST(ed25519_in_pkcs8)
{
	uint8_t pub[64];
	struct pk *key;
	size_t len, hex_len;
	char *hex = datafile_read(FOLDER "openssl-ed25519.pubhex", &hex_len);

	REQUIRE_EQ(load("openssl-ed25519.pkcs8", &key, NULL, 0, NULL), E_OK);
	REQUIRE_EQ(pk_get_public(key, (struct span){pub, sizeof pub}, &len), E_OK);
	CHECK_HEX(pub, len, hex);
	CHECK(pk_has_private(key));
	free(hex);
	pk_free(key);
}

static void expect(const char *name, enum err want, const char *sentence)
{
	struct fault f = {0};
	struct pk *key;

	harness_note("%s", name);
	CHECK_EQ(load(name, &key, NULL, 0, &f), want);
	CHECK(key == NULL);
	CHECK_EQ(f.err, want);
	if (!CHECK(strstr(f.text, sentence) != NULL))
		FAIL("the sentence is: %s", f.text);
}

TEST(encrypted_keys_are_denied_by_that_name)
{
	expect("ed25519.encrypted", E_DENIED, "needs a passphrase");
	expect("rsa2048.pkcs1.encrypted", E_DENIED, "needs a passphrase");
	expect("rsa2048.pkcs8.encrypted", E_DENIED, "needs a passphrase");
}

static enum err unlock(const char *name, const char *passphrase, struct pk **key, struct fault *f)
{
	char path[128], *text, comment[64];
	size_t len;
	enum err e;

	snprintf(path, sizeof path, FOLDER "%s", name);
	text = datafile_read(path, &len);
	e = privkey_unlock(bytes_of(text, len), passphrase, key, comment, sizeof comment, f);
	free(text);
	return e;
}

static const struct {
	const char *name, *plain, *passphrase;
	bool is_pem;
} sealed[] = {
	{"ed25519.encrypted", "ed25519", "open sesame", false},
	{"ed25519.aes128-ctr", "ed25519", "open sesame", false},
	{"ed25519.aes128-gcm", "ed25519", "open sesame", false},
	{"ed25519.aes256-gcm", "ed25519", "open sesame", false},
	{"ecdsa521.encrypted", "ecdsa521", "x", false},
	{"rsa2048.encrypted", "rsa2048",
		"p\303\244\303\237w\303\266rt, "
		"000000000000000000000000000000000000000000000000000000"
		"0000000000000007",
		false},
	{"rsa2048.pkcs1.encrypted", "rsa2048", "open sesame", true},
	{"rsa2048.pkcs8.encrypted", "rsa2048", "open sesame", true},
};

TEST(the_passphrase_opens_and_no_other)
{
	static const char *const wrong[] = {"", "open sesam", "open sesame ", "Open sesame"};

	for (size_t i = 0; i < sizeof sealed / sizeof sealed[0]; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX];
		struct bytes blob = blob_of_pub(sealed[i].plain, mem);
		struct fault f = {0};
		struct pk *key;

		harness_note("%s", sealed[i].name);
		REQUIRE_EQ(unlock(sealed[i].name, sealed[i].passphrase, &key, &f), E_OK);
		check_blob(key, blob);
		check_signs(key, blob);
		pk_free(key);
		for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
			f = (struct fault){0};
			CHECK_EQ(unlock(sealed[i].name, wrong[n], &key, &f), E_AUTH);
			CHECK(key == NULL);
			CHECK(strstr(f.text, "passphrase") != NULL);
			CHECK(wrong[n][0] == '\0' || strstr(f.text, wrong[n]) == NULL);
		}
	}
}

TEST(a_plain_key_needs_no_passphrase_and_minds_none)
{
	struct fault f = {0};
	struct pk *key;

	REQUIRE_EQ(unlock("ed25519", "whatever", &key, &f), E_OK);
	pk_free(key);
	REQUIRE_EQ(unlock("rsa2048.pkcs8", "whatever", &key, &f), E_OK);
	pk_free(key);
	CHECK_EQ(unlock("ed25519.aes256-cbc", "open sesame", &key, &f), E_UNKNOWN);
	CHECK(strstr(f.text, "aes256-cbc") != NULL);
}

TEST(the_public_key_of_an_encrypted_file)
{
	for (size_t i = 0; i < sizeof sealed / sizeof sealed[0]; i++) {
		uint8_t mem[PUBKEY_BLOB_MAX], got[PUBKEY_BLOB_MAX];
		struct bytes blob = blob_of_pub(sealed[i].plain, mem);
		char path[128], *text;
		size_t len, got_len = 0;

		harness_note("%s", sealed[i].name);
		snprintf(path, sizeof path, FOLDER "%s", sealed[i].name);
		text = datafile_read(path, &len);
		if (sealed[i].is_pem) {
			CHECK_EQ(privkey_public(bytes_of(text, len), (struct span){got, sizeof got},
					 &got_len),
				E_UNKNOWN);
		} else {
			REQUIRE_EQ(privkey_public(bytes_of(text, len),
					   (struct span){got, sizeof got}, &got_len),
				E_OK);
			CHECK_BYTES(bytes_of(got, got_len), blob);
			CHECK_EQ(privkey_public(bytes_of(text, len),
					 (struct span){got, blob.len - 1}, &got_len),
				E_LIMIT);
			CHECK_EQ(privkey_public(bytes_of(text, len - 100),
					 (struct span){got, sizeof got}, &got_len),
				E_FORMAT);
		}
		free(text);
	}
}

TEST(other_kinds_are_refused)
{
	expect("openssl-x25519.pkcs8", E_UNKNOWN, "not supported");
	expect("openssl-secp256k1.sec1", E_UNKNOWN, "not supported");
	expect("ed25519.pub", E_FORMAT, "a public key");
	expect("fingerprints", E_FORMAT, "not a private key");
}

static enum err from_text(const char *text, size_t len, struct fault *f)
{
	struct pk *key;
	enum err e = privkey_from_text(bytes_of(text, len), &key, NULL, 0, f);

	pk_free(key);
	return e;
}

TEST(what_is_no_key_file)
{
	static const char *const bad[] = {"", "x", "PuTTY-User-Key-File-3: ssh-ed25519\n", BEGIN,
		BEGIN END, BEGIN "AAAA\n" END, BEGIN "!\n" END,
		"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "-----BEGIN ",
		"-----BEGIN OPENSSH PRIVATE KEY-----"};
	struct fault f = {0};
	char *big = malloc(PRIVKEY_FILE_MAX + 1);

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		harness_note("%zu", i);
		f = (struct fault){0};
		CHECK_EQ(from_text(bad[i], strlen(bad[i]), &f), E_FORMAT);
		CHECK(f.text[0] != '\0');
	}
	REQUIRE(big != NULL);
	memset(big, ' ', PRIVKEY_FILE_MAX + 1);
	f = (struct fault){0};
	CHECK_EQ(from_text(big, PRIVKEY_FILE_MAX + 1, &f), E_LIMIT);
	f = (struct fault){0};
	CHECK_EQ(from_text(big, PRIVKEY_FILE_MAX, &f), E_FORMAT);
	CHECK_EQ(privkey_from_text(bytes_of(NULL, 0), &(struct pk *){NULL}, NULL, 0, NULL),
		E_FORMAT);
	free(big);
}

/* The bytes inside the armour of a file, and the armour around bytes. */
static size_t unarmour(const char *name, uint8_t *out, size_t cap)
{
	char path[128], *text, *at, *to;
	size_t len;

	snprintf(path, sizeof path, FOLDER "%s", name);
	text = datafile_read(path, &len);
	at = text + strlen(BEGIN);
	*strstr(at, "-----") = '\0';
	to = text;
	for (; *at != '\0'; at++) {
		if (*at != '\n')
			*to++ = *at;
	}
	REQUIRE(text_unbase64(bytes_of(text, (size_t)(to - text)), out, cap, &len));
	free(text);
	return len;
}

static enum err from_container(struct bytes container, struct pk **key, struct fault *f)
{
	char base64[TEXT_MAX], text[TEXT_MAX + 128];

	REQUIRE(text_base64(container, base64, sizeof base64) > 0 || container.len == 0);
	snprintf(text, sizeof text, BEGIN "%s\n" END, container.len > 0 ? base64 : "");
	return privkey_from_text(bytes_str(text), key, NULL, 0, f);
}

static enum err container_err(struct bytes container)
{
	struct fault f = {0};
	struct pk *key;
	enum err e = from_container(container, &key, &f);

	pk_free(key);
	return e;
}

TEST(every_cut_of_a_container_is_refused)
{
	uint8_t mem[1024];
	size_t len = unarmour("ecdsa256", mem, sizeof mem);

	CHECK_EQ(container_err(bytes_of(mem, len)), E_OK);
	for (size_t cut = 0; cut < len; cut++)
		CHECK_EQ(container_err(bytes_of(mem, cut)), E_FORMAT);
	mem[len] = 0;
	CHECK_EQ(container_err(bytes_of(mem, len + 1)), E_FORMAT);
}

/* Whatever bit is wrong: the file is refused, or it is the same key (its comment may have changed).
 */
TEST(no_flipped_bit_gives_another_key)
{
	uint8_t mem[1024], pub[PUBKEY_BLOB_MAX];
	size_t len = unarmour("ed25519", mem, sizeof mem);
	struct bytes blob = blob_of_pub("ed25519", pub);
	unsigned accepted = 0;

	for (size_t bit = 0; bit < len * 8; bit++) {
		struct fault f = {0};
		struct pk *key;

		harness_note("bit %zu", bit);
		mem[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (from_container(bytes_of(mem, len), &key, &f) == E_OK) {
			check_blob(key, blob);
			check_signs(key, blob);
			accepted++;
		} else {
			CHECK(key == NULL);
			CHECK(f.text[0] != '\0');
		}
		pk_free(key);
		mem[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* All bits of the comment, and where its length takes in the padding. */
	CHECK(accepted >= strlen("ed25519@test") * 8);
	CHECK(accepted <= (strlen("ed25519@test") + 1) * 8);
}

/* A container of our own making, every part of which can be wrong. */
struct parts {
	const char *cipher, *kdf, *options;
	uint32_t count, check_first, check_second;
	const char *blob_of;
	unsigned pad_first, pad_more;
	const char *type;
};

static enum err build(const struct parts *parts)
{
	uint8_t mem[2048], inner[1024], pub[PUBKEY_BLOB_MAX];
	struct bytes section, blob = blob_of_pub(parts->blob_of, pub);
	struct reader r;
	struct writer w;
	size_t len = unarmour("ed25519", inner, sizeof inner), mark, start;

	rd_init(&r, bytes_of(inner, len));
	rd_raw(&r, sizeof "openssh-key-v1");
	for (int i = 0; i < 3; i++)
		rd_string(&r, 64);
	rd_u32(&r);
	rd_string(&r, PUBKEY_BLOB_MAX);
	section = rd_string(&r, sizeof inner);
	REQUIRE(rd_end(&r));
	rd_init(&r, section);
	rd_u64(&r);
	rd_string(&r, 64);

	wr_init(&w, (struct span){mem, sizeof mem});
	wr_raw(&w, bytes_of("openssh-key-v1", sizeof "openssh-key-v1"));
	wr_cstring(&w, parts->cipher);
	wr_cstring(&w, parts->kdf);
	wr_cstring(&w, parts->options);
	wr_u32(&w, parts->count);
	wr_string(&w, blob);
	mark = wr_mark(&w);
	start = wr_bytes(&w).len;
	wr_u32(&w, parts->check_first);
	wr_u32(&w, parts->check_second);
	wr_cstring(&w, parts->type);
	wr_string(&w, rd_string(&r, 64));
	wr_string(&w, rd_string(&r, 64));
	wr_cstring(&w, "a comment");
	REQUIRE(rd_ok(&r));
	len = 8 - (wr_bytes(&w).len - start) % 8 + parts->pad_more;
	for (size_t i = 0; i < len; i++)
		wr_u8(&w, (uint8_t)(parts->pad_first + i));
	wr_close(&w, mark);
	REQUIRE(wr_ok(&w));
	return container_err(wr_bytes(&w));
}

static const struct parts right = {.cipher = "none",
	.kdf = "none",
	.options = "",
	.count = 1,
	.check_first = 7,
	.check_second = 7,
	.blob_of = "ed25519",
	.pad_first = 1,
	.type = "ssh-ed25519"};

TEST(r20_cve_2019_16905_each_part_of_a_container_is_checked)
{
	struct parts p = right;

	CHECK_EQ(build(&p), E_OK);
	p.check_second = 8;
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.cipher = "aes256-ctr";
	CHECK_EQ(build(&p), E_DENIED);
	p = right, p.cipher = "";
	CHECK_EQ(build(&p), E_DENIED);
	p = right, p.kdf = "bcrypt";
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.options = "x";
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.count = 0;
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.count = 2;
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.blob_of = "ecdsa256";
	CHECK_EQ(build(&p), E_VALUE);
	p = right, p.pad_first = 0;
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.pad_first = 2;
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.pad_more = 8;
	CHECK_EQ(build(&p), E_OK);
	p = right, p.pad_more = 1;
	CHECK_EQ(build(&p), E_FORMAT);
	p = right, p.type = "ssh-dss";
	CHECK_EQ(build(&p), E_UNKNOWN);
	p = right, p.type = "ssh-rsa";
	CHECK_EQ(build(&p), E_FORMAT);
}

/* All private numbers zero is how pk_rsa is told of a public key. */
TEST(rsa_without_its_private_numbers)
{
	uint8_t mem[2048], pub[PUBKEY_BLOB_MAX];
	struct bytes blob = blob_of_pub("rsa2048", pub), e, n;
	struct reader r;
	struct writer w;
	size_t mark, start;

	rd_init(&r, blob);
	rd_string(&r, 64);
	e = rd_mpint(&r, 8);
	n = rd_mpint(&r, 256);
	REQUIRE(rd_end(&r));
	wr_init(&w, (struct span){mem, sizeof mem});
	wr_raw(&w, bytes_of("openssh-key-v1", sizeof "openssh-key-v1"));
	wr_cstring(&w, "none");
	wr_cstring(&w, "none");
	wr_cstring(&w, "");
	wr_u32(&w, 1);
	wr_string(&w, blob);
	mark = wr_mark(&w);
	start = wr_bytes(&w).len;
	wr_u64(&w, 0);
	wr_cstring(&w, "ssh-rsa");
	wr_mpint(&w, n);
	wr_mpint(&w, e);
	for (int i = 0; i < 4; i++)
		wr_mpint(&w, bytes_of(NULL, 0));
	wr_cstring(&w, "");
	for (uint8_t pad = 1; (wr_bytes(&w).len - start) % 8 != 0; pad++)
		wr_u8(&w, pad);
	wr_close(&w, mark);
	REQUIRE(wr_ok(&w));
	CHECK_EQ(container_err(wr_bytes(&w)), E_FORMAT);
}

/* Text of a key by us; NUL-terminated. */
static void write_key(const struct pk *key, const char *comment, char text[static TEXT_MAX])
{
	struct seed seed;
	struct rng rng;
	size_t len;

	seed_init(&seed, 1);
	rng_init(&rng, fill_seeded, &seed);
	REQUIRE_EQ(privkey_to_text(
			   key, comment, &rng, (struct span){(uint8_t *)text, TEXT_MAX - 1}, &len),
		E_OK);
	text[len] = '\0';
	rng_fini(&rng);
}

TEST(what_is_written_reads_back)
{
	for (size_t i = 0; i < NAMES; i++) {
		char text[TEXT_MAX], comment[64];
		uint8_t mem[PUBKEY_BLOB_MAX];
		struct pk *key, *again;

		harness_note("%s", names[i]);
		REQUIRE_EQ(load(names[i], &key, NULL, 0, NULL), E_OK);
		write_key(key, "me@here", text);
		REQUIRE_EQ(
			privkey_from_text(bytes_str(text), &again, comment, sizeof comment, NULL),
			E_OK);
		CHECK_STR(comment, "me@here");
		check_blob(again, blob_of_pub(names[i], mem));
		pk_free(again);
		pk_free(key);
	}
}

TEST(writing_keeps_its_limits)
{
	char text[TEXT_MAX], comment[PRIVKEY_COMMENT_MAX + 2];
	uint8_t mem[PUBKEY_BLOB_MAX], out[TEXT_MAX];
	struct pk *key, *pub;
	struct rng rng;
	size_t len, whole;

	REQUIRE_EQ(load("rsa8192", &key, NULL, 0, NULL), E_OK);
	memset(comment, 'c', sizeof comment);
	comment[PRIVKEY_COMMENT_MAX] = '\0';
	write_key(key, comment, text);
	whole = strlen(text);
	rng_system(&rng);
	for (size_t cap = 0; cap < whole; cap += 97)
		CHECK_EQ(privkey_to_text(key, comment, &rng, (struct span){out, cap}, &len),
			E_LIMIT);
	CHECK_EQ(privkey_to_text(key, comment, &rng, (struct span){out, whole - 1}, &len), E_LIMIT);
	CHECK_EQ(privkey_to_text(key, comment, &rng, (struct span){out, whole}, &len), E_OK);
	CHECK_EQ(len, whole);
	comment[PRIVKEY_COMMENT_MAX] = 'c';
	comment[PRIVKEY_COMMENT_MAX + 1] = '\0';
	CHECK_EQ(
		privkey_to_text(key, comment, &rng, (struct span){out, sizeof out}, &len), E_LIMIT);
	REQUIRE_EQ(pubkey_from_blob(blob_of_pub("rsa2048", mem), &pub), E_OK);
	CHECK_EQ(privkey_to_text(pub, "", &rng, (struct span){out, sizeof out}, &len), E_STATE);
	rng_fini(&rng);
	pk_free(pub);
	pk_free(key);
}

TEST(comments_come_out_printable)
{
	char text[TEXT_MAX], comment[32];
	struct pk *key;

	REQUIRE_EQ(load("ed25519", &key, NULL, 0, NULL), E_OK);
	write_key(key, "a\x1b[2J\n", text);
	pk_free(key);
	REQUIRE_EQ(privkey_from_text(bytes_str(text), &key, comment, sizeof comment, NULL), E_OK);
	CHECK_STR(comment, "a\\x1b[2J\\n");
	pk_free(key);
}

TEST(line_ends_of_windows)
{
	char text[TEXT_MAX], crlf[TEXT_MAX];
	struct pk *key;
	size_t n = 0;

	REQUIRE_EQ(load("ed25519", &key, NULL, 0, NULL), E_OK);
	write_key(key, "", text);
	pk_free(key);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\n')
			crlf[n++] = '\r';
		crlf[n++] = *at;
	}
	CHECK_EQ(from_text(crlf, n, NULL), E_OK);
}

/* Puts text where ssh-keygen can read it and returns what it prints for -y. */
static void keygen_reads(const char *text, char *out, size_t cap)
{
	char folder[] = "/tmp/test_privkey.XXXXXX", path[64], command[128];
	FILE *file, *pipe;
	size_t got;

	REQUIRE(mkdtemp(folder) != NULL);
	snprintf(path, sizeof path, "%s/key", folder);
	file = fopen(path, "w");
	REQUIRE(file != NULL);
	CHECK_EQ(chmod(path, 0600), 0);
	CHECK(fputs(text, file) >= 0);
	CHECK_EQ(fclose(file), 0);
	snprintf(command, sizeof command, "ssh-keygen -y -P '' -f %s", path);
	pipe = popen(command, "r");
	REQUIRE(pipe != NULL);
	got = fread(out, 1, cap - 1, pipe);
	out[got] = '\0';
	CHECK_EQ(pclose(pipe), 0);
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(rmdir(folder), 0);
}

TEST(ssh_keygen_accepts_what_is_written)
{
	if (system("command -v ssh-keygen >/dev/null") != 0)
		SKIP("ssh-keygen is not installed");
	for (size_t i = 0; i < NAMES; i++) {
		char text[TEXT_MAX], said[4096], want[4096];
		uint8_t mem[PUBKEY_BLOB_MAX];
		struct pk *key;

		harness_note("%s", names[i]);
		REQUIRE_EQ(load(names[i], &key, NULL, 0, NULL), E_OK);
		write_key(key, "written by us", text);
		pk_free(key);
		keygen_reads(text, said, sizeof said);
		REQUIRE_EQ(pubkey_to_text(blob_of_pub(names[i], mem), want, sizeof want), E_OK);
		strcat(want, " written by us\n");
		CHECK_STR(said, want);
	}
}

TEST(each_failing_allocation_is_a_clean_refusal)
{
	static const char *const files[] = {"ed25519", "rsa2048", "ecdsa256.sec1"};

	for (size_t i = 0; i < 3; i++) {
		for (unsigned n = 1;; n++) {
			struct fault f = {0};
			struct pk *key;
			char path[128], *text;
			size_t len;
			enum err e;

			snprintf(path, sizeof path, FOLDER "%s", files[i]);
			text = datafile_read(path, &len);
			failalloc_arm(n);
			e = privkey_from_text(bytes_of(text, len), &key, NULL, 0, &f);
			free(text);
			if (!failalloc_disarm()) {
				CHECK_EQ(e, E_OK);
				pk_free(key);
				break;
			}
			CHECK_EQ(e, E_NOMEM);
			CHECK(key == NULL);
		}
	}
}
