/* SPDX-License-Identifier: ISC */
/* Keys of ssh-keygen (tests/data/keys), and one made by ourselves. */
#include "relay/hostkeys.h"

#include "datafile.h"
#include "harness.h"
#include "tmpdir.h"

static void put(struct tmpdir *t, const char *name, const char *from, mode_t mode)
{
	size_t len;
	char *text = datafile_read(from, &len);

	tmpdir_write(t, name, text, mode);
	free(text);
}

TEST(keys_are_loaded_one_a_type)
{
	struct tmpdir t;
	struct hostkeys h;
	struct fault f = {0};

	tmpdir_init(&t);
	hostkeys_init(&h);
	put(&t, "a", "tests/data/keys/ed25519", 0600);
	REQUIRE_EQ(hostkeys_load(&h, t.file, NULL), E_OK);
	put(&t, "b", "tests/data/keys/rsa2048", 0600);
	REQUIRE_EQ(hostkeys_load(&h, t.file, NULL), E_OK);
	CHECK_EQ(h.count, 2);
	CHECK_EQ(pk_type_of(h.key[1]->key), PK_RSA);
	CHECK_EQ(hostkeys_load(&h, tmpdir_file(&t, "a"), &f), E_VALUE);
	CHECK(strstr(f.text, "ssh-ed25519") != NULL);
	CHECK_EQ(h.count, 2);
	hostkeys_fini(&h);
	tmpdir_fini(&t);
}

TEST(what_is_no_key_is_named)
{
	struct tmpdir t;
	struct hostkeys h;
	struct fault f = {0};

	tmpdir_init(&t);
	hostkeys_init(&h);
	put(&t, "open", "tests/data/keys/ed25519", 0644);
	CHECK_EQ(hostkeys_load(&h, t.file, &f), E_DENIED);
	CHECK(strstr(f.text, "open may be read by others (mode 0644)") != NULL);
	put(&t, "locked", "tests/data/keys/ed25519.encrypted", 0600);
	f = (struct fault){0};
	CHECK(hostkeys_load(&h, t.file, &f) != E_OK);
	CHECK(strstr(f.text, "locked: ") != NULL);
	f = (struct fault){0};
	CHECK(hostkeys_load(&h, tmpdir_write(&t, "junk", "junk\n", 0600), &f) != E_OK);
	CHECK(strstr(f.text, "junk: ") != NULL);
	f = (struct fault){0};
	CHECK_EQ(hostkeys_load(&h, tmpdir_file(&t, "none"), &f), E_UNKNOWN);
	CHECK(strstr(f.text, "none: No such file") != NULL);
	CHECK_EQ(h.count, 0);
	hostkeys_fini(&h);
	tmpdir_fini(&t);
}

TEST(the_first_start_makes_a_key_and_the_second_finds_it)
{
	struct tmpdir t;
	struct hostkeys first, second;
	struct rng rng;
	struct stat st;
	bool is_new;

	tmpdir_init(&t);
	rng_system(&rng);
	hostkeys_init(&first);
	hostkeys_init(&second);
	REQUIRE_EQ(hostkeys_load_or_make(&first, tmpdir_file(&t, "k"), &rng, &is_new, NULL), E_OK);
	CHECK(is_new);
	REQUIRE_EQ(stat(t.file, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	REQUIRE_EQ(hostkeys_load_or_make(&second, t.file, &rng, &is_new, NULL), E_OK);
	CHECK(!is_new);
	CHECK_STR(second.key[0]->fingerprint, first.key[0]->fingerprint);
	REQUIRE_EQ(stat(tmpdir_file(&t, "k.pub"), &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0644);
	hostkeys_fini(&first);
	hostkeys_fini(&second);
	rng_fini(&rng);
	tmpdir_fini(&t);
}

/* The signature is checked by the public half that ssh-keygen wrote beside the key. */
TEST(it_signs)
{
	struct tmpdir t;
	struct hostkeys h;
	uint8_t signature[PK_SIGNATURE_MAX], blob[LIMIT_BLOB];
	size_t len = 0, blob_len = 0, n;
	char *text = datafile_read("tests/data/keys/ed25519.pub", &n);
	const struct sig_alg *alg = sig_alg_find(bytes_str("ssh-ed25519"));
	struct bytes rest;
	struct pk *pub;

	tmpdir_init(&t);
	hostkeys_init(&h);
	put(&t, "a", "tests/data/keys/ed25519", 0600);
	REQUIRE_EQ(hostkeys_load(&h, t.file, NULL), E_OK);
	REQUIRE_EQ(hostkeys_sign(&h, 0, alg, bytes_str("hash"),
			   (struct span){signature, sizeof(signature)}, &len),
		E_OK);
	REQUIRE_EQ(pubkey_from_text(
			   bytes_of(text, n), (struct span){blob, sizeof(blob)}, &blob_len, &rest),
		E_OK);
	REQUIRE_EQ(pubkey_from_blob(bytes_of(blob, blob_len), &pub), E_OK);
	CHECK_EQ(pk_verify(pub, alg, bytes_str("hash"), bytes_of(signature, len)), VERDICT_GOOD);
	CHECK_EQ(hostkeys_sign(&h, 1, alg, bytes_str("hash"),
			 (struct span){signature, sizeof(signature)}, &len),
		E_STATE);
	pk_free(pub);
	hostkeys_fini(&h);
	tmpdir_fini(&t);
	free(text);
}
