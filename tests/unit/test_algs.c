/* SPDX-License-Identifier: ISC */
#include "conf/algs.h"

#include <stdio.h>

#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "crypto/pk.h"
#include "harness.h"
#include "keys/keyalg.h"
#include "wire/namelist.h"

static struct fault fault;
static char list[ALGS_LIST_MAX];

static enum err make(enum algs_kind kind, const char *setting)
{
	const struct conf_at at = {"FILE", 3, "key", &fault};

	fault = (struct fault){0};
	return algs_make(&at, kind, setting, list);
}

TEST(algs_explicit)
{
	REQUIRE_EQ(make(ALGS_CIPHERS, "aes256-ctr,aes128-ctr,aes256-ctr"), E_OK);
	CHECK_STR(list, "aes256-ctr,aes128-ctr");
	REQUIRE_EQ(make(ALGS_KEX, "ecdh-sha2-nistp256"), E_OK);
	CHECK_STR(list, "ecdh-sha2-nistp256");
}

TEST(algs_add)
{
	char want[ALGS_LIST_MAX];

	/* What is in the list already stays where it is. */
	REQUIRE_EQ(make(ALGS_CIPHERS, "+aes128-ctr"), E_OK);
	CHECK_STR(list, cipher_default_list());
	snprintf(want, sizeof(want), "%s", mac_default_list());
	REQUIRE_EQ(make(ALGS_MACS, "+hmac-sha1,umac-64@openssh.com"), E_OK);
	CHECK_STR(list, want);
}

TEST(algs_take_away)
{
	struct bytes rest, name;

	REQUIRE_EQ(make(ALGS_CIPHERS, "-aes*-ctr,chacha*"), E_OK);
	CHECK(namelist_has(bytes_str(list), "aes256-gcm@openssh.com"));
	for (rest = bytes_str(list); namelist_next(&rest, &name);)
		CHECK(memmem(name.ptr, name.len, "gcm", 3) != NULL);
	REQUIRE_EQ(make(ALGS_KEX, "-no-such-name"), E_OK);
	CHECK_STR(list, exchange_default_list());
	CHECK_EQ(make(ALGS_KEX, "-*"), E_NOALG);
}

TEST(algs_put_first)
{
	struct bytes rest, name;
	size_t count = 0, all = 0;

	REQUIRE_EQ(make(ALGS_CIPHERS, "^aes128-ctr"), E_OK);
	CHECK(strncmp(list, "aes128-ctr,", 11) == 0);
	for (rest = bytes_str(list); namelist_next(&rest, &name);)
		count++;
	for (rest = bytes_str(cipher_default_list()); namelist_next(&rest, &name);)
		all++;
	CHECK_EQ(count, all);
}

TEST(algs_patterns)
{
	REQUIRE_EQ(make(ALGS_HOST_KEYS, "rsa-*"), E_OK);
	CHECK(namelist_has(bytes_str(list), "rsa-sha2-512"));
	CHECK(namelist_has(bytes_str(list), "rsa-sha2-256"));
	CHECK(!namelist_has(bytes_str(list), "ssh-ed25519"));
	/* Patterns for keys only, as in ssh. */
	CHECK_EQ(make(ALGS_CIPHERS, "aes*"), E_VALUE);
	CHECK_EQ(make(ALGS_CIPHERS, "+aes*"), E_VALUE);
	CHECK_EQ(make(ALGS_HOST_KEYS, "zz*"), E_VALUE);
	CHECK_EQ(make(ALGS_HOST_KEYS, "sk-*"), E_NOALG);
}

TEST(algs_of_others_are_dropped)
{
	REQUIRE_EQ(make(ALGS_HOST_KEYS, "+ssh-rsa,ssh-dss"), E_OK);
	CHECK_STR(list, sig_default_list());
	REQUIRE_EQ(make(ALGS_KEX, "mlkem768x25519-sha256,curve25519-sha256,gss-gex-sha1-"), E_OK);
	CHECK_STR(list, "curve25519-sha256");
	REQUIRE_EQ(make(ALGS_HOST_KEYS, "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519"), E_OK);
	CHECK_STR(list, "ssh-ed25519");
	CHECK_EQ(make(ALGS_CIPHERS, "3des-cbc"), E_NOALG);
	CHECK(strstr(fault.text, "FILE line 3: Bad SSH2 cipher spec '3des-cbc'") == fault.text);
}

TEST(algs_mistakes_are_named)
{
	CHECK_EQ(make(ALGS_MACS, "hmac-sha2-256,hmac-foo"), E_VALUE);
	CHECK(strstr(fault.text, "FILE line 3: Bad SSH2 MAC spec 'hmac-sha2-256,hmac-foo'") ==
		fault.text);
	CHECK(strstr(fault.text, "no 'hmac-foo'") != NULL);
	CHECK_EQ(make(ALGS_LOGIN, "^foo"), E_VALUE);
	CHECK_EQ(make(ALGS_KEX, "Curve25519-sha256"), E_VALUE);
	CHECK_EQ(make(ALGS_LOGIN, "!ssh-ed25519"), E_VALUE);
}

/* Every list is made of what crypto finds. */
TEST(algs_results_are_spoken)
{
	struct bytes rest, name;

	REQUIRE_EQ(make(ALGS_CIPHERS, "+"), E_OK);
	for (rest = bytes_str(list); namelist_next(&rest, &name);)
		CHECK(cipher_alg_find(name) != NULL);
	REQUIRE_EQ(make(ALGS_LOGIN, "*"), E_OK);
	CHECK_STR(list, keyalg_login_list());
	REQUIRE_EQ(make(ALGS_AUTHORITIES, "*"), E_OK);
	CHECK_STR(list, keyalg_authority_list());
	for (rest = bytes_str(list); namelist_next(&rest, &name);)
		CHECK(sig_alg_find(name) != NULL);
}

TEST(algs_complete)
{
	char *lists[ALGS_COUNT] = {NULL}, **places[ALGS_COUNT], mine[] = "mine";
	struct arena arena;

	for (size_t i = 0; i < ALGS_COUNT; i++)
		places[i] = &lists[i];
	lists[ALGS_MACS] = mine;
	arena_init(&arena);
	REQUIRE_EQ(algs_complete(places, &arena, NULL), E_OK);
	CHECK_STR(lists[ALGS_MACS], "mine");
	CHECK_STR(lists[ALGS_CIPHERS], cipher_default_list());
	CHECK_STR(lists[ALGS_HOST_KEYS], sig_default_list());
	arena_fini(&arena);
}
