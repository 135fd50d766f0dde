/* SPDX-License-Identifier: ISC */
#include "keys/keyalg.h"

#include "crypto/pk.h"
#include "harness.h"
#include "wire/namelist.h"

/* What we can calculate with is in the list, and all of the list is known. */
TEST(keyalg_list)
{
	struct bytes rest, name;
	size_t count = 0;

	for (rest = bytes_str(keyalg_login_list()); namelist_next(&rest, &name); count++) {
		const struct keyalg *alg = keyalg_find(name);

		harness_note("%.*s", (int)name.len, (const char *)name.ptr);
		REQUIRE(alg != NULL);
		CHECK_EQ(keyalg_is_cert_type(name), alg->is_cert);
		CHECK_EQ(keyalg_is_cert_type(bytes_str(alg->key_name)), alg->is_cert);
		REQUIRE(sig_alg_find(bytes_str(alg->sig_name)) != NULL);
		CHECK_EQ(pk_type_is_sk(sig_alg_find(bytes_str(alg->sig_name))->type), alg->is_sk);
		CHECK(alg->is_cert || strcmp(alg->name, alg->sig_name) == 0);
	}
	CHECK_EQ(count, 16);
	for (rest = bytes_str(sig_default_list()); namelist_next(&rest, &name);) {
		const struct keyalg *alg = keyalg_find(name);

		REQUIRE(alg != NULL);
		CHECK_STR(alg->key_name, sig_alg_find(name)->key_name);
	}
	for (rest = bytes_str(keyalg_host_list()), count = 0; namelist_next(&rest, &name); count++) {
		CHECK(namelist_has(bytes_str(keyalg_login_list()), keyalg_find(name)->name));
		CHECK(!keyalg_find(name)->is_sk);
	}
	CHECK_EQ(count, 12);
	CHECK(keyalg_find(bytes_str("ssh-rsa")) == NULL);
	CHECK(keyalg_find(bytes_str("ssh-rsa-cert-v01@openssh.com")) == NULL);
	CHECK(keyalg_is_cert_type(bytes_str("ssh-dss-cert-v01@openssh.com")));
	CHECK(!keyalg_is_cert_type(bytes_str("-cert-v01@openssh.com")));
}

TEST(keyalg_words)
{
	CHECK_STR(keyalg_word(bytes_str("ssh-rsa")), "RSA");
	CHECK_STR(keyalg_word(bytes_str("ssh-rsa-cert-v01@openssh.com")), "RSA-CERT");
	CHECK_STR(keyalg_word(bytes_str("ecdsa-sha2-nistp521")), "ECDSA");
	CHECK_STR(keyalg_word(bytes_str("sk-ssh-ed25519-cert-v01@openssh.com")), "ED25519-SK-CERT");
	CHECK_STR(keyalg_word(bytes_str("sk-ecdsa-sha2-nistp256@openssh.com")), "ECDSA-SK");
	CHECK_STR(keyalg_word(bytes_str("ssh-dss")), "unknown");
}

TEST(keyalg_signatures)
{
	static const struct {
		const char *signature;
		size_t len;
		const char *name;
	} rows[] = {
		{"\0\0\0\13ssh-ed25519\0\0\0\1x", 20, "ssh-ed25519"},
		{"\0\0\0\13ssh-ed25519\0\0\0\1x\1\0\0\0\7", 25, ""},
		{"\0\0\0\32sk-ssh-ed25519@openssh.com\0\0\0\1x\1\0\0\0\7", 40,
			"sk-ssh-ed25519@openssh.com"},
		{"\0\0\0\32sk-ssh-ed25519@openssh.com\0\0\0\1x", 35, ""},
		{"\0\0\0\13ssh-ed25519\0\0\0\2x", 20, ""},
		{"", 0, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK(bytes_is(keyalg_of_signature(bytes_of(rows[i].signature, rows[i].len)),
			rows[i].name));
}

TEST(keyalg_names_of_signatures)
{
	char out[KEYALG_SIG_LIST_MAX];

	keyalg_sig_list(keyalg_login_list(), out);
	CHECK_STR(out, "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
		       "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,"
		       "rsa-sha2-512,rsa-sha2-256");
	/* Who takes certificates only still tells what they sign by. */
	keyalg_sig_list("rsa-sha2-512-cert-v01@openssh.com", out);
	CHECK_STR(out, "rsa-sha2-512");
	keyalg_sig_list("nonsense", out);
	CHECK_STR(out, "");
	keyalg_sig_list("", out);
	CHECK_STR(out, "");
}
