/* SPDX-License-Identifier: ISC */
/*
 * What only whole sessions show of key exchange and login: which machine is told what, and that an
 * error of any of them is the end of the connection.
 */
#include "keys/pubkey.h"
#include "sim/pair.h"
#include "support/harness.h"
#include "wire/msgs.h"

static void say(struct side *from, struct bytes payload)
{
	struct port port;
	struct writer w;

	transport_port((struct transport *)session_transport(from->s), &port);
	REQUIRE_EQ(port.begin(port.ctx, payload.len, &w), E_OK);
	wr_raw(&w, payload);
	REQUIRE_EQ(port.end(port.ctx, &w), E_OK);
}

static void tell(struct pair *p, struct side *victim, struct side *from, struct bytes payload)
{
	say(from, payload);
	pair_turn(p, from, victim, 0);
	pair_turn(p, victim, from, from->queue_len);
}

/* Both ends anew, with what the test has changed in their settings. */
static void restart(struct pair *p)
{
	struct side *sides[] = {&p->client, &p->server};

	for (size_t i = 0; i < 2; i++) {
		session_free(sides[i]->s);
		REQUIRE_EQ(
			session_new(&sides[i]->cfg, &sides[i]->env, p->now_ms, &sides[i]->s), E_OK);
	}
}

static void open_pair(struct pair *p, uint64_t seed)
{
	struct pair_options o = {.seed = seed};

	REQUIRE(pair_init(p, &o));
	REQUIRE(pair_run(p, 100));
	for (unsigned i = 0; i < 4; i++)
		pair_step(p);
}

/* A KEXINIT of the peer's program, past its own transport. */
static struct bytes kexinit(struct side *from, const char *kex, bool first_follows)
{
	static uint8_t mem[2048];
	const char *lists[] = {kex, "ssh-ed25519", from->cfg.ciphers, from->cfg.ciphers,
		from->cfg.macs, from->cfg.macs, "none", "none", "", ""};
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_KEXINIT);
	memset(wr_room(&w, 16), 7, 16);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		wr_cstring(&w, lists[i]);
	wr_bool(&w, first_follows);
	wr_u32(&w, 0);
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

TEST(an_error_of_the_exchange_is_the_end)
{
	static const uint8_t stump[] = {MSG_KEXINIT, 1, 2, 3};
	static const uint8_t init[] = {MSG_KEX_ECDH_INIT, 0, 0, 0, 1, 9};

	for (int i = 0; i < 3; i++) {
		struct pair p;

		open_pair(&p, 1);
		if (i == 0)
			tell(&p, &p.server, &p.client, bytes_of(stump, sizeof(stump)));
		else if (i == 1)
			tell(&p, &p.server, &p.client, kexinit(&p.client, "no-such-method", false));
		else
			tell(&p, &p.server, &p.client, kexinit(&p.client, p.client.cfg.kex, false));
		CHECK_EQ(p.server.dead, i < 2);
		if (i == 1)
			CHECK_EQ(p.server.fault.err, E_NOALG);
		if (i == 2) { /* a public value of one byte */
			tell(&p, &p.server, &p.client, bytes_of(init, sizeof(init)));
			CHECK(p.server.dead);
			CHECK_EQ(p.server.fault.code, DISCONNECT_KEX_FAILED);
		}
		pair_fini(&p);
	}
}

/* RFC 4253 7: the one packet behind a wrong guess is not looked at; the next one counts. */
TEST(r7_cve_2023_1667_a_wrong_guess_is_dropped_once)
{
	static const uint8_t init[] = {MSG_KEX_ECDH_INIT, 0, 0, 0, 1, 9};
	struct pair p;

	open_pair(&p, 2);
	tell(&p, &p.server, &p.client, kexinit(&p.client, "ecdh-sha2-nistp256", true));
	REQUIRE(!p.server.dead);
	tell(&p, &p.server, &p.client, bytes_of(init, sizeof(init)));
	CHECK(!p.server.dead);
	CHECK_EQ(transport_phase_of(session_transport(p.server.s)), TRANSPORT_REKEY);
	tell(&p, &p.server, &p.client, bytes_of(init, sizeof(init)));
	CHECK(p.server.dead);
	pair_fini(&p);
}

TEST(an_error_of_login_is_the_end)
{
	static const uint8_t stump[] = {MSG_USERAUTH_REQUEST, 0, 0, 0, 1, 'u', 0, 0, 0};
	static const uint8_t failure[] = {MSG_USERAUTH_FAILURE, 0, 0, 0, 9};
	struct pair_options o = {.seed = 3};

	for (int at_server = 0; at_server < 2; at_server++) {
		struct pair p;
		struct side *victim, *from;

		REQUIRE(pair_init(&p, &o));
		victim = at_server ? &p.server : &p.client;
		from = at_server ? &p.client : &p.server;
		while (transport_phase_of(session_transport(victim->s)) != TRANSPORT_READY) {
			pair_turn(&p, from, victim, victim->queue_len);
			pair_turn(&p, victim, from, from->queue_len > 0);
		}
		pair_turn(&p, from, victim, victim->queue_len);
		pair_turn(&p, victim, from, from->queue_len);
		REQUIRE(!victim->dead && !session_is_logged_in(victim->s));
		tell(&p, victim, from,
			at_server ? bytes_of(stump, sizeof(stump))
				  : bytes_of(failure, sizeof(failure)));
		CHECK(victim->dead);
		CHECK_EQ(victim->fault.err, E_FORMAT);
		pair_fini(&p);
	}
}

TEST(an_error_of_channels_is_the_end)
{
	static const uint8_t stump[] = {MSG_CHANNEL_OPEN, 0, 0, 0, 9, 'x'};
	static const uint8_t nowhere[] = {MSG_CHANNEL_EOF, 0, 0, 0, 77};
	struct pair p;

	open_pair(&p, 4);
	tell(&p, &p.server, &p.client, bytes_of(stump, sizeof(stump)));
	CHECK(p.server.dead);
	CHECK_EQ(p.server.fault.err, E_FORMAT);
	pair_fini(&p);
	open_pair(&p, 4);
	tell(&p, &p.client, &p.server, bytes_of(nowhere, sizeof(nowhere)));
	CHECK(p.client.dead);
	CHECK_EQ(p.client.fault.err, E_PROTO);
	pair_fini(&p);
}

/* Several identities are asked about first: PK_OK is taken while such a question is open. */
TEST(login_by_the_second_of_two_keys)
{
	struct pair_options o = {.seed = 5};
	struct auth_identity two[2];
	uint8_t blob[128];
	struct pk *other;
	struct pair p;
	size_t len;

	REQUIRE_EQ(pk_generate(&other, PK_ED25519, 0), E_OK);
	REQUIRE_EQ(pubkey_to_blob(other, (struct span){blob, sizeof(blob)}, &len), E_OK);
	REQUIRE(pair_init(&p, &o));
	two[0] = (struct auth_identity){.blob = bytes_of(blob, len)};
	two[1] = p.identity;
	p.client.cfg.identities = two;
	p.client.cfg.identity_count = 2;
	restart(&p);
	CHECK(pair_run(&p, 100));
	pair_fini(&p);
	pk_free(other);
}

/* What the server announces reaches the login in time (RFC 8308 2.4, 3.1). */
TEST(an_rsa_key_signs_as_the_server_wants_it)
{
	struct pair_options o = {.seed = 6};
	struct pair p;

	REQUIRE(pair_init(&p, &o));
	pk_free(p.user_key);
	REQUIRE_EQ(pk_generate(&p.user_key, PK_RSA, 2048), E_OK);
	REQUIRE_EQ(pubkey_to_blob(p.user_key, (struct span){p.user_blob, sizeof(p.user_blob)},
			   &p.user_len),
		E_OK);
	p.identity = (struct auth_identity){.blob = bytes_of(p.user_blob, p.user_len)};
	p.server.cfg.sig_algs = "rsa-sha2-256";
	restart(&p);
	CHECK(pair_run(&p, 100));
	pair_fini(&p);
}

/* Keys are due for renewal with the first byte, and still not before login: most servers end a
 * connection over it. */
TEST(no_rekeying_by_bytes_before_login)
{
	struct pair_options o = {.seed = 7, .rekey_bytes = 1};
	struct session_counts c;
	struct pair p;

	REQUIRE(pair_init(&p, &o));
	CHECK(pair_run(&p, 100));
	for (unsigned i = 0; i < 10; i++)
		pair_step(&p);
	session_counts(p.client.s, &c);
	CHECK(c.rekeys > 0);
	pair_fini(&p);
}

/* DISCONNECT is the last word, whatever is due. */
TEST(nothing_follows_our_goodbye)
{
	static const uint8_t stump[] = {MSG_CHANNEL_OPEN, 0, 0, 0, 9, 'x'};
	size_t len[2];

	for (int is_due = 0; is_due < 2; is_due++) {
		struct pair_options o = {.seed = 8};
		struct pair p;

		REQUIRE(pair_init(&p, &o));
		p.server.cfg.rekey_ms = 5000;
		restart(&p);
		REQUIRE(pair_run(&p, 100));
		for (unsigned i = 0; i < 4; i++)
			pair_step(&p);
		p.now_ms += is_due ? 10 * 1000 : 0;
		tell(&p, &p.server, &p.client, bytes_of(stump, sizeof(stump)));
		CHECK(p.server.dead);
		len[is_due] = p.server.queue_len + session_out_len(p.server.s);
		pair_fini(&p);
	}
	CHECK(len[0] > 0);
	CHECK_EQ(len[0], len[1]);
}

/* While the program is asked nothing is read, so that nothing can overtake its answer. */
TEST(no_room_while_a_question_is_open)
{
	struct pair_options o = {.seed = 9};
	struct event ev = {.kind = EV_NONE};
	struct session *s;
	struct pair p;

	REQUIRE(pair_init(&p, &o));
	s = p.client.s;
	for (unsigned i = 0; i < 10 && ev.kind != EV_HOSTKEY; i++) {
		session_turn_begin(s);
		REQUIRE(session_recv_room(s).len >= p.server.queue_len);
		memcpy(session_recv_room(s).ptr, p.server.queue, p.server.queue_len);
		session_recv_done(s, p.server.queue_len, p.now_ms);
		p.server.queue_len = 0;
		if (!session_next(s, p.now_ms, &ev)) {
			struct span piece;

			while (session_out_pieces(s, &piece, 1) > 0) {
				memcpy(p.client.queue + p.client.queue_len, piece.ptr, piece.len);
				p.client.queue_len += piece.len;
				session_out_sent(s, piece.len);
			}
			REQUIRE_EQ(session_turn_end(s), E_OK);
			pair_turn(&p, &p.server, &p.client, p.client.queue_len);
		}
	}
	REQUIRE_EQ(ev.kind, EV_HOSTKEY);
	CHECK_EQ(session_recv_room(s).len, 0);
	CHECK(!session_next(s, p.now_ms, &ev));
	session_answer_sign(s, bytes_str("x"), p.now_ms); /* the answer to another question */
	session_answer_key(s, true);
	CHECK_EQ(session_recv_room(s).len, 0);
	CHECK(!session_is_dead(s));
	session_answer_hostkey(s, VERDICT_GOOD, p.now_ms);
	CHECK(session_recv_room(s).len > 0);
	REQUIRE_EQ(session_turn_end(s), E_OK);
	session_answer_hostkey(s, VERDICT_BAD, p.now_ms); /* too late to matter */
	CHECK(!session_is_dead(s));
	CHECK(pair_run(&p, 100));
	pair_fini(&p);
}

/* A signer that fails, or that has another key (a fault, or somebody in between), is the end. */
TEST(a_host_key_that_cannot_sign_or_is_another)
{
	static const enum pk_type types[] = {PK_ECDSA_256, PK_ED25519};

	for (size_t i = 0; i < 2; i++) {
		struct pair_options o = {.seed = 10};
		struct pair p;

		REQUIRE(pair_init(&p, &o));
		pk_free(p.host_key);
		REQUIRE_EQ(pk_generate(&p.host_key, types[i], 0), E_OK);
		CHECK(!pair_run(&p, 100));
		CHECK(!session_is_logged_in(p.client.s) && !session_is_logged_in(p.server.s));
		CHECK(i == 0 ? p.server.dead : p.client.dead);
		CHECK_EQ(i == 0 ? p.server.fault.err : p.client.fault.err,
			i == 0 ? E_HOSTKEY : E_SIG);
		pair_fini(&p);
	}
}

/* The key is allowed, but another one signed (R44, CVE-2024-45337): a failure, and the last one. */
TEST(r40_r44_cve_2024_45337_the_last_failure_is_the_end)
{
	struct pair_options o = {.seed = 11};
	struct pair p;

	REQUIRE(pair_init(&p, &o));
	p.server.cfg.auth_failures_max = 1;
	restart(&p);
	pk_free(p.user_key);
	REQUIRE_EQ(pk_generate(&p.user_key, PK_ED25519, 0), E_OK);
	CHECK(!pair_run(&p, 100));
	CHECK(!session_is_logged_in(p.client.s) && !session_is_logged_in(p.server.s));
	CHECK(p.server.dead);
	CHECK_STR(p.server.fault.text, "Too many authentication failures");
	pair_fini(&p);
}
