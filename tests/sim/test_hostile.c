/* SPDX-License-Identifier: ISC */
/*
 * A peer that breaks the rules, against a live session: every message number in every phase and
 * both roles on the wire, noise without end, silence without end. A hostile peer ends only its own
 * connection, and always with a reason.
 */
#include "session/legal.h"
#include "sim/pair.h"
#include "support/harness.h"
#include "support/legalmatrix.h"
#include "wire/msgs.h"

/* Delivers everything the sender has queued and takes one turn of the victim. */
static void deliver(struct pair *p, struct side *victim, struct side *from)
{
	pair_turn(p, from, victim, 0); /* moves the sender's output into its queue */
	pair_turn(p, victim, from, from->queue_len);
}

static void inject_clear(struct side *from, uint8_t msg, size_t body)
{
	size_t payload = 1 + body, pad = 8 - (5 + payload) % 8;
	uint8_t *q = from->queue + from->queue_len;

	pad += pad < 4 ? 8 : 0;
	memset(q, 0, 5 + payload + pad);
	store_be32(q, (uint32_t)(1 + payload + pad));
	q[4] = (uint8_t)pad;
	q[5] = msg;
	from->queue_len += 5 + payload + pad;
}

static enum phase phase_of(const struct side *victim)
{
	switch (transport_phase_of(session_transport(victim->s))) {
	case TRANSPORT_IDENT:
		return PHASE_IDENT;
	case TRANSPORT_KEX:
		return PHASE_KEX;
	default: /* of login the callers know themselves how far it has come */
		return session_is_logged_in(victim->s) ? PHASE_OPEN : PHASE_SERVICE;
	}
}

/* Steps until the server (is_server) or client side has just come into the wanted phase. */
static bool drive_to(struct pair *p, enum phase phase, bool victim_is_server)
{
	struct side *victim = victim_is_server ? &p->server : &p->client;
	struct side *from = victim_is_server ? &p->client : &p->server;

	for (unsigned i = 0; i < 5000 && phase_of(victim) != phase; i++) {
		p->now_ms++;
		pair_turn(p, from, victim, victim->queue_len);
		/* A byte at a time, so that no phase is stepped over. */
		pair_turn(p, victim, from, from->queue_len > 0);
	}
	return phase_of(victim) == phase;
}

/* By the second writing of the table: the first one is what is under test. */
static void expect(
	struct pair *p, struct side *victim, enum role role, enum phase phase, unsigned msg)
{
	const struct legal_line *line = legal_matrix;
	char v;

	while (msg > line->last)
		line++;
	v = (role == ROLE_SERVER ? line->server : line->client)[phase];
	if (v == '.' && !victim->dead)
		FAIL("message %u %s was taken", msg, legal_phase_name(phase));
	if ((v == 'i' || v == 'u') && victim->dead)
		FAIL("message %u %s ended it: %s", msg, legal_phase_name(phase),
			victim->fault.text);
	if (victim->dead)
		CHECK(victim->fault.text[0] != '\0');
	CHECK(p->now_ms > 0);
}

static void every_message(enum phase phase, bool victim_is_server)
{
	enum role role = victim_is_server ? ROLE_SERVER : ROLE_CLIENT;

	for (unsigned msg = 0; msg < 256; msg++) {
		struct pair p;
		struct pair_options o = {.seed = 100 + msg};
		struct side *victim, *from;
		uint8_t body[9] = {(uint8_t)msg};

		REQUIRE(pair_init(&p, &o));
		victim = victim_is_server ? &p.server : &p.client;
		from = victim_is_server ? &p.client : &p.server;
		REQUIRE(drive_to(&p, phase, victim_is_server));
		if (phase == PHASE_KEX) {
			/* Cuts off what the honest peer had to say and speaks in its place. */
			if (from->queue_len > 0) {
				pair_turn(&p, victim, from, from->queue_len);
				if (transport_phase_of(session_transport(victim->s)) !=
					TRANSPORT_KEX) {
					pair_fini(&p);
					continue;
				}
			}
			from->queue_len = 0;
			inject_clear(from, (uint8_t)msg, 8);
			pair_turn(&p, victim, from, from->queue_len);
		} else {
			pair_inject(from, bytes_of(body, sizeof(body)));
			deliver(&p, victim, from);
		}
		expect(&p, victim, role, phase, msg);
		pair_fini(&p);
	}
}

TEST(r2_r4_every_message_during_the_first_exchange_to_a_server)
{
	every_message(PHASE_KEX, true);
}

TEST(r2_r4_every_message_during_the_first_exchange_to_a_client)
{
	every_message(PHASE_KEX, false);
}

/* Also a peer that turns out not to keep the strict rules is held to them until it has said so. */
TEST(r4_cve_2023_48795_cve_2023_46445_cve_2023_46446_nothing_before_the_first_kexinit)
{
	for (unsigned i = 0; i < 2 * 256; i++) {
		struct pair p;
		struct pair_options o = {.seed = 900 + i};
		bool is_server = i % 2;
		uint8_t msg = (uint8_t)(i / 2);
		struct side *victim, *from;

		if (msg == MSG_KEXINIT)
			continue;
		REQUIRE(pair_init(&p, &o));
		victim = is_server ? &p.server : &p.client;
		from = is_server ? &p.client : &p.server;
		REQUIRE(drive_to(&p, PHASE_KEX, is_server));
		from->queue_len = 0;
		inject_clear(from, msg, 8);
		pair_turn(&p, victim, from, from->queue_len);
		CHECK(victim->dead);
		pair_fini(&p);
	}
}

TEST(r1_r9_every_message_after_login_to_a_server)
{
	every_message(PHASE_OPEN, true);
}

TEST(r1_r9_every_message_after_login_to_a_client)
{
	every_message(PHASE_OPEN, false);
}

/* A KEXINIT the sender's own transport knows nothing of, so that it goes on talking. */
static void inject_kexinit(struct side *from)
{
	uint8_t mem[2048];
	struct writer w;
	const char *lists[] = {from->cfg.kex, "ssh-ed25519", from->cfg.ciphers, from->cfg.ciphers,
		from->cfg.macs, from->cfg.macs, "none", "none", "", ""};

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_KEXINIT);
	memset(wr_room(&w, 16), 7, 16);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		wr_cstring(&w, lists[i]);
	wr_bool(&w, false);
	wr_u32(&w, 0);
	REQUIRE(wr_ok(&w));
	pair_inject(from, wr_bytes(&w));
}

/* The peer's KEXINIT was seen, its NEWKEYS was not: only the exchange may go on (R37). */
static void in_rekey(bool victim_is_server)
{
	enum role role = victim_is_server ? ROLE_SERVER : ROLE_CLIENT;

	for (unsigned msg = 0; msg < 256; msg++) {
		struct pair p;
		struct pair_options o = {.seed = 400 + msg};
		struct side *victim, *from;
		uint8_t body[9] = {(uint8_t)msg};

		REQUIRE(pair_init(&p, &o));
		victim = victim_is_server ? &p.server : &p.client;
		from = victim_is_server ? &p.client : &p.server;
		REQUIRE(pair_run(&p, 100));
		inject_kexinit(from);
		deliver(&p, victim, from);
		REQUIRE(!victim->dead);
		REQUIRE_EQ(transport_phase_of(session_transport(victim->s)), TRANSPORT_REKEY);
		pair_inject(from, bytes_of(body, sizeof(body)));
		deliver(&p, victim, from);
		expect(&p, victim, role, PHASE_REKEY, msg);
		pair_fini(&p);
	}
}

TEST(r37_every_message_during_a_re_exchange_to_a_server)
{
	in_rekey(true);
}

TEST(r37_every_message_during_a_re_exchange_to_a_client)
{
	in_rekey(false);
}

/* In the middle of login: what the honest peer has under way arrives, then one message of any kind.
 * The server then is in its phase A; the client before (N) or behind (A) SERVICE_ACCEPT. */
static void before_login(enum phase phase, bool victim_is_server)
{
	enum role role = victim_is_server ? ROLE_SERVER : ROLE_CLIENT;

	for (unsigned msg = 0; msg < 256; msg++) {
		struct pair p;
		struct pair_options o = {.seed = 700 + msg};
		struct side *victim, *from;
		uint8_t body[9] = {(uint8_t)msg};

		REQUIRE(pair_init(&p, &o));
		victim = victim_is_server ? &p.server : &p.client;
		from = victim_is_server ? &p.client : &p.server;
		REQUIRE(drive_to(&p, PHASE_SERVICE, victim_is_server));
		if (!victim_is_server && phase == PHASE_AUTH)
			pair_turn(&p, from, victim, victim->queue_len);
		pair_turn(&p, victim, from, from->queue_len);
		REQUIRE(!victim->dead && !session_is_logged_in(victim->s));
		pair_inject(from, bytes_of(body, sizeof(body)));
		deliver(&p, victim, from);
		expect(&p, victim, role, phase, msg);
		CHECK(!session_is_logged_in(victim->s));
		pair_fini(&p);
	}
}

TEST(r1_r2_cve_2025_32433_every_message_before_login_to_a_server)
{
	before_login(PHASE_AUTH, true);
}

TEST(r1_r2_every_message_before_the_service_to_a_client)
{
	before_login(PHASE_SERVICE, false);
}

TEST(r1_r2_every_message_before_login_to_a_client)
{
	before_login(PHASE_AUTH, false);
}

/* Small pings must not queue answers where nothing can leave: before login there is none, and while
 * an exchange of ours is open their number is bounded. */
TEST(r36_cve_2025_26466_pings_before_login_and_in_an_exchange)
{
	static const uint8_t ping[] = {MSG_PING, 0, 0, 0, 2, 'h', 'i'};
	struct pair p;
	struct pair_options o = {.seed = 22};
	size_t before;
	unsigned i;

	REQUIRE(pair_init(&p, &o));
	REQUIRE(drive_to(&p, PHASE_SERVICE, true));
	pair_turn(&p, &p.server, &p.client, p.client.queue_len);
	before = p.server.queue_len;
	pair_inject(&p.client, bytes_of(ping, sizeof(ping)));
	deliver(&p, &p.server, &p.client);
	CHECK(!p.server.dead);
	CHECK_EQ(p.server.queue_len, before);

	REQUIRE(pair_run(&p, 100));
	pair_turn(&p, &p.server, &p.client, p.client.queue_len);
	p.server.queue_len = 0;
	pair_inject(&p.client, bytes_of(ping, sizeof(ping)));
	deliver(&p, &p.server, &p.client);
	CHECK(p.server.queue_len > 0); /* after login: one answer */

	session_rekey(p.server.s, p.now_ms);
	for (i = 0; i < 1000 && !p.server.dead; i++) {
		pair_inject(&p.client, bytes_of(ping, sizeof(ping)));
		deliver(&p, &p.server, &p.client);
	}
	CHECK(p.server.dead);
	CHECK(i > 200 && i < 300);
	pair_fini(&p);
}

/* CVE-2025-22869: the peer leaves our exchange unanswered and goes on asking. What we hold back for
 * it has an end. */
TEST(r37_cve_2025_22869_answers_held_back_have_an_end)
{
	static uint8_t ping[5 + 1024] = {MSG_PING, 0, 0, 4, 0};
	struct pair p;
	struct pair_options o = {.seed = 23};
	unsigned i;

	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 100));
	session_rekey(p.server.s, p.now_ms);
	for (i = 0; i < 40 && !p.server.dead; i++) {
		p.now_ms += 1000;
		for (unsigned k = 0; k < 200; k++)
			pair_inject(&p.client, bytes_of(ping, sizeof(ping)));
		deliver(&p, &p.server, &p.client);
	}
	CHECK(p.server.dead);
	CHECK_EQ(p.server.fault.err, E_LIMIT);
	CHECK(i >= LIMIT_HOLD / 1024 / 200 - 1 && i <= LIMIT_HOLD / 1024 / 200 + 1);
	pair_fini(&p);
}

/* A re-exchange that is not gone on with ends the connection, whoever began it. */
TEST(r37_a_re_exchange_has_a_minute)
{
	for (int is_theirs = 0; is_theirs < 2; is_theirs++) {
		struct pair p;
		struct pair_options o = {.seed = 24};
		struct event ev;
		uint64_t start;

		REQUIRE(pair_init(&p, &o));
		REQUIRE(pair_run(&p, 100));
		start = p.now_ms;
		if (is_theirs) {
			inject_kexinit(&p.client);
			deliver(&p, &p.server, &p.client);
		} else {
			session_rekey(p.server.s, start);
		}
		session_tick(p.server.s, start + 14999); /* not yet a keepalive */
		CHECK_EQ(session_deadline(p.server.s), start + 15000);
		session_tick(p.server.s, start + 59999);
		CHECK(!session_is_dead(p.server.s));
		CHECK_EQ(session_deadline(p.server.s), start + 60000);
		session_tick(p.server.s, start + 60000);
		REQUIRE(session_next(p.server.s, start + 60000, &ev));
		CHECK_EQ(ev.kind, EV_DEAD);
		CHECK_EQ(ev.fault->err, E_TIMEOUT);
		CHECK_EQ(ev.fault->code, DISCONNECT_KEX_FAILED);
		pair_fini(&p);
	}
}

TEST(noise_without_end)
{
	static const uint8_t ignore[] = {MSG_IGNORE, 0, 0, 0, 0};
	struct pair p;
	struct pair_options o = {.seed = 20};
	unsigned i;

	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 100));
	for (i = 0; i < 5000 && !p.server.dead; i++) {
		pair_inject(&p.client, bytes_of(ignore, sizeof(ignore)));
		deliver(&p, &p.server, &p.client);
	}
	CHECK(p.server.dead);
	CHECK(i >= 200);
	pair_fini(&p);
	/* The same number spread over time is fine: keystroke padding and keepalives look like
	 * this. */
	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 100));
	for (i = 0; i < 5000 && !p.server.dead; i++) {
		p.now_ms += 10;
		pair_inject(&p.client, bytes_of(ignore, sizeof(ignore)));
		deliver(&p, &p.server, &p.client);
	}
	CHECK(!p.server.dead);
	pair_fini(&p);
}

/* AsyncSSH 2.10 sends an IGNORE ahead of every packet: as much noise as there is to be said is none
 * too much, at whatever rate. */
TEST(noise_in_front_of_every_message)
{
	static const uint8_t ignore[] = {MSG_IGNORE, 0, 0, 0, 0};
	static const uint8_t request[] = {MSG_GLOBAL_REQUEST, 0, 0, 0, 1, 'x', 0};
	struct pair p;
	struct pair_options o = {.seed = 20};

	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 100));
	for (unsigned i = 0; i < 5000 && !p.server.dead; i++) {
		pair_inject(&p.client, bytes_of(ignore, sizeof(ignore)));
		pair_inject(&p.client, bytes_of(request, sizeof(request)));
		deliver(&p, &p.server, &p.client);
	}
	CHECK(!p.server.dead);
	pair_fini(&p);
}

TEST(unknown_messages_without_end)
{
	static const uint8_t unknown[] = {150};
	struct pair p;
	struct pair_options o = {.seed = 21};
	unsigned i;

	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 100));
	for (i = 0; i < 1000 && !p.server.dead; i++) {
		p.now_ms += 1000;
		pair_inject(&p.client, bytes_of(unknown, sizeof(unknown)));
		deliver(&p, &p.server, &p.client);
		p.server.queue_len = 0;
	}
	CHECK(p.server.dead);
	CHECK_EQ(i, LIMIT_STRAY + 1);
	pair_fini(&p);
}

/* A deadline a step before login; a byte never extends one. */
TEST(silence_before_login)
{
	static const struct {
		enum phase phase;
		uint64_t limit_ms;
	} steps[] = {{PHASE_IDENT, 5000}, {PHASE_KEX, 10000}, {PHASE_SERVICE, 30000}};

	for (size_t i = 0; i < 3; i++) {
		struct pair p;
		struct pair_options o = {.seed = 30 + i};
		struct event ev;
		uint64_t start;

		REQUIRE(pair_init(&p, &o));
		start = p.now_ms;
		REQUIRE(drive_to(&p, steps[i].phase, true));
		CHECK_EQ(session_deadline(p.server.s), start + steps[i].limit_ms);
		session_tick(p.server.s, start + steps[i].limit_ms - 1);
		CHECK(!session_is_dead(p.server.s));
		session_tick(p.server.s, start + steps[i].limit_ms);
		CHECK(session_is_dead(p.server.s));
		REQUIRE(session_next(p.server.s, p.now_ms, &ev));
		CHECK_EQ(ev.kind, EV_DEAD);
		CHECK_EQ(ev.fault->err, E_TIMEOUT);
		pair_fini(&p);
	}
}

/* A step without a limit of its own has that of the login, and none has more; 0 is none. */
TEST(r42_limits_of_the_steps_at_their_ends)
{
	static const struct {
		uint64_t ident_ms, kex_ms, login_ms;
		uint64_t want[3]; /* ident, exchange, login; 0: never */
	} rows[] = {
		{5000, 10000, 30000, {5000, 10000, 30000}},
		{0, 0, 30000, {30000, 30000, 30000}},
		{50000, 40000, 30000, {30000, 30000, 30000}},
		{5000, 10000, 0, {5000, 10000, 0}},
		{0, 0, 0, {0, 0, 0}},
	};
	static const enum phase phases[] = {PHASE_IDENT, PHASE_KEX, PHASE_SERVICE};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) * 3; i++) {
		struct pair p;
		struct pair_options o = {.seed = 35};
		uint64_t want = rows[i / 3].want[i % 3];

		REQUIRE(pair_init(&p, &o));
		session_free(p.server.s);
		p.server.cfg.ident_ms = rows[i / 3].ident_ms;
		p.server.cfg.kex_ms = rows[i / 3].kex_ms;
		p.server.cfg.login_ms = rows[i / 3].login_ms;
		REQUIRE_EQ(session_new(&p.server.cfg, &p.server.env, p.now_ms, &p.server.s), E_OK);
		want = want == 0 ? UINT64_MAX : p.now_ms + want;
		REQUIRE(drive_to(&p, phases[i % 3], true));
		CHECK_EQ(session_deadline(p.server.s), want);
		pair_fini(&p);
	}
}

/* Keys are not renewed before login, so that time must not be waited for: a deadline that nothing
 * moves on would keep the loop busy. */
TEST(no_time_for_rekeying_before_login)
{
	struct pair p;
	struct pair_options o = {.seed = 33};
	uint64_t start;

	REQUIRE(pair_init(&p, &o));
	start = p.now_ms;
	session_free(p.server.s);
	p.server.cfg.rekey_ms = 2000;
	REQUIRE_EQ(session_new(&p.server.cfg, &p.server.env, p.now_ms, &p.server.s), E_OK);
	REQUIRE(drive_to(&p, PHASE_SERVICE, true));
	CHECK_EQ(session_deadline(p.server.s), start + 30000);
	session_tick(p.server.s, start + 4000);
	CHECK_EQ(session_deadline(p.server.s), start + 30000);
	CHECK(!session_is_dead(p.server.s));
	REQUIRE(pair_run(&p, 100));
	CHECK(session_deadline(p.server.s) <= p.now_ms + 2000);
	pair_fini(&p);
}

TEST(silence_after_login_is_probed_then_given_up)
{
	struct pair p;
	struct pair_options o = {.seed = 40};
	uint64_t at;

	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 100));
	pair_turn(&p, &p.server, &p.client, p.client.queue_len);
	for (unsigned i = 0; i < 3; i++) {
		size_t before = p.server.queue_len;

		at = session_deadline(p.server.s);
		session_tick(p.server.s, at);
		pair_turn(&p, &p.server, &p.client, 0);
		/* One probe is under way at a time: TCP repeats it. */
		CHECK_EQ(p.server.queue_len > before, i == 0);
		CHECK(!p.server.dead);
	}
	session_tick(p.server.s, session_deadline(p.server.s));
	pair_turn(&p, &p.server, &p.client, 0);
	CHECK(p.server.dead);
	CHECK_EQ(p.server.fault.err, E_TIMEOUT);
	/* 15 s interval, three probes: dead 60 s after the last word. */
	CHECK_EQ(session_deadline(p.server.s), UINT64_MAX);
	pair_fini(&p);
}

/* A keepalive that is answered keeps the connection for ever. */
TEST(keepalives_are_answered)
{
	struct pair p;
	struct pair_options o = {.seed = 41};

	REQUIRE(pair_init(&p, &o));
	REQUIRE(pair_run(&p, 100));
	for (unsigned i = 0; i < 50; i++) {
		p.now_ms += 15001;
		session_tick(p.server.s, p.now_ms);
		session_tick(p.client.s, p.now_ms);
		for (unsigned k = 0; k < 3; k++) {
			pair_turn(&p, &p.server, &p.client, p.client.queue_len);
			pair_turn(&p, &p.client, &p.server, p.server.queue_len);
		}
		REQUIRE(!p.server.dead && !p.client.dead);
	}
	pair_fini(&p);
}

TEST(a_flipped_byte_anywhere_ends_it_with_one_reason)
{
	for (size_t at = 0; at < 200; at++) {
		static const uint8_t ping[] = {MSG_PING, 0, 0, 0, 2, 'h', 'i'};
		struct pair p;
		struct pair_options o = {.seed = 500};

		REQUIRE(pair_init(&p, &o));
		REQUIRE(pair_run(&p, 100));
		p.client.queue_len = 0;
		pair_inject(&p.client, bytes_of(ping, sizeof(ping)));
		pair_turn(&p, &p.client, &p.server, 0);
		if (at >= p.client.queue_len) {
			pair_fini(&p);
			break;
		}
		p.client.queue[at] ^= 0x40;
		/* A longer length would wait for more: give it more. */
		memset(p.client.queue + p.client.queue_len, 0, 300000);
		p.client.queue_len += 300000;
		pair_turn(&p, &p.server, &p.client, p.client.queue_len);
		CHECK(p.server.dead);
		pair_fini(&p);
	}
}
