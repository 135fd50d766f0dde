/* SPDX-License-Identifier: ISC */
/* What a login machine was shown, judged by somebody who was not there. */
#include "auth/proof.h"

#include "auth_bench.h"

struct shown {
	struct bench bench;
	uint8_t text[2048], signature[PK_SIGNATURE_MAX];
	struct bytes t, s, blob;
};

/* A signed request of bob's, as the machine hands it on before it has looked at the signature. */
static void show(struct shown *a, size_t key)
{
	struct bytes text, signature;

	start(&a->bench);
	REQUIRE_EQ(feed_key(&a->bench, "bob", key, authkey_pair_at(key)->key), E_OK);
	REQUIRE_EQ(a->bench.ev, AUTH_SERVER_ASKS);
	auth_server_proof(a->bench.a, &text, &signature);
	REQUIRE(text.len > 0 && text.len <= sizeof(a->text) && signature.len <= sizeof(a->signature));
	memcpy(a->text, text.ptr, text.len);
	memcpy(a->signature, signature.ptr, signature.len);
	a->t = bytes_of(a->text, text.len);
	a->s = bytes_of(a->signature, signature.len);
	a->blob = authkey_pair_at(key)->blob;
}

static const char *flaw_of(const struct shown *a, const char *user, struct bytes blob)
{
	return proof_check(a->t, a->s, bytes_str(user), blob, (struct auth_terms){0});
}

TEST(proof_holds_for_each_algorithm)
{
	static struct shown a;

	for (size_t key = 0; key < AUTHKEYS; key++) {
		harness_note("%s", authkey_pair_at(key)->alg->name);
		show(&a, key);
		CHECK(flaw_of(&a, "bob", a.blob) == NULL);
		stop(&a.bench);
	}
}

TEST(proof_is_of_this_user_and_this_key)
{
	static struct shown a;

	show(&a, 0);
	CHECK(flaw_of(&a, "alice", a.blob) != NULL);
	CHECK(flaw_of(&a, "bobb", a.blob) != NULL);
	CHECK(flaw_of(&a, "bob", authkey_pair_at(AUTHKEY_SPARE)->blob) != NULL);
	CHECK(flaw_of(&a, "bob", bytes_of(NULL, 0)) != NULL);
	stop(&a.bench);
}

TEST(proof_is_broken_by_every_bit)
{
	static struct shown a;

	show(&a, 0);
	for (size_t i = 0; i < a.t.len; i++) {
		a.text[i] ^= 1;
		CHECK(flaw_of(&a, "bob", a.blob) != NULL);
		a.text[i] ^= 1;
	}
	for (size_t i = 0; i < a.s.len; i++) {
		a.signature[i] ^= 0x40;
		CHECK(flaw_of(&a, "bob", a.blob) != NULL);
		a.signature[i] ^= 0x40;
	}
	CHECK(flaw_of(&a, "bob", a.blob) == NULL);
	for (size_t n = 0; n < a.t.len; n++) {
		struct shown cut = a;

		cut.t.len = n;
		CHECK(flaw_of(&cut, "bob", a.blob) != NULL);
	}
	stop(&a.bench);
}

TEST(proof_is_not_what_a_key_signed_for_something_else)
{
	/* A text of another form, with a good signature: what a key signs as a host, for one. */
	struct authkey_pair *k = authkey_pair_at(0);
	static const uint8_t hash[32] = {1, 2, 3};
	uint8_t signature[PK_SIGNATURE_MAX];
	size_t len;

	REQUIRE_EQ(pk_sign(k->key, k->alg, bytes_of(hash, sizeof(hash)),
			   (struct span){signature, sizeof(signature)}, &len),
		E_OK);
	CHECK(proof_check(bytes_of(hash, sizeof(hash)), bytes_of(signature, len), bytes_str("bob"),
		      k->blob, (struct auth_terms){0}) != NULL);
	CHECK(proof_check(bytes_of(NULL, 0), bytes_of(NULL, 0), bytes_str("bob"), k->blob,
		      (struct auth_terms){0}) != NULL);
}

TEST(proof_is_not_there_for_a_query)
{
	struct bytes text, signature;
	struct bench b;

	start(&b);
	auth_server_proof(b.a, &text, &signature);
	CHECK_EQ(text.len + signature.len, 0);
	REQUIRE_EQ(feed_key(&b, "bob", 0, NULL), E_OK);
	auth_server_proof(b.a, &text, &signature);
	CHECK_EQ(text.len + signature.len, 0);
	stop(&b);
}
