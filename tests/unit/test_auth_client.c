/* SPDX-License-Identifier: ISC */
/* The agent's side of login against servers made by hand. */
#include "auth/client.h"

#include "auth_client_bench.h"
#include "failalloc.h"

/* The next message is a publickey request of this kind for this key. */
static void check_request(struct bench *b, size_t key, const char *alg, bool is_signed)
{
	struct bytes m = fakeport_take(b->port);
	struct publickey got = {0};
	struct reader r;

	rd_init(&r, m);
	CHECK_EQ(rd_u8(&r), MSG_USERAUTH_REQUEST);
	CHECK(bytes_is(rd_string(&r, 64), "bob"));
	CHECK(bytes_is(rd_string(&r, 64), "ssh-connection"));
	CHECK(bytes_is(rd_string(&r, 64), "publickey"));
	REQUIRE_EQ(publickey_read(&r, &got), E_OK);
	CHECK(got.is_signed == is_signed);
	CHECK(bytes_is(got.alg, alg));
	CHECK_BYTES(got.blob, authkey_pair_at(key)->blob);
}

TEST(auth_client_one_identity_signs_at_once)
{
	static const size_t keys[] = {0};
	struct bench b;

	start(&b, keys, 1, NULL);
	accept_service(&b);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_SIGNS);
	CHECK_EQ(b.port->count, 0);
	CHECK_EQ(auth_client_expects(b.a), 0);
	REQUIRE_EQ(sign(&b), E_OK);
	check_request(&b, 0, "ssh-ed25519", true);
	REQUIRE_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_LOGIN);
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_STATE);
	stop(&b);
}

TEST(auth_client_several_identities_ask_first)
{
	static const size_t keys[] = {0, 1, AUTHKEY_SPARE};
	struct bench b;

	start(&b, keys, 3, NULL);
	accept_service(&b);
	CHECK_EQ(b.ev, AUTH_CLIENT_GOES_ON);
	check_request(&b, 0, "ssh-ed25519", false);
	CHECK_EQ(auth_client_expects(b.a), MSG_USERAUTH_PK_OK);
	REQUIRE_EQ(feed_failure(&b, "publickey,password", false), E_OK);
	check_request(&b, 1, "ecdsa-sha2-nistp256", false);
	REQUIRE_EQ(feed_pk_ok(&b, "ecdsa-sha2-nistp256", authkey_pair_at(1)->blob), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_SIGNS);
	CHECK_EQ(auth_client_index(b.a), 1);
	CHECK_EQ(auth_client_expects(b.a), 0);
	REQUIRE_EQ(sign(&b), E_OK);
	check_request(&b, 1, "ecdsa-sha2-nistp256", true);
	/* Refused after all: the third, and then nothing is left. */
	REQUIRE_EQ(feed_failure(&b, "publickey,password", false), E_OK);
	check_request(&b, AUTHKEY_SPARE, "ssh-ed25519", false);
	REQUIRE_EQ(feed_failure(&b, "publickey,password", false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	CHECK(bytes_is(auth_client_methods(b.a), "publickey,password"));
	CHECK_EQ(b.port->count, 0);
	stop(&b);
}

/* R51: none of these is a login. */
TEST(r51_cve_2021_36367_cve_2021_36369_auth_client_success_without_our_key)
{
	static const size_t keys[] = {0, 1};
	struct bench b;

	start(&b, keys, 2, NULL); /* before the service */
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_AUTH);
	CHECK(strstr(b.f.text, "without checking our key") != NULL);
	stop(&b);
	start(&b, keys, 2, NULL); /* to a query */
	accept_service(&b);
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_AUTH);
	CHECK(b.ev != AUTH_CLIENT_LOGIN);
	stop(&b);
	start(&b, keys, 1, NULL); /* while we sign */
	accept_service(&b);
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_AUTH);
	stop(&b);
	start(&b, keys, 0, NULL); /* to "none" */
	accept_service(&b);
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_AUTH);
	stop(&b);
}

TEST(auth_client_without_keys_learns_the_methods)
{
	struct bench b;
	struct bytes m;

	start(&b, NULL, 0, NULL);
	accept_service(&b);
	m = fakeport_take(b.port);
	CHECK_HEX(m.ptr, m.len,
		"32 00000003 626f62 0000000e 7373682d636f6e6e656374696f6e 00000004 6e6f6e65");
	REQUIRE_EQ(feed_failure(&b, "publickey", false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	CHECK(bytes_is(auth_client_methods(b.a), "publickey"));
	stop(&b);
}

TEST(auth_client_goes_by_server_sig_algs)
{
	static const size_t rsa[] = {AUTHKEY_RSA};
	static const size_t several[] = {0, 1, AUTHKEY_RSA};
	static const struct {
		const char *algs, *chosen;
	} rows[] = {
		{NULL, "rsa-sha2-512"},
		{"", "rsa-sha2-512"},
		{"rsa-sha2-256,rsa-sha2-512", "rsa-sha2-512"},
		{"ssh-rsa,rsa-sha2-256", "rsa-sha2-256"},
	};
	struct bench b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(&b, rsa, 1, rows[i].algs);
		accept_service(&b);
		REQUIRE_EQ(b.ev, AUTH_CLIENT_SIGNS);
		CHECK_STR(auth_client_alg(b.a)->name, rows[i].chosen);
		REQUIRE_EQ(sign(&b), E_OK);
		check_request(&b, AUTHKEY_RSA, rows[i].chosen, true);
		stop(&b);
	}
	/* Only among the algorithms of one key is there a choice: OpenSSH 7.4 names nothing but
	 * those of RSA and takes all the others. */
	start(&b, several, 3, "rsa-sha2-256");
	accept_service(&b);
	check_request(&b, 0, authkey_pair_at(0)->alg->name, false);
	REQUIRE_EQ(feed_failure(&b, "publickey", false), E_OK);
	check_request(&b, 1, authkey_pair_at(1)->alg->name, false);
	REQUIRE_EQ(feed_failure(&b, "publickey", false), E_OK);
	check_request(&b, AUTHKEY_RSA, "rsa-sha2-256", false);
	stop(&b);
	/* No use for an RSA key: the methods are asked for all the same. */
	start(&b, rsa, 1, "ssh-rsa");
	accept_service(&b);
	CHECK_EQ(b.port->count, 1);
	REQUIRE_EQ(feed_failure(&b, "publickey", false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	CHECK_EQ(auth_client_learn(b.a, bytes_str("a\nb")), E_FORMAT);
	stop(&b);
}

TEST(auth_client_checks_the_answer_about_a_key)
{
	static const size_t keys[] = {0, 1};
	struct bench b;

	start(&b, keys, 2, NULL);
	accept_service(&b);
	CHECK_EQ(feed_pk_ok(&b, "ssh-ed25519", authkey_pair_at(AUTHKEY_SPARE)->blob), E_PROTO);
	CHECK_EQ(feed_pk_ok(&b, "ecdsa-sha2-nistp256", authkey_pair_at(0)->blob), E_PROTO);
	CHECK_EQ(feed_pk_ok(&b, "ssh-ed25519", authkey_pair_at(1)->blob), E_PROTO);
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_PK_OK, "ssh-ed25519"), E_FORMAT);
	CHECK_EQ(feed_pk_ok(&b, "ssh-ed25519", authkey_pair_at(0)->blob), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_SIGNS);
	/* Asked for nothing now. */
	CHECK_EQ(feed_pk_ok(&b, "ssh-ed25519", authkey_pair_at(0)->blob), E_PROTO);
	CHECK_EQ(feed_failure(&b, "publickey", false), E_PROTO);
	stop(&b);
}

TEST(auth_client_identity_that_cannot_sign)
{
	static const size_t keys[] = {AUTHKEY_RSA, 0};
	uint8_t sig[PK_SIGNATURE_MAX];
	struct bench b;
	size_t len;

	start(&b, keys, 2, NULL);
	accept_service(&b);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_pk_ok(&b, "rsa-sha2-512", authkey_pair_at(AUTHKEY_RSA)->blob), E_OK);
	/* A key agent that knows only another hash. */
	REQUIRE_EQ(
		pk_sign(authkey_pair_at(AUTHKEY_RSA)->key, sig_alg_find(bytes_str("rsa-sha2-256")),
			auth_client_to_sign(b.a), (struct span){sig, sizeof(sig)}, &len),
		E_OK);
	REQUIRE_EQ(auth_client_answer(b.a, bytes_of(sig, len), &b.ev, &b.f), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_GOES_ON);
	check_request(&b, 0, "ssh-ed25519", false);
	CHECK_EQ(auth_client_answer(b.a, (struct bytes){0}, &b.ev, &b.f), E_STATE);
	stop(&b);
	/* The only one: what else there would be is asked for. */
	start(&b, keys + 1, 1, NULL);
	accept_service(&b);
	REQUIRE_EQ(auth_client_answer(b.a, (struct bytes){0}, &b.ev, &b.f), E_OK);
	CHECK_EQ(b.port->count, 1);
	REQUIRE_EQ(feed_failure(&b, "password", false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	stop(&b);
}

/* PROTOCOL of OpenSSH 3.1: the signature says for which host key it was made; a query does not. */
TEST(auth_client_binds_signatures_to_the_host_key)
{
	static const size_t keys[] = {0, 1};
	struct bytes m, host = bytes_str("host key"), blob = authkey_pair_at(0)->blob;
	struct bench b;
	struct reader r;

	start(&b, keys, 2, NULL);
	REQUIRE_EQ(auth_client_bind(b.a, host), E_OK);
	accept_service(&b);
	check_request(&b, 0, "ssh-ed25519", false);
	REQUIRE_EQ(feed_pk_ok(&b, "ssh-ed25519", blob), E_OK);
	REQUIRE_EQ(sign(&b), E_OK);
	m = fakeport_take(b.port);
	rd_init(&r, m);
	CHECK_EQ(rd_u8(&r), MSG_USERAUTH_REQUEST);
	CHECK(bytes_is(rd_string(&r, 64), "bob"));
	CHECK(bytes_is(rd_string(&r, 64), "ssh-connection"));
	CHECK(bytes_is(rd_string(&r, 64), "publickey-hostbound-v00@openssh.com"));
	CHECK(rd_bool(&r));
	CHECK(bytes_is(rd_string(&r, 64), "ssh-ed25519"));
	CHECK_BYTES(rd_string(&r, 2000), blob);
	CHECK_BYTES(rd_string(&r, 64), host);
	{
		/* What was signed is all of the above behind the session id. */
		size_t head = m.len - rd_left(&r);
		uint8_t signed_bytes[512];
		struct writer w;

		wr_init(&w, (struct span){signed_bytes, sizeof(signed_bytes)});
		wr_string(&w, bytes_of(session_id, sizeof(session_id)));
		wr_raw(&w, bytes_of(m.ptr, head));
		REQUIRE(wr_ok(&w));
		CHECK_EQ(pk_verify(authkey_pair_at(0)->key, sig_alg_find(bytes_str("ssh-ed25519")),
				 wr_bytes(&w), rd_string(&r, PK_SIGNATURE_MAX)),
			VERDICT_GOOD);
	}
	CHECK(rd_end(&r));
	stop(&b);
}

/* A key whose public part nobody knows: its turn comes in order, and it is signed with at once. */
TEST(auth_client_loads_when_its_turn_comes)
{
	static const size_t keys[] = {0, 1, AUTHKEY_SPARE};
	struct bench b;
	struct bytes blob;

	start(&b, keys, 3, NULL);
	blob = b.ids[1].blob;
	b.ids[1].blob = (struct bytes){0};
	accept_service(&b);
	check_request(&b, 0, "ssh-ed25519", false);
	CHECK_EQ(auth_client_loaded(b.a, &b.ev, &b.f), E_STATE);
	REQUIRE_EQ(feed_failure(&b, "publickey", false), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_LOADS);
	CHECK_EQ(auth_client_index(b.a), 1);
	CHECK_EQ(auth_client_expects(b.a), 0);
	CHECK_EQ(b.port->count, 0);
	CHECK_EQ(feed_failure(&b, "publickey", false), E_PROTO);
	b.ids[1].blob = blob;
	b.f = (struct fault){0};
	REQUIRE_EQ(auth_client_loaded(b.a, &b.ev, &b.f), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_SIGNS);
	REQUIRE_EQ(sign(&b), E_OK);
	check_request(&b, 1, "ecdsa-sha2-nistp256", true);
	/* The next one is asked about again. */
	REQUIRE_EQ(feed_failure(&b, "publickey", false), E_OK);
	check_request(&b, AUTHKEY_SPARE, "ssh-ed25519", false);
	stop(&b);
	/* Not loaded: the next one; and with none left, the end. */
	start(&b, keys, 2, NULL);
	b.ids[0].blob = b.ids[1].blob = (struct bytes){0};
	accept_service(&b);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_LOADS);
	REQUIRE_EQ(auth_client_loaded(b.a, &b.ev, &b.f), E_OK);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_LOADS);
	REQUIRE_EQ(auth_client_loaded(b.a, &b.ev, &b.f), E_OK);
	CHECK_EQ(b.port->count, 1); /* "none" */
	REQUIRE_EQ(feed_failure(&b, "publickey", false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	stop(&b);
}

/* Certificates and keys in hardware are tried with the algorithm of their own; a signature carries
 * the plain one. */
TEST(auth_client_certificates_and_hardware)
{
	static const struct {
		const char *type, *theirs, *alg, *sig;
	} rows[] = {
		{"ssh-ed25519-cert-v01@openssh.com", NULL, "ssh-ed25519-cert-v01@openssh.com",
			"ssh-ed25519"},
		{"ssh-rsa-cert-v01@openssh.com", NULL, "rsa-sha2-512-cert-v01@openssh.com",
			"rsa-sha2-512"},
		{"ssh-rsa-cert-v01@openssh.com", "rsa-sha2-256",
			"rsa-sha2-256-cert-v01@openssh.com", "rsa-sha2-256"},
		{"sk-ssh-ed25519@openssh.com", "rsa-sha2-256", "sk-ssh-ed25519@openssh.com",
			"sk-ssh-ed25519@openssh.com"},
		{"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", NULL,
			"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
			"sk-ecdsa-sha2-nistp256@openssh.com"},
		{"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", NULL, NULL},
		{"ssh-dss", NULL, NULL, NULL},
	};
	static const size_t keys[] = {0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t mem[128], signature[128];
		struct writer w;
		struct bench b;

		harness_note("%s", rows[i].type);
		start(&b, keys, 1, rows[i].theirs);
		wr_init(&w, (struct span){mem, sizeof(mem)});
		wr_cstring(&w, rows[i].type);
		wr_cstring(&w, "the rest");
		b.ids[0].blob = wr_bytes(&w);
		accept_service(&b);
		if (rows[i].alg == NULL) {
			CHECK_EQ(b.ev, AUTH_CLIENT_GOES_ON); /* "none" was sent */
			stop(&b);
			continue;
		}
		REQUIRE_EQ(b.ev, AUTH_CLIENT_SIGNS);
		CHECK_STR(auth_client_alg(b.a)->name, rows[i].alg);
		CHECK_STR(auth_client_alg(b.a)->sig_name, rows[i].sig);
		wr_init(&w, (struct span){signature, sizeof(signature)});
		wr_cstring(&w, rows[i].sig);
		wr_cstring(&w, "signature");
		if (auth_client_alg(b.a)->is_sk)
			wr_raw(&w, bytes_of("\1\0\0\0\7", 5));
		REQUIRE_EQ(auth_client_answer(b.a, wr_bytes(&w), &b.ev, &b.f), E_OK);
		CHECK_EQ(b.port->count, 1);
		CHECK_EQ(b.ev, AUTH_CLIENT_GOES_ON);
		REQUIRE_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_OK);
		CHECK_EQ(b.ev, AUTH_CLIENT_LOGIN);
		stop(&b);
	}
}

TEST(r46_cve_2026_39828_auth_client_partial_success)
{
	static const size_t keys[] = {0, 1};
	struct bench b;

	/* Another key is wanted on top, and there is one. */
	start(&b, keys, 2, NULL);
	accept_service(&b);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_pk_ok(&b, "ssh-ed25519", authkey_pair_at(0)->blob), E_OK);
	REQUIRE_EQ(sign(&b), E_OK);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, "publickey", true), E_OK);
	check_request(&b, 1, "ecdsa-sha2-nistp256", false);
	REQUIRE_EQ(feed_pk_ok(&b, "ecdsa-sha2-nistp256", authkey_pair_at(1)->blob), E_OK);
	REQUIRE_EQ(sign(&b), E_OK);
	REQUIRE_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, NULL), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_LOGIN);
	stop(&b);
	/* Something is wanted that we have not: the other key is not even named. */
	start(&b, keys, 2, NULL);
	accept_service(&b);
	fakeport_take(b.port);
	REQUIRE_EQ(feed_failure(&b, "password", false), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	CHECK_EQ(b.port->count, 0);
	stop(&b);
	start(&b, keys, 1, NULL);
	accept_service(&b);
	REQUIRE_EQ(sign(&b), E_OK);
	REQUIRE_EQ(feed_failure(&b, "keyboard-interactive", true), E_OK);
	CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
	CHECK(bytes_is(auth_client_methods(b.a), "keyboard-interactive"));
	stop(&b);
}

TEST(auth_client_banners)
{
	static const size_t keys[] = {0};
	struct bench b;

	start(&b, keys, 1, NULL);
	CHECK_EQ(feed_banner(&b, 5), E_PROTO);
	accept_service(&b);
	REQUIRE_EQ(b.ev, AUTH_CLIENT_SIGNS);
	for (int i = 0; i < 15; i++) {
		REQUIRE_EQ(feed_banner(&b, (size_t)i), E_OK);
		CHECK_EQ(b.ev, AUTH_CLIENT_BANNER);
		CHECK_EQ(auth_client_banner(b.a).len, (size_t)i);
	}
	/* It did not disturb anything. */
	REQUIRE_EQ(sign(&b), E_OK);
	REQUIRE_EQ(feed_banner(&b, 34000), E_OK);
	CHECK_EQ(auth_client_banner(b.a).len, LIMIT_BANNER);
	CHECK_EQ(feed_banner(&b, 1), E_LIMIT);
	stop(&b);
}

/* R1, R3: what a server may not send, or not now. */
TEST(r1_r3_auth_client_refuses_what_is_out_of_turn)
{
	static const size_t keys[] = {0, 1};
	struct bench b;

	start(&b, keys, 2, NULL);
	CHECK_EQ(feed_failure(&b, "publickey", false), E_PROTO);
	CHECK_EQ(feed_pk_ok(&b, "ssh-ed25519", authkey_pair_at(0)->blob), E_PROTO);
	CHECK_EQ(feed_text(&b, MSG_SERVICE_ACCEPT, "ssh-connection"), E_PROTO);
	accept_service(&b);
	CHECK_EQ(feed_text(&b, MSG_SERVICE_ACCEPT, "ssh-userauth"), E_PROTO);
	for (unsigned msg = 0; msg < 256; msg++) {
		uint8_t payload[1] = {(uint8_t)msg};

		CHECK(feed(&b, bytes_of(payload, 1)) != E_OK);
	}
	CHECK_EQ(feed(&b, (struct bytes){0}), E_PROTO);
	CHECK_EQ(feed_failure(&b, "a b", false), E_FORMAT);
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_FAILURE, "publickey"), E_FORMAT);
	CHECK_EQ(feed_text(&b, MSG_USERAUTH_SUCCESS, ""), E_FORMAT);
	stop(&b);
}

TEST(auth_client_failing_allocations)
{
	static const uint8_t signature[] = "\0\0\0\13ssh-ed25519\0\0\0\1x";
	struct auth_identity id = {.blob = authkey_pair_at(0)->blob};
	struct fakeport *port = fakeport_new();
	struct auth_client_config cfg = {.user = "bob",
		.sig_algs = sig_default_list(),
		.identities = &id,
		.identity_count = 1,
		.session_id = bytes_of(session_id, sizeof(session_id)),
		.port = fakeport_port(port)};
	unsigned n = 1;

	for (bool has_failed = true; has_failed; n++) {
		struct bench b = {.port = port};

		failalloc_arm(n);
		if (auth_client_new(&cfg, &b.a) == E_OK &&
			auth_client_learn(b.a, bytes_str("ssh-ed25519")) == E_OK &&
			auth_client_bind(b.a, bytes_str("host key")) == E_OK &&
			auth_client_start(b.a) == E_OK &&
			feed_text(&b, MSG_SERVICE_ACCEPT, "ssh-userauth") == E_OK &&
			auth_client_answer(b.a, bytes_of(signature, sizeof(signature) - 1), &b.ev,
				&b.f) == E_OK &&
			feed_failure(&b, "publickey", false) == E_OK)
			CHECK_EQ(b.ev, AUTH_CLIENT_REFUSED);
		has_failed = failalloc_disarm();
		CHECK_EQ(port->count, has_failed ? port->count : 2);
		auth_client_free(b.a);
		fakeport_clear(port);
	}
	CHECK(n > 5);
	fakeport_free(port);
}
