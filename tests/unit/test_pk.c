/* SPDX-License-Identifier: ISC */
/*
 * What holds for every kind of key; and both ways against ssh-keygen: its keys load, its signatures
 * hold, and it accepts ours.
 */
#include "crypto/pk.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "failalloc.h"
#include "harness.h"
#include "pkparts.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include "cryptoalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024 };

TEST(pk_algorithms)
{
	static const char *const names[] = {
		"ssh-ed25519",
		"ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384",
		"ecdsa-sha2-nistp521",
		"rsa-sha2-512",
		"rsa-sha2-256",
	};
	char list[256] = "";

	for (size_t i = 0; i < 6; i++) {
		const struct sig_alg *alg = sig_alg_at(i);
		REQUIRE(alg != NULL);
		CHECK_STR(alg->name, names[i]);
		CHECK(alg_of(names[i]) == alg);
		CHECK_STR(alg->key_name, i < 4 ? names[i] : "ssh-rsa");
		strcat(strcat(list, i ? "," : ""), names[i]);
	}
	CHECK(sig_alg_at(6) == NULL);
	CHECK(sig_alg_at(SIZE_MAX) == NULL);
	CHECK_STR(sig_default_list(), list);
	CHECK(sig_alg_find(bytes_str("ssh-rsa")) == NULL);
	CHECK(sig_alg_find(bytes_str("ssh-dss")) == NULL);
	CHECK(sig_alg_find(bytes_str("ssh-ed25519-cert-v01@openssh.com")) == NULL);
	CHECK(sig_alg_find(bytes_str("")) == NULL);
}

TEST(pk_keys_survive_being_taken_apart)
{
	for (size_t k = 0; k < KINDS; k++) {
		struct copied c, again;
		struct pk *key = own_key(k), *copy = NULL;
		CHECK_EQ(pk_type_of(key), kinds[k].type);
		CHECK_EQ(pk_bits(key), kinds[k].bits);
		CHECK(pk_has_private(key));
		numbers_of(key, &c);
		REQUIRE_EQ(build(&copy, kinds[k].type, &c), E_OK);
		CHECK(pk_has_private(copy));
		CHECK_EQ(pk_bits(copy), kinds[k].bits);
		numbers_of(copy, &again);
		CHECK_MEM(&again, sizeof(again), &c);
		pk_free(copy);
	}
	pk_free(NULL);
}

TEST(pk_public_keys_have_no_private_part_to_give)
{
	uint8_t mem[1200];
	size_t len;
	struct span out = {mem, sizeof(mem)};

	for (size_t k = 0; k < KINDS; k++) {
		struct pk *pub = public_of(own_key(k));
		CHECK_EQ(pk_sign(pub, alg_of(kinds[k].sig), bytes_str("x"), out, &len), E_STATE);
		CHECK_EQ(pk_get_private(pub, out, &len), E_STATE);
		CHECK_EQ(pk_rsa_get(pub, PK_RSA_D, out, &len), E_STATE);
		if (kinds[k].type == PK_RSA)
			CHECK_EQ(pk_get_public(pub, out, &len), E_STATE);
		else
			CHECK_EQ(pk_rsa_get(pub, PK_RSA_N, out, &len), E_STATE);
		pk_free(pub);
	}
}

TEST(pk_getters_need_room)
{
	uint8_t mem[1200];
	size_t len;

	for (size_t k = 0; k < KINDS - 1; k++) {
		struct copied c;
		numbers_of(own_key(k), &c);
		CHECK_EQ(
			pk_get_public(own_key(k), (struct span){mem, c.len[0] - 1}, &len), E_LIMIT);
		CHECK_EQ(pk_get_private(own_key(k), (struct span){mem, c.len[1] - 1}, &len),
			E_LIMIT);
	}
	CHECK_EQ(pk_rsa_get(own_key(4), PK_RSA_N, (struct span){mem, 255}, &len), E_LIMIT);
}

TEST(pk_sign_and_verify)
{
	uint8_t sig[PK_SIGNATURE_MAX];

	for (size_t k = 0; k < KINDS; k++) {
		struct pk *pub = public_of(own_key(k));
		const struct sig_alg *alg = alg_of(kinds[k].sig);
		size_t len = sign(own_key(k), kinds[k].sig, "message", sig), ignored;
		harness_note("%s", kinds[k].sig);
		CHECK_EQ(pk_verify(pub, alg, bytes_str("message"), bytes_of(sig, len)),
			VERDICT_GOOD);
		CHECK_EQ(
			pk_verify(pub, alg, bytes_str("messagf"), bytes_of(sig, len)), VERDICT_BAD);
		CHECK_EQ(pk_verify(pub, alg, bytes_str(""), bytes_of(sig, len)), VERDICT_BAD);
		for (size_t i = 0; i < len; i++) { /* every byte of the blob counts */
			sig[i] ^= 1;
			REQUIRE_EQ(pk_verify(pub, alg, bytes_str("message"), bytes_of(sig, len)),
				VERDICT_BAD);
			sig[i] ^= 1;
		}
		for (size_t cut = 0; cut < len; cut++) /* and every cut, also into the name */
			REQUIRE_EQ(pk_verify(pub, alg, bytes_str("message"), bytes_of(sig, cut)),
				VERDICT_BAD);
		sig[len] = 0; /* and nothing may follow */
		CHECK_EQ(pk_verify(pub, alg, bytes_str("message"), bytes_of(sig, len + 1)),
			VERDICT_BAD);
		CHECK_EQ(pk_sign(own_key(k), alg, bytes_str("message"), (struct span){sig, 20},
				 &ignored),
			E_LIMIT);
		pk_free(pub);
	}
}

TEST(pk_algorithm_must_be_that_of_key_and_blob)
{
	uint8_t sig[PK_SIGNATURE_MAX], other[PK_SIGNATURE_MAX];
	size_t ignored;

	for (size_t k = 0; k < KINDS; k++) {
		size_t len = sign(own_key(k), kinds[k].sig, "message", sig);
		for (size_t i = 0; sig_alg_at(i); i++) {
			const struct sig_alg *alg = sig_alg_at(i);
			bool same = strcmp(alg->name, kinds[k].sig) == 0;
			CHECK_EQ(pk_verify(
					 own_key(k), alg, bytes_str("message"), bytes_of(sig, len)),
				same ? VERDICT_GOOD : VERDICT_BAD);
			if (alg->type != kinds[k].type)
				CHECK_EQ(pk_sign(own_key(k), alg, bytes_str("message"),
						 (struct span){other, sizeof(other)}, &ignored),
					E_VALUE);
		}
	}
	/* SHA-1 by its name, RFC 8332 3: the blob says ssh-rsa */
	struct writer w;
	size_t len = sign(own_key(4), "rsa-sha2-256", "message", sig);
	wr_init(&w, (struct span){other, sizeof(other)});
	wr_cstring(&w, "ssh-rsa");
	wr_raw(&w, bytes_of(sig + 16, len - 16));
	REQUIRE(wr_ok(&w));
	CHECK_EQ(pk_verify(own_key(4), alg_of("rsa-sha2-256"), bytes_str("message"), wr_bytes(&w)),
		VERDICT_BAD);
}

/* R43: no failing allocation turns a bad signature into a good one, or crashes. */
TEST(r43_cve_2025_5372_cve_2025_5987_pk_allocation_failures_never_verify)
{
	uint8_t sig[PK_SIGNATURE_MAX], out[PK_SIGNATURE_MAX];

	for (size_t k = 0; k < KINDS; k++) {
		const struct sig_alg *alg = alg_of(kinds[k].sig);
		size_t len = sign(own_key(k), kinds[k].sig, "message", sig), out_len;
		struct copied c;
		numbers_of(own_key(k), &c);
		bool fired = true;
		for (unsigned n = 1; fired; n++) {
			failalloc_arm(n);
			enum verdict bad =
				pk_verify(own_key(k), alg, bytes_str("other"), bytes_of(sig, len));
			fired = failalloc_disarm();
			REQUIRE_EQ(bad, VERDICT_BAD);
		}
		fired = true;
		for (unsigned n = 1; fired; n++) {
			struct pk *key = NULL;
			failalloc_arm(n);
			enum err e = build(&key, kinds[k].type, &c);
			if (!e)
				e = pk_sign(key, alg, bytes_str("message"),
					(struct span){out, sizeof(out)}, &out_len);
			fired = failalloc_disarm();
			if (!e)
				CHECK_EQ(pk_verify(own_key(k), alg, bytes_str("message"),
						 bytes_of(out, out_len)),
					VERDICT_GOOD);
			CHECK(fired || !e);
			pk_free(key);
		}
	}
}

/* A scratch directory that goes away with its files. */
static char dir[64];

static void make_dir(void)
{
	strcpy(dir, "/tmp/test_pk.XXXXXX");
	REQUIRE(mkdtemp(dir) != NULL);
}

static void remove_dir(void)
{
	static const char *const files[] = {"k", "k.pub", "msg", "sig", "msg.sig"};
	char path[128];
	for (size_t i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	CHECK_EQ(rmdir(dir), 0);
}

static bool run(const char *command)
{
	char line[256];
	snprintf(line, sizeof(line), "cd %s && %s >/dev/null 2>&1", dir, command);
	return system(line) == 0;
}

static size_t read_file(const char *name, char *mem)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	REQUIRE(f != NULL);
	size_t len = fread(mem, 1, FILE_MAX - 1, f);
	fclose(f);
	mem[len] = '\0';
	return len;
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	REQUIRE(f != NULL);
	fputs(text, f);
	REQUIRE_EQ(fclose(f), 0);
}

/* The bytes between the BEGIN and END lines of a file. */
static struct bytes unarmor(const char *name, uint8_t *mem)
{
	static char text[FILE_MAX], packed[FILE_MAX];
	size_t n = 0, len = 0;
	read_file(name, text);
	char *at = strchr(text, '\n'), *end = strstr(text, "-----END");
	REQUIRE(at != NULL && end != NULL);
	for (; at < end; at++)
		if (*at != '\n')
			packed[n++] = *at;
	REQUIRE(text_unbase64(bytes_of(packed, n), mem, FILE_MAX, &len));
	return bytes_of(mem, len);
}

/* The plain private key file of OpenSSH (its PROTOCOL.key) to a pair. */
static struct pk *load_openssh(enum pk_type type)
{
	static uint8_t mem[FILE_MAX];
	struct reader r;
	struct bytes f[6] = {{NULL, 0}};
	struct copied c = {0};
	struct pk *key = NULL;

	rd_init(&r, unarmor("k", mem));
	CHECK(bytes_is(rd_raw(&r, 14), "openssh-key-v1"));
	rd_u8(&r);
	CHECK(bytes_is(rd_string(&r, 64), "none"));
	CHECK(bytes_is(rd_string(&r, 64), "none"));
	rd_string(&r, 64);
	CHECK_EQ(rd_u32(&r), 1);
	rd_string(&r, FILE_MAX);
	struct bytes priv = rd_string(&r, FILE_MAX);
	REQUIRE(rd_end(&r));
	rd_init(&r, priv);
	CHECK_EQ(rd_u32(&r), rd_u32(&r));
	rd_string(&r, 64);
	if (type == PK_RSA) {
		for (size_t i = 0; i < 6; i++) /* n, e, d, iqmp, p, q as in enum pk_rsa_part */
			f[i] = rd_mpint(&r, 1024);
	} else {
		if (type != PK_ED25519)
			rd_string(&r, 64);
		f[0] = rd_string(&r, 1024);
		f[1] = type == PK_ED25519 ? rd_string(&r, 64) : rd_mpint(&r, 66);
		if (type == PK_ED25519)
			f[1].len = 32; /* the public half follows the seed */
	}
	REQUIRE(rd_ok(&r));
	for (size_t i = 0; i < 6; i++) {
		memcpy(c.mem[i], f[i].ptr ? f[i].ptr : mem, f[i].len);
		c.len[i] = f[i].len;
	}
	REQUIRE_EQ(build(&key, type, &c), E_OK);
	return key;
}

/* What an SSHSIG of OpenSSH (its PROTOCOL.sshsig) signs, for a message in the file msg. */
static struct bytes signed_data(uint8_t *mem)
{
	static char text[FILE_MAX];
	uint8_t hash[DIGEST_MAX];
	struct writer w;
	struct bytes msg = bytes_of(text, read_file("msg", text));

	REQUIRE_EQ(digest_pieces(DIGEST_SHA512, &msg, 1, hash), E_OK);
	wr_init(&w, (struct span){mem, 512});
	wr_raw(&w, bytes_str("SSHSIG"));
	wr_cstring(&w, "test");
	wr_cstring(&w, "");
	wr_cstring(&w, "sha512");
	wr_string(&w, bytes_of(hash, 64));
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

static void put_public(struct writer *w, const struct pk *key, const char *name)
{
	struct copied c;
	size_t mark = wr_mark(w);
	numbers_of(key, &c);
	wr_cstring(w, name);
	if (pk_type_of(key) == PK_RSA) {
		wr_mpint(w, part(&c, PK_RSA_E));
		wr_mpint(w, part(&c, PK_RSA_N));
	} else {
		if (pk_type_of(key) != PK_ED25519)
			wr_cstring(w, name + strlen("ecdsa-sha2-"));
		wr_string(w, part(&c, 0));
	}
	wr_close(w, mark);
}

static void write_sshsig(const struct pk *key, const struct sig_alg *alg, struct bytes signature)
{
	static uint8_t mem[8192];
	static char text[FILE_MAX], out[FILE_MAX];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_raw(&w, bytes_str("SSHSIG"));
	wr_u32(&w, 1);
	put_public(&w, key, alg->key_name);
	wr_cstring(&w, "test");
	wr_cstring(&w, "");
	wr_cstring(&w, "sha512");
	wr_string(&w, signature);
	REQUIRE(wr_ok(&w));
	REQUIRE(text_base64(wr_bytes(&w), text, sizeof(text)) > 0);
	size_t n = (size_t)sprintf(out, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t i = 0; text[i]; i++) {
		out[n++] = text[i];
		if (i % 70 == 69)
			out[n++] = '\n';
	}
	sprintf(out + n, "\n-----END SSH SIGNATURE-----\n");
	write_file("sig", out);
}

static void check_keygen_signature(const struct pk *key, const struct sig_alg *alg)
{
	static uint8_t mem[FILE_MAX];
	uint8_t data[512];
	struct reader r;

	rd_init(&r, unarmor("msg.sig", mem));
	CHECK(bytes_is(rd_raw(&r, 6), "SSHSIG"));
	CHECK_EQ(rd_u32(&r), 1);
	rd_string(&r, FILE_MAX);
	CHECK(bytes_is(rd_string(&r, 64), "test"));
	rd_string(&r, 64);
	CHECK(bytes_is(rd_string(&r, 64), "sha512"));
	struct bytes signature = rd_string(&r, FILE_MAX);
	REQUIRE(rd_end(&r));
	struct bytes what = signed_data(data);
	CHECK_EQ(pk_verify(key, alg, what, signature), VERDICT_GOOD);
	data[what.len - 1] ^= 1;
	CHECK_EQ(pk_verify(key, alg, what, signature), VERDICT_BAD);
}

static void check_with_keygen(size_t k)
{
	uint8_t data[512], sig[PK_SIGNATURE_MAX];
	const struct sig_alg *alg = alg_of(kinds[k].sig);
	char command[128];

	make_dir();
	snprintf(command, sizeof(command), "ssh-keygen -q -N '' -f k %s", kinds[k].keygen);
	REQUIRE(run(command));
	write_file("msg", "a message\n");
	REQUIRE(run("ssh-keygen -q -Y sign -f k -n test msg"));
	struct pk *key = load_openssh(kinds[k].type);
	CHECK(pk_has_private(key));
	CHECK_EQ(pk_bits(key), kinds[k].bits);
	check_keygen_signature(key, alg);

	struct bytes what = signed_data(data);
	for (unsigned round = 0; round < 3; round++) {
		size_t len;
		REQUIRE_EQ(pk_sign(key, alg, what, (struct span){sig, sizeof(sig)}, &len), E_OK);
		write_sshsig(key, alg, bytes_of(sig, len));
		CHECK(run("ssh-keygen -Y check-novalidate -n test -s sig < msg"));
		sig[len - 1] ^= 1;
		write_sshsig(key, alg, bytes_of(sig, len));
		CHECK(!run("ssh-keygen -Y check-novalidate -n test -s sig < msg"));
	}
	pk_free(key);
	remove_dir();
}

TEST(pk_agrees_with_ssh_keygen)
{
	if (system("command -v ssh-keygen >/dev/null 2>&1") != 0)
		SKIP("no ssh-keygen here");
	for (size_t k = 0; k < KINDS; k++) {
		harness_note("%s", kinds[k].keygen);
		check_with_keygen(k);
	}
}
