/* SPDX-License-Identifier: ISC */
/* Signatures that ssh-keygen had made by keys in hardware (tests/data/sk). */
#include "crypto/pk.h"

#include <stdio.h>

#include "base/text.h"
#include "datafile.h"
#include "failalloc.h"
#include "harness.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { ROWS = 8, ROOM = 1024 };

struct row {
	unsigned flags, counter;
	uint8_t mem[3][ROOM];
	struct bytes key, signature, data;
	const struct sig_alg *alg;
	struct pk *pk;
};

static struct row rows[ROWS];

static struct bytes unbase64(const char *text, uint8_t mem[static ROOM])
{
	size_t len;

	REQUIRE(text_unbase64(bytes_str(text), mem, ROOM, &len));
	return bytes_of(mem, len);
}

static struct pk *read_key(struct bytes blob, const struct sig_alg **alg)
{
	struct reader r;
	struct bytes pub;
	struct pk *key;

	rd_init(&r, blob);
	*alg = sig_alg_find(rd_string(&r, ROOM));
	REQUIRE(*alg != NULL);
	if ((*alg)->type == PK_SK_ECDSA)
		CHECK(bytes_is(rd_string(&r, ROOM), "nistp256"));
	pub = rd_string(&r, ROOM);
	REQUIRE_EQ(pk_sk(&key, (*alg)->type, pub, rd_string(&r, ROOM)), E_OK);
	REQUIRE(rd_end(&r));
	return key;
}

static void load(void)
{
	size_t len;
	char *text = datafile_read("tests/data/sk/signatures", &len), *rest = text, *line;
	size_t n = 0;

	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		char word[3][ROOM];
		struct row *r = &rows[n++];

		REQUIRE(n <= ROWS);
		REQUIRE_EQ(sscanf(line, "%u %u %1000s %1000s %1000s", &r->flags, &r->counter,
				   word[0], word[1], word[2]),
			5);
		r->key = unbase64(word[0], r->mem[0]);
		r->signature = unbase64(word[1], r->mem[1]);
		r->data = unbase64(word[2], r->mem[2]);
		r->pk = read_key(r->key, &r->alg);
	}
	REQUIRE_EQ(n, ROWS);
	free(text);
}

static void unload(void)
{
	for (size_t i = 0; i < ROWS; i++)
		pk_free(rows[i].pk);
}

TEST(pk_sk_signatures_of_ssh_keygen)
{
	load();
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		struct pk_presence at;

		harness_note("%s, flags %u", r->alg->name, r->flags);
		CHECK_EQ(pk_verify_presence(r->pk, r->alg, r->data, r->signature, &at),
			VERDICT_GOOD);
		CHECK(at.is_sk);
		CHECK_EQ(at.was_touched, r->flags == 1 || r->flags == 5);
		CHECK_EQ(at.was_verified, r->flags >= 4);
		CHECK_EQ(at.counter, r->counter);
		CHECK_EQ(pk_verify(r->pk, r->alg, r->data, r->signature), VERDICT_GOOD);
		CHECK(pk_type_is_sk(pk_type_of(r->pk)));
		CHECK_EQ(pk_bits(r->pk), 256);
		CHECK(bytes_is(pk_application(r->pk), "ssh:test"));
	}
	unload();
}

/* Whatever bit is changed, flags and counter among them, nothing is proven and nobody was there. */
TEST(pk_sk_signatures_that_are_changed)
{
	load();
	for (size_t i = 0; i < ROWS; i++) {
		struct row *r = &rows[i];
		uint8_t *sig = r->mem[1], *data = r->mem[2];
		struct pk_presence at;

		harness_note("%s, flags %u", r->alg->name, r->flags);
		for (size_t bit = 0; bit < r->signature.len * 8; bit++) {
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK_EQ(pk_verify_presence(r->pk, r->alg, r->data, r->signature, &at),
				VERDICT_BAD);
			CHECK(!at.was_touched && !at.was_verified);
			sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t at_byte = 0; at_byte < r->data.len; at_byte++) {
			data[at_byte] ^= 1;
			CHECK_EQ(pk_verify(r->pk, r->alg, r->data, r->signature), VERDICT_BAD);
			data[at_byte] ^= 1;
		}
		for (size_t len = 0; len < r->signature.len; len++)
			CHECK_EQ(
				pk_verify(r->pk, r->alg, r->data, bytes_of(sig, len)), VERDICT_BAD);
		CHECK_EQ(pk_verify(r->pk, r->alg, r->data, bytes_of(sig, r->signature.len + 1)),
			VERDICT_BAD);
	}
	unload();
}

/* Made for another application, by another kind of key, or without the form of hardware. */
TEST(pk_sk_signatures_of_others)
{
	load();
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		const struct sig_alg *plain = sig_alg_find(bytes_str(
			r->alg->type == PK_SK_ED25519 ? "ssh-ed25519" : "ecdsa-sha2-nistp256"));
		struct bytes pub, value;
		uint8_t mem[ROOM];
		struct pk *key;
		struct reader rd;
		struct writer w;

		harness_note("%s, flags %u", r->alg->name, r->flags);
		rd_init(&rd, r->key);
		rd_string(&rd, ROOM);
		if (r->alg->type == PK_SK_ECDSA)
			rd_string(&rd, ROOM);
		pub = rd_string(&rd, ROOM);
		REQUIRE_EQ(pk_sk(&key, r->alg->type, pub, bytes_str("ssh:")), E_OK);
		CHECK_EQ(pk_verify(key, r->alg, r->data, r->signature), VERDICT_BAD);
		pk_free(key);
		CHECK_EQ(pk_verify(r->pk, plain, r->data, r->signature), VERDICT_BAD);
		CHECK_EQ(pk_verify(rows[(i + 4) % ROWS].pk, r->alg, r->data, r->signature),
			VERDICT_BAD);
		/* The value alone, as a plain signature. */
		rd_init(&rd, r->signature);
		rd_string(&rd, ROOM);
		value = rd_string(&rd, ROOM);
		wr_init(&w, (struct span){mem, sizeof(mem)});
		wr_cstring(&w, plain->name);
		wr_string(&w, value);
		REQUIRE_EQ(plain->type == PK_ED25519
				   ? pk_ed25519(&key, pub, bytes_of(NULL, 0))
				   : pk_ecdsa(&key, PK_ECDSA_256, pub, bytes_of(NULL, 0)),
			E_OK);
		CHECK_EQ(pk_verify(key, plain, r->data, wr_bytes(&w)), VERDICT_BAD);
		CHECK_EQ(pk_verify(key, r->alg, r->data, r->signature), VERDICT_BAD);
		pk_free(key);
	}
	unload();
}

TEST(pk_sk_keys_that_cannot_be)
{
	uint8_t zeros[300] = {0};
	struct pk *key;
	size_t len;

	CHECK_EQ(pk_sk(&key, PK_SK_ED25519, bytes_of(zeros, 31), bytes_str("ssh:")), E_VALUE);
	CHECK_EQ(pk_sk(&key, PK_SK_ECDSA, bytes_of(zeros, 65), bytes_str("ssh:")), E_VALUE);
	CHECK_EQ(pk_sk(&key, PK_ED25519, bytes_of(zeros, 32), bytes_str("ssh:")), E_VALUE);
	CHECK(key == NULL);
	load();
	for (size_t i = 0; i < ROWS; i += 4) {
		uint8_t sig[PK_SIGNATURE_MAX], pub[65];

		REQUIRE_EQ(pk_get_public(rows[i].pk, (struct span){pub, sizeof(pub)}, &len), E_OK);
		CHECK_EQ(pk_sk(&key, rows[i].alg->type, bytes_of(pub, len), bytes_of(zeros, 257)),
			E_VALUE);
		REQUIRE_EQ(pk_sk(&key, rows[i].alg->type, bytes_of(pub, len), bytes_of(NULL, 0)),
			E_OK);
		CHECK_EQ(pk_application(key).len, 0);
		pk_free(key);
		CHECK_EQ(pk_sign(rows[i].pk, rows[i].alg, rows[i].data,
				 (struct span){sig, sizeof(sig)}, &len),
			E_STATE);
		CHECK_EQ(pk_generate(&key, rows[i].alg->type, 0), E_VALUE);
	}
	unload();
}

TEST(pk_sk_failing_allocations)
{
	load();
	for (size_t i = 0; i < ROWS; i += 4) {
		struct row *r = &rows[i];
		unsigned n = 1;

		r->mem[2][0] ^= 1;
		for (bool has_failed = true; has_failed; n++) {
			failalloc_arm(n);
			CHECK_EQ(pk_verify(r->pk, r->alg, r->data, r->signature), VERDICT_BAD);
			has_failed = failalloc_disarm();
		}
	}
	unload();
}
