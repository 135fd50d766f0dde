/* SPDX-License-Identifier: ISC */
/* The agent's side of login joined to our own server's: every key, and the wrong ones. */
#include "auth/server.h"

#include "auth_client_bench.h"

struct join {
	struct fakeport *to_server, *to_client;
	struct auth_server *server;
	struct bench client;
	size_t allowed_key; /* AUTHKEYS: none */
};

static bool is_allowed(struct join *j)
{
	return j->allowed_key < AUTHKEYS &&
	       bytes_eq(auth_server_key(j->server), authkey_pair_at(j->allowed_key)->blob);
}

/* Server's turn; true when it let somebody in. */
static bool server_step(struct join *j)
{
	enum auth_server_event ev;
	struct bytes m;

	while ((m = fakeport_take(j->to_server)).len > 0) {
		REQUIRE_EQ(auth_server_on(j->server, m, &ev, &j->client.f), E_OK);
		if (ev == AUTH_SERVER_ASKS)
			REQUIRE_EQ(auth_server_answer(j->server, is_allowed(j), &ev, &j->client.f),
				E_OK);
		if (ev == AUTH_SERVER_LOGIN)
			return true;
	}
	return false;
}

/* Client's turn; the event that ended it. */
static enum auth_client_event client_step(struct join *j)
{
	enum auth_client_event last = AUTH_CLIENT_GOES_ON;
	struct bytes m;

	while ((m = fakeport_take(j->to_client)).len > 0) {
		REQUIRE_EQ(feed(&j->client, m), E_OK);
		if (j->client.ev == AUTH_CLIENT_SIGNS)
			REQUIRE_EQ(sign(&j->client), E_OK);
		last = j->client.ev;
	}
	return last;
}

/* Returns whether both ends say that the login went through. */
static bool run_join(const size_t *keys, size_t count, const char *algs, size_t allowed_key)
{
	struct join j = {.to_client = fakeport_new(), .allowed_key = allowed_key};
	struct auth_server_config cfg = {.sig_algs = algs,
		.failures_max = 6,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.port = fakeport_port(j.to_client)};
	enum auth_client_event ev = AUTH_CLIENT_GOES_ON;
	bool is_in = false;

	start(&j.client, keys, count, algs);
	j.to_server = j.client.port;
	REQUIRE_EQ(auth_server_new(&cfg, &j.server), E_OK);
	for (int i = 0; i < 100 && ev == AUTH_CLIENT_GOES_ON; i++) {
		is_in = server_step(&j);
		ev = client_step(&j);
	}
	CHECK_EQ(ev, is_in ? AUTH_CLIENT_LOGIN : AUTH_CLIENT_REFUSED);
	if (is_in) {
		CHECK_BYTES(auth_server_key(j.server), authkey_pair_at(allowed_key)->blob);
		CHECK_STR(auth_server_user(j.server), "bob");
	} else {
		CHECK(bytes_is(auth_client_methods(j.client.a), "publickey"));
	}
	auth_server_free(j.server);
	fakeport_free(j.to_client);
	stop(&j.client);
	return is_in;
}

TEST(auth_client_with_our_server_every_key)
{
	for (size_t i = 0; i < AUTHKEYS; i++) {
		harness_note("key %zu", i);
		CHECK(run_join(&i, 1, sig_default_list(), i));
		CHECK(!run_join(&i, 1, sig_default_list(), AUTHKEYS));
	}
}

TEST(auth_client_with_our_server_rsa_sha2_256_only)
{
	static const size_t keys[] = {0, AUTHKEY_RSA};

	CHECK(run_join(keys, 2, "rsa-sha2-256", AUTHKEY_RSA));
}

TEST(auth_client_with_our_server_many_keys)
{
	static const size_t keys[] = {0, 1, 2, 3, AUTHKEY_RSA, AUTHKEY_SPARE};

	for (size_t i = 0; i < 6; i++)
		CHECK(run_join(keys, 6, sig_default_list(), keys[i]));
	CHECK(!run_join(keys, 6, sig_default_list(), AUTHKEYS));
}
