/* SPDX-License-Identifier: ISC */
/* The relay's side of login, fed with requests made by hand. */
#include "auth_bench.h"
#include "failalloc.h"
#include "wire/reader.h"

TEST(auth_server_accepts_the_service)
{
	struct fakeport *port = fakeport_new();
	struct bench b = {.port = port};
	struct auth_server_config cfg = config(port);

	REQUIRE_EQ(auth_server_new(&cfg, &b.a), E_OK);
	CHECK(!auth_server_has_service(b.a));
	REQUIRE_EQ(feed_service(&b, "ssh-userauth"), E_OK);
	CHECK(auth_server_has_service(b.a));
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	{
		struct bytes m = fakeport_take(port);

		CHECK_HEX(m.ptr, m.len, "06 0000000c 7373682d7573657261757468");
	}
	/* paramiko asks before every try; 64 in all. */
	for (int i = 0; i < LIMIT_AUTH_REQUESTS - 1; i++)
		CHECK_EQ(feed_service(&b, "ssh-userauth"), E_OK);
	CHECK_EQ(feed_service(&b, "ssh-userauth"), E_LIMIT);
	stop(&b);
}

TEST(auth_server_has_no_other_service)
{
	struct bench b;

	start(&b);
	CHECK_EQ(feed_service(&b, "ssh-connection"), E_UNKNOWN);
	CHECK_EQ(b.f.code, DISCONNECT_SERVICE_NOT_AVAILABLE);
	CHECK_EQ(feed_method(&b, "bob", "ssh-shell", "none", ""), E_UNKNOWN);
	CHECK_EQ(b.f.code, DISCONNECT_SERVICE_NOT_AVAILABLE);
	CHECK_EQ(b.port->count, 0);
	stop(&b);
}

TEST(auth_server_wants_the_service_first)
{
	struct fakeport *port = fakeport_new();
	struct bench b = {.port = port};
	struct auth_server_config cfg = config(port);

	REQUIRE_EQ(auth_server_new(&cfg, &b.a), E_OK);
	CHECK_EQ(feed_key(&b, "bob", 0, NULL), E_PROTO);
	CHECK_EQ(b.f.code, DISCONNECT_PROTOCOL_ERROR);
	stop(&b);
}

/* R1: what only a server may send. CVE-2018-10933. */
TEST(r1_cve_2018_10933_auth_server_refuses_messages_of_servers)
{
	struct bench b;

	start(&b);
	for (unsigned msg = 0; msg < 256; msg++) {
		uint8_t payload[1] = {(uint8_t)msg};

		if (msg != MSG_SERVICE_REQUEST && msg != MSG_USERAUTH_REQUEST)
			CHECK_EQ(feed(&b, bytes_of(payload, 1)), E_PROTO);
	}
	CHECK_EQ(feed(&b, (struct bytes){0}), E_PROTO);
	CHECK_EQ(b.port->count, 0);
	stop(&b);
}

static void log_in_with(size_t key)
{
	struct authkey_pair *k = authkey_pair_at(key);
	struct bench b;
	struct bytes m, alg, blob;

	start(&b);
	/* Asked about first. */
	REQUIRE_EQ(feed_key(&b, "bob", key, NULL), E_OK);
	REQUIRE_EQ(b.ev, AUTH_SERVER_ASKS);
	CHECK(auth_server_is_query(b.a));
	CHECK_STR(auth_server_user(b.a), "bob");
	CHECK_BYTES(auth_server_key(b.a), k->blob);
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	CHECK_EQ(auth_server_key(b.a).len, 0); /* forgotten */
	m = fakeport_take(b.port);
	REQUIRE_EQ(publickey_read_ok(m, &alg, &blob), E_OK);
	CHECK(bytes_is(alg, k->alg->name));
	CHECK_BYTES(blob, k->blob);
	/* Then signed. */
	REQUIRE_EQ(feed_key(&b, "bob", key, k->key), E_OK);
	REQUIRE_EQ(b.ev, AUTH_SERVER_ASKS);
	CHECK(!auth_server_is_query(b.a));
	CHECK_EQ(b.port->count, 0);
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_LOGIN);
	m = fakeport_take(b.port);
	CHECK_HEX(m.ptr, m.len, "34");
	CHECK_BYTES(auth_server_key(b.a), k->blob);
	CHECK_STR(auth_server_user(b.a), "bob");
	CHECK_EQ(auth_server_failures(b.a), 0);
	/* It is over. */
	CHECK_EQ(feed_key(&b, "bob", key, k->key), E_STATE);
	CHECK_EQ(answer(&b, true), E_STATE);
	stop(&b);
}

TEST(auth_server_login_with_every_algorithm)
{
	for (size_t i = 0; i < AUTHKEYS; i++)
		log_in_with(i);
}

/* Words for who has the key: not for who asks about it, nor for who cannot sign. */
TEST(auth_server_banner_comes_behind_the_proof)
{
	struct bench b;
	struct bytes m;
	char long_text[AUTH_BANNER_MAX + 50];

	start(&b);
	REQUIRE_EQ(feed_key(&b, "bob", 0, NULL), E_OK);
	auth_server_banner(b.a, "first\r\n");
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(took(&b), MSG_USERAUTH_PK_OK);
	CHECK_EQ(took(&b), 0);
	REQUIRE_EQ(feed_key(&b, "bob", 0, authkey_pair_at(AUTHKEY_SPARE)->key), E_OK);
	REQUIRE_EQ(answer(&b, true), E_OK);
	check_failure(&b);
	CHECK_EQ(took(&b), 0);
	REQUIRE_EQ(feed_key(&b, "bob", 0, authkey_pair_at(0)->key), E_OK);
	auth_server_banner(b.a, "hi\r\n");
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_LOGIN);
	m = fakeport_take(b.port);
	CHECK_HEX(m.ptr, m.len, "35 00000004 68690d0a 00000000");
	CHECK_EQ(took(&b), MSG_USERAUTH_SUCCESS);
	stop(&b);
	/* Too long a text is cut; none is no message. */
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	for (int is_long = 0; is_long < 2; is_long++) {
		start(&b);
		REQUIRE_EQ(feed_key(&b, "bob", 0, authkey_pair_at(0)->key), E_OK);
		auth_server_banner(b.a, is_long ? long_text : "");
		REQUIRE_EQ(answer(&b, true), E_OK);
		if (is_long)
			CHECK_EQ(fakeport_take(b.port).len, 1 + 4 + AUTH_BANNER_MAX + 4);
		CHECK_EQ(took(&b), MSG_USERAUTH_SUCCESS);
		stop(&b);
	}
}

/* R44: an allowed key is offered, and another one signs. */
TEST(r44_cve_2024_45337_auth_server_other_key_signs)
{
	struct bench b;

	start(&b);
	REQUIRE_EQ(feed_key(&b, "bob", 0, NULL), E_OK);
	REQUIRE_EQ(answer(&b, true), E_OK);
	REQUIRE_EQ(took(&b), MSG_USERAUTH_PK_OK);
	/* The blob of the first, the signature of the second. */
	REQUIRE_EQ(feed_key(&b, "bob", 0, authkey_pair_at(AUTHKEY_SPARE)->key), E_OK);
	REQUIRE_EQ(b.ev, AUTH_SERVER_ASKS);
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	check_failure(&b);
	CHECK_EQ(auth_server_failures(b.a), 1);
	/* The second as a whole: it is the one asked about, not the first. */
	REQUIRE_EQ(feed_key(&b, "bob", AUTHKEY_SPARE, authkey_pair_at(AUTHKEY_SPARE)->key), E_OK);
	CHECK_BYTES(auth_server_key(b.a), authkey_pair_at(AUTHKEY_SPARE)->blob);
	REQUIRE_EQ(answer(&b, false), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	check_failure(&b);
	stop(&b);
}

TEST(r40_r44_auth_server_queries_never_log_in)
{
	struct bench b;

	start(&b);
	for (int i = 0; i < LIMIT_AUTH_QUERIES; i++) {
		REQUIRE_EQ(feed_key(&b, "bob", 0, NULL), E_OK);
		REQUIRE_EQ(answer(&b, true), E_OK);
		CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
		CHECK_EQ(took(&b), MSG_USERAUTH_PK_OK);
	}
	CHECK_EQ(auth_server_failures(b.a), 0);
	CHECK_EQ(feed_key(&b, "bob", 0, NULL), E_LIMIT); /* R40 */
	CHECK_EQ(b.f.code, DISCONNECT_NO_MORE_AUTH_METHODS);
	stop(&b);
}

TEST(r40_auth_server_holder_of_fifteen_keys_gets_in)
{
	struct bench b;

	start(&b);
	for (int i = 0; i < 15; i++) {
		REQUIRE_EQ(feed_key(&b, "bob", 0, NULL), E_OK);
		REQUIRE_EQ(answer(&b, i == 14), E_OK);
		CHECK_EQ(took(&b), i == 14 ? MSG_USERAUTH_PK_OK : MSG_USERAUTH_FAILURE);
	}
	REQUIRE_EQ(feed_key(&b, "bob", 0, authkey_pair_at(0)->key), E_OK);
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_LOGIN);
	stop(&b);
}

/* Signed refusals and unknown methods count alike. */
TEST(r40_cve_2015_5600_auth_server_counts_failures_in_one_place)
{
	static const unsigned limits[] = {0, 1, 2, 6, 64};

	for (size_t n = 0; n < sizeof(limits) / sizeof(limits[0]); n++) {
		struct bench b;
		unsigned tries = limits[n] > 0 ? limits[n] : 1;

		failures_max = limits[n];
		harness_note("failures_max %u", limits[n]);
		start(&b);
		for (unsigned i = 1; i < tries; i++) {
			if (i % 2 == 0) {
				REQUIRE_EQ(feed_key(&b, "bob", 0, authkey_pair_at(0)->key), E_OK);
				REQUIRE_EQ(answer(&b, false), E_OK);
			} else {
				REQUIRE_EQ(feed_method(&b, "bob", "ssh-connection", "password",
						   "\1rest"),
					E_OK);
			}
			check_failure(&b);
			CHECK_EQ(auth_server_failures(b.a), i);
		}
		CHECK_EQ(feed_method(&b, "bob", "ssh-connection", "hostbased", ""), E_LIMIT);
		CHECK_EQ(b.f.code, DISCONNECT_NO_MORE_AUTH_METHODS);
		CHECK_EQ(b.port->count, 0);
		stop(&b);
	}
}

TEST(r40_auth_server_bounds_all_requests)
{
	struct bench b;

	start(&b);
	for (int i = 0; i < LIMIT_AUTH_REQUESTS; i++) {
		REQUIRE_EQ(feed_method(&b, "bob", "ssh-connection", "none", ""), E_OK);
		check_failure(&b);
	}
	CHECK_EQ(auth_server_failures(b.a), 0);
	CHECK_EQ(feed_method(&b, "bob", "ssh-connection", "none", ""), E_LIMIT);
	stop(&b);
}

TEST(auth_server_user_and_service_stay)
{
	struct bench b;

	start(&b);
	REQUIRE_EQ(feed_method(&b, "bob", "ssh-connection", "none", ""), E_OK);
	CHECK_EQ(feed_key(&b, "bo", 0, NULL), E_PROTO);
	CHECK_EQ(feed_key(&b, "bob2", 0, NULL), E_PROTO);
	CHECK_EQ(feed_method(&b, "bob", "ssh-other", "none", ""), E_PROTO);
	CHECK_EQ(feed_method(&b, "bob", "ssh-connection", "none", ""), E_OK);
	stop(&b);
	/* A name that cannot be is held to as well. */
	start(&b);
	REQUIRE_EQ(feed_method(&b, "b b", "ssh-connection", "none", ""), E_OK);
	CHECK_EQ(feed_method(&b, "c c", "ssh-connection", "none", ""), E_PROTO);
	stop(&b);
}

TEST(r48_r59_auth_server_odd_user_names_fail_as_others_do)
{
	static const char *const odd[] = {"", "b b", "b;rm", "../x/", "b\xc3\xb6",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	struct bench b;

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		start(&b);
		REQUIRE_EQ(feed_key(&b, odd[i], 0, NULL), E_OK);
		CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
		check_failure(&b);
		REQUIRE_EQ(feed_key(&b, odd[i], 0, authkey_pair_at(0)->key), E_OK);
		CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
		check_failure(&b);
		CHECK_EQ(auth_server_failures(b.a), 1);
		CHECK_STR(auth_server_user(b.a), "");
		stop(&b);
	}
	start(&b);
	REQUIRE_EQ(feed_key(&b, "A-z_0.9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			   0, NULL),
		E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_ASKS);
	stop(&b);
}
/* Whatever is changed in a signed request, it does not log in: cut short, it is malformed; with a
 * bit flipped, it is refused, malformed, or asked about and then found false. */
TEST(auth_server_cut_and_flipped_requests)
{
	struct authkey_pair *k = authkey_pair_at(0);
	struct authkey_request q = {.user = "bob",
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.blob = k->blob,
		.alg = k->alg,
		.signer = k->key};
	size_t flag = 1 + 4 + 3 + 4 + 14 + 4 + 9, asked = 0;

	authkey_build(&q);
	REQUIRE_EQ(q.mem[flag], 1);
	for (size_t n = 0; n < q.bytes.len; n++) {
		struct fakeport *port = fakeport_new();
		struct auth_server_config cfg = config(port);
		struct bench b = {.port = port};

		REQUIRE_EQ(auth_server_new(&cfg, &b.a), E_OK);
		REQUIRE_EQ(feed_service(&b, "ssh-userauth"), E_OK);
		CHECK(feed(&b, bytes_of(q.mem, n)) != E_OK);
		/* RFC 4251 5: any other value of a boolean is true as well */
		for (int bit = 0; bit < (n == flag ? 1 : 8); bit++) {
			q.mem[n] ^= (uint8_t)(1 << bit);
			auth_server_free(b.a);
			REQUIRE_EQ(auth_server_new(&cfg, &b.a), E_OK);
			REQUIRE_EQ(feed_service(&b, "ssh-userauth"), E_OK);
			if (feed(&b, q.bytes) == E_OK && b.ev == AUTH_SERVER_ASKS) {
				asked++;
				CHECK(answer(&b, true) != E_OK || b.ev != AUTH_SERVER_LOGIN);
			}
			CHECK(b.ev != AUTH_SERVER_LOGIN);
			q.mem[n] ^= (uint8_t)(1 << bit);
		}
		auth_server_free(b.a);
		fakeport_free(port);
	}
	CHECK(asked > 100); /* the signature and the user name, at least */
}

TEST(auth_server_signature_of_another_session)
{
	static const uint8_t other[32] = {7, 1, 8};
	struct authkey_pair *k = authkey_pair_at(0);
	struct authkey_request q = {.user = "bob",
		.session_id = bytes_of(other, sizeof(other)),
		.blob = k->blob,
		.alg = k->alg,
		.signer = k->key};
	struct bench b;

	authkey_build(&q);
	start(&b);
	REQUIRE_EQ(feed(&b, q.bytes), E_OK);
	REQUIRE_EQ(b.ev, AUTH_SERVER_ASKS);
	REQUIRE_EQ(answer(&b, true), E_OK);
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	check_failure(&b);
	stop(&b);
}

TEST(auth_server_waits_for_its_answer)
{
	struct bench b;

	start(&b);
	CHECK_EQ(answer(&b, true), E_STATE);
	REQUIRE_EQ(feed_key(&b, "bob", 0, NULL), E_OK);
	CHECK_EQ(feed_key(&b, "bob", 0, NULL), E_STATE);
	REQUIRE_EQ(answer(&b, false), E_OK);
	check_failure(&b);
	CHECK_EQ(answer(&b, true), E_STATE);
	CHECK_EQ(feed_key(&b, "bob", 0, NULL), E_OK);
	stop(&b); /* with a question open */
}

/* R43: whatever fails on the way, nobody gets in by it. */
TEST(auth_server_failing_allocations)
{
	struct authkey_pair *k = authkey_pair_at(0);
	struct authkey_request q = {.user = "bob",
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.blob = authkey_pair_at(AUTHKEY_SPARE)->blob,
		.alg = k->alg,
		.signer = k->key};
	struct fakeport *port = fakeport_new();
	struct auth_server_config cfg = config(port);
	unsigned n = 1;

	authkey_build(&q);
	for (bool has_failed = true; has_failed; n++) {
		struct bench b = {.port = port};

		failalloc_arm(n);
		if (auth_server_new(&cfg, &b.a) == E_OK &&
			feed_service(&b, "ssh-userauth") == E_OK && feed(&b, q.bytes) == E_OK &&
			b.ev == AUTH_SERVER_ASKS && answer(&b, true) == E_OK)
			CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
		has_failed = failalloc_disarm();
		auth_server_free(b.a);
		fakeport_clear(port);
	}
	CHECK(n > 4);
	fakeport_free(port);
}

TEST(auth_server_failing_port)
{
	struct bench b;

	start(&b);
	REQUIRE_EQ(feed_key(&b, "bob", 0, authkey_pair_at(0)->key), E_OK);
	b.port->fails_in = 1;
	CHECK_EQ(answer(&b, true), E_LIMIT);
	CHECK_EQ(b.ev, AUTH_SERVER_GOES_ON);
	CHECK_EQ(auth_server_key(b.a).len, 0);
	CHECK(b.f.err == E_LIMIT && b.f.text[0] != '\0');
	stop(&b);
}
