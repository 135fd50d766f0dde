/* SPDX-License-Identifier: ISC */
/* Two transports back to back: every algorithm, every way bytes may be cut, exchanges from either
 * side. Illegal things are in test_transport_kex.c. */
#include "transport_pair.h"

#include "failalloc.h"

/* A packet each way arrives. */
static void check_talk(struct pair *p)
{
	REQUIRE_EQ(side_send(&p->c, MSG_CHANNEL_DATA, 3, 1000), E_OK);
	REQUIRE_EQ(side_send(&p->s, MSG_CHANNEL_DATA, 4, 1), E_OK);
	pair_run(p);
	REQUIRE(side_got(&p->s, MSG_CHANNEL_DATA, 3, 1000));
	REQUIRE(side_got(&p->c, MSG_CHANNEL_DATA, 4, 1));
	REQUIRE_EQ(p->c.err, E_OK);
	REQUIRE_EQ(p->s.err, E_OK);
}

static void rekey(struct pair *p, struct side *x)
{
	REQUIRE_EQ(transport_rekey(x->t, true, p->now), E_OK);
	pair_run(p);
	REQUIRE_STR(p->c.fault.text, "");
	REQUIRE_STR(p->s.fault.text, "");
	REQUIRE(p->c.t->kex == NULL && p->s.t->kex == NULL);
}

TEST(every_exchange_with_every_cipher_and_mac)
{
	for (int k = 0; k < KEX_COUNT; k++)
		for (int i = 0; i < SUITE_COUNT; i++) {
			const struct suite *suite = &all_suites[i];
			struct pair *p = pair_init();
			struct transport_names c, s;
			uint8_t id[TRANSPORT_SESSION_ID_MAX];
			struct bytes session_id;

			harness_note("%s %s %s", all_kex[k], suite->cipher, suite->mac);
			pair_lists(p, all_kex[k], suite->cipher, suite->mac, "ssh-ed25519");
			pair_open(p);
			transport_names(p->c.t, &c);
			transport_names(p->s.t, &s);
			CHECK_STR(c.kex, all_kex[k]);
			CHECK_STR(s.kex, all_kex[k]);
			CHECK_STR(c.host_key, "ssh-ed25519");
			CHECK_STR(c.cipher_in, suite->cipher);
			CHECK_STR(s.cipher_out, suite->cipher);
			CHECK_STR(c.mac_out, suite->mac);
			CHECK_STR(s.mac_in, suite->mac);
			session_id = transport_session_id(p->c.t);
			memcpy(id, session_id.ptr, session_id.len);
			CHECK_EQ(session_id.len,
				digest_len(exchange_alg_find(bytes_str(all_kex[k]))->hash));
			check_talk(p);
			rekey(p, &p->c);
			check_talk(p);
			rekey(p, &p->s);
			check_talk(p);
			CHECK_BYTES(transport_session_id(p->c.t), bytes_of(id, session_id.len));
			CHECK_BYTES(transport_session_id(p->s.t), bytes_of(id, session_id.len));
			pair_fini(p);
		}
}

TEST(every_host_key_algorithm)
{
	for (size_t i = 0; sig_alg_at(i) != NULL; i++) {
		const struct sig_alg *alg = sig_alg_at(i);
		struct pair *p = pair_init();
		struct transport_names n;

		harness_note("%s", alg->name);
		for (enum pk_type type = PK_ED25519; type <= PK_RSA; type++)
			p->s.cfg.hostkeys[type] = pair_host_key(type);
		p->s.cfg.hostkey_count = HOST_KEYS;
		side_lists(&p->s, all_kex[0], all_suites[0].cipher, "", sig_default_list());
		snprintf(p->c.host_key_algs, LIST_MAX, "%s", alg->name);
		pair_open(p);
		transport_names(p->c.t, &n);
		CHECK_STR(n.host_key, alg->name);
		CHECK_BYTES(transport_host_key(p->c.t), p->s.cfg.hostkeys[alg->type].blob);
		CHECK_BYTES(transport_host_key(p->s.t), p->s.cfg.hostkeys[alg->type].blob);
		check_talk(p);
		rekey(p, &p->c);
		check_talk(p);
		pair_fini(p);
	}
}

/* A server offers only what it has keys for, in the order of its list. */
TEST(the_server_offers_its_host_keys)
{
	struct pair *p = pair_init();
	struct kexinit k;

	p->s.cfg.hostkeys[0] = pair_host_key(PK_RSA);
	p->s.cfg.hostkeys[1] = pair_host_key(PK_ED25519);
	p->s.cfg.hostkey_count = 2;
	snprintf(p->s.host_key_algs, LIST_MAX, "%s",
		"ecdsa-sha2-nistp256,rsa-sha2-512,ssh-ed25519,rsa-sha2-256,ssh-rsa");
	REQUIRE_EQ(pair_start(p), E_OK);
	REQUIRE_EQ(kexinit_parse(buf_bytes(&p->s.t->kex->ours), &k), E_OK);
	CHECK(bytes_is(k.list[KEXINIT_HOST_KEY], "rsa-sha2-512,ssh-ed25519,rsa-sha2-256"));
	pair_fini(p);
}

TEST(one_byte_at_a_time_in_every_suite)
{
	for (int i = 0; i < SUITE_COUNT; i++) {
		struct pair *p = pair_init();

		harness_note("%s %s", all_suites[i].cipher, all_suites[i].mac);
		pair_lists(p, all_kex[i % KEX_COUNT], all_suites[i].cipher, all_suites[i].mac,
			"ssh-ed25519");
		p->c.step = p->s.step = 1;
		pair_open(p);
		check_talk(p);
		rekey(p, &p->s);
		check_talk(p);
		pair_fini(p);
	}
}

/* Shows the side only the first n bytes of what came, for one turn. */
static void turn_with(struct pair *p, struct side *x, size_t n)
{
	static uint8_t kept[IN_MAX];
	size_t rest = x->in_len - n;

	memcpy(kept, x->in + n, rest);
	x->in_len = n;
	side_turn(p, x);
	memcpy(x->in + x->in_len, kept, rest);
	x->in_len += rest;
}

/* The whole conversation with one direction's flow cut once, after so many bytes of it. */
static size_t run_cut(struct pair *p, struct side *from, struct side *to, size_t cut)
{
	bool moves = true;
	size_t passed = 0;

	while (moves) {
		size_t had = to->in_len, n = side_carry(from, to);

		moves = n > 0;
		if (cut > passed && cut < passed + n)
			turn_with(p, to, had + (cut - passed));
		passed += n;
		moves |= side_turn(p, to);
		moves |= side_carry(to, from) > 0;
		moves |= side_turn(p, from);
	}
	return passed;
}

TEST(cut_at_every_byte)
{
	for (int way = 0; way < 2; way++) {
		size_t total = 1;

		for (size_t cut = 0; cut < total; cut++) {
			struct pair *p = pair_init();

			harness_note("way %d cut %zu", way, cut);
			REQUIRE_EQ(pair_start(p), E_OK);
			total = run_cut(p, way ? &p->s : &p->c, way ? &p->c : &p->s, cut);
			REQUIRE_EQ(p->c.err, E_OK);
			REQUIRE_EQ(p->s.err, E_OK);
			REQUIRE_EQ(transport_phase_of(p->c.t), TRANSPORT_READY);
			REQUIRE_EQ(transport_phase_of(p->s.t), TRANSPORT_READY);
			pair_fini(p);
		}
		CHECK(total > 300);
	}
}

/* R17, CVE-2013-4548: each pair of suites, one after the other, either way round. */
TEST(r17_cve_2013_4548_every_ordered_pair_of_suites)
{
	for (int a = 0; a < SUITE_COUNT; a++)
		for (int b = 0; b < SUITE_COUNT; b++) {
			struct pair *p = pair_init();
			struct transport_names n;

			harness_note("%s %s -> %s %s", all_suites[a].cipher, all_suites[a].mac,
				all_suites[b].cipher, all_suites[b].mac);
			pair_lists(p, all_kex[0], all_suites[a].cipher, all_suites[a].mac,
				"ssh-ed25519");
			pair_open(p);
			check_talk(p);
			/* The lists are the program's; the next offer is made from them. */
			pair_lists(p, all_kex[0], all_suites[b].cipher, all_suites[b].mac,
				"ssh-ed25519");
			rekey(p, b % 2 ? &p->c : &p->s);
			transport_names(p->c.t, &n);
			CHECK_STR(n.cipher_in, all_suites[b].cipher);
			CHECK_STR(n.mac_out, all_suites[b].mac);
			check_talk(p);
			pair_fini(p);
		}
}

/* Each direction may have a suite of its own. */
TEST(ways_may_differ)
{
	static const char *const lists[KEXINIT_LISTS] = {
		"curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com", "ssh-ed25519",
		"aes256-ctr", "aes128-gcm@openssh.com", "hmac-sha2-512", "", "none", "none", "",
		""};
	struct pair *p = pair_init();
	struct transport_names n;

	side_lists(&p->s, all_kex[0], "aes256-ctr,aes128-gcm@openssh.com", "hmac-sha2-512",
		"ssh-ed25519");
	REQUIRE_EQ(pair_start(p), E_OK);
	side_offer_anew(&p->c, lists, false);
	pair_run(p);
	REQUIRE_STR(p->c.fault.text, "");
	REQUIRE_STR(p->s.fault.text, "");
	transport_names(p->c.t, &n);
	CHECK_STR(n.cipher_out, "aes256-ctr");
	CHECK_STR(n.mac_out, "hmac-sha2-512");
	CHECK_STR(n.cipher_in, "aes128-gcm@openssh.com");
	CHECK_STR(n.mac_in, "");
	check_talk(p);
	pair_fini(p);
}

/* R18, CVE-2021-3634: the session id keeps its length when the hash changes. */
TEST(r18_cve_2021_3634_session_id_outlives_another_hash)
{
	struct pair *p = pair_init();
	uint8_t id[32];

	pair_open(p);
	REQUIRE_EQ(transport_session_id(p->c.t).len, 32);
	memcpy(id, transport_session_id(p->c.t).ptr, 32);
	pair_lists(p, "ecdh-sha2-nistp521", "aes256-gcm@openssh.com", "", "ssh-ed25519");
	rekey(p, &p->c);
	check_talk(p);
	CHECK_BYTES(transport_session_id(p->c.t), bytes_of(id, 32));
	CHECK_BYTES(transport_session_id(p->s.t), bytes_of(id, 32));
	pair_fini(p);
}

static const char *const strict_suites[] = {
	"aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com"};

TEST(r5_strict_resets_the_sequence_after_every_newkeys)
{
	for (int i = 0; i < 2; i++) {
		struct pair *p = pair_init();

		pair_lists(p, all_kex[0], strict_suites[i], "", "ssh-ed25519");
		pair_open(p);
		CHECK(transport_is_strict(p->c.t) && transport_is_strict(p->s.t));
		CHECK_EQ(p->c.t->out.packet.seq, 0);
		CHECK_EQ(p->s.t->out.packet.seq, 1); /* EXT_INFO */
		check_talk(p);
		CHECK_EQ(transport_last_seq(p->s.t), 0);
		CHECK_EQ(transport_last_seq(p->c.t), 1);
		rekey(p, &p->c);
		CHECK_EQ(p->c.t->out.packet.seq, 0);
		CHECK_EQ(p->s.t->out.packet.seq, 0); /* EXT_INFO goes with the first keys only */
		CHECK_EQ(p->c.t->in.seq, 0);
		CHECK(transport_is_strict(p->c.t)); /* though the marker is not repeated */
		check_talk(p);
		pair_fini(p);
	}
}

TEST(ext_info_is_the_first_packet_under_the_first_keys)
{
	struct pair *p = pair_init();

	pair_open(p);
	CHECK_EQ(transport_peer_ext(p->c.t), TRANSPORT_EXT_PING | TRANSPORT_EXT_FORWARD_REASON);
	CHECK(bytes_is(transport_peer_sig_algs(p->c.t), "ssh-ed25519,rsa-sha2-512"));
	CHECK_EQ(transport_peer_ext(p->s.t), 0);
	CHECK(bytes_is(transport_peer_ident(p->c.t), VERSION_OURS));
	pair_fini(p);
}

/* Messages given to the port before the first keys wait for them. */
TEST(messages_before_the_first_keys_are_held)
{
	struct pair *p = pair_init();

	REQUIRE_EQ(pair_start(p), E_OK);
	CHECK(!transport_is_open(p->c.t));
	REQUIRE_EQ(side_send(&p->c, MSG_SERVICE_REQUEST, 9, 30), E_OK);
	REQUIRE_EQ(side_send(&p->s, MSG_USERAUTH_BANNER, 8, 31), E_OK);
	pair_run(p);
	REQUIRE_EQ(p->c.err, E_OK);
	CHECK(side_got(&p->s, MSG_SERVICE_REQUEST, 9, 30));
	CHECK(side_got(&p->c, MSG_USERAUTH_BANNER, 8, 31)); /* behind EXT_INFO */
	CHECK_EQ(transport_peer_ext(p->c.t) & TRANSPORT_EXT_PING, TRANSPORT_EXT_PING);
	pair_fini(p);
}

/* Three messages, one before the exchange is opened and two while it is. */
static void send_around(struct side *x, uint64_t now, bool opens)
{
	struct span piece;

	REQUIRE_EQ(side_send(x, MSG_CHANNEL_DATA, 1, 500), E_OK);
	if (!opens)
		return;
	REQUIRE_EQ(transport_rekey(x->t, true, now), E_OK);
	CHECK(!transport_is_open(x->t));
	CHECK_EQ(x->port.lend(x->port.ctx, 9, 1000, 1000, &piece, 1), 0);
	REQUIRE_EQ(side_send(x, MSG_CHANNEL_WINDOW_ADJUST, 2, 9), E_OK);
	REQUIRE_EQ(side_send(x, MSG_CHANNEL_CLOSE, 3, 5), E_OK);
}

static void check_around(struct side *x, bool opened)
{
	CHECK(side_got(x, MSG_CHANNEL_DATA, 1, 500));
	if (opened) {
		CHECK(side_got(x, MSG_CHANNEL_WINDOW_ADJUST, 2, 9));
		CHECK(side_got(x, MSG_CHANNEL_CLOSE, 3, 5));
	}
	CHECK_EQ(x->log_len, 0);
}

TEST(exchanges_from_either_side_and_from_both_at_once)
{
	for (unsigned who = 1; who < 4; who++)
		for (size_t step = 0; step < 2; step++) {
			struct pair *p = pair_init();

			harness_note("who %u step %zu", who, step);
			p->c.step = p->s.step = step;
			pair_open(p);
			for (int round = 0; round < 3; round++) {
				send_around(&p->c, p->now, who & 1);
				send_around(&p->s, p->now, who & 2);
				pair_run(p);
				REQUIRE_STR(p->c.fault.text, "");
				REQUIRE_STR(p->s.fault.text, "");
				check_around(&p->s, who & 1);
				check_around(&p->c, who & 2);
				CHECK(p->c.t->kex == NULL && p->s.t->kex == NULL);
				check_talk(p);
			}
			pair_fini(p);
		}
}

/* What the peer sent before its own KEXINIT is still taken after ours is out, and the phase says
 * so. */
TEST(the_phase_is_the_peers)
{
	struct pair *p = pair_init();

	pair_open(p);
	REQUIRE_EQ(transport_rekey(p->c.t, true, p->now), E_OK);
	CHECK_EQ(transport_phase_of(p->c.t), TRANSPORT_READY);
	CHECK_EQ(transport_expects(p->c.t), MSG_KEXINIT);
	REQUIRE_EQ(side_send(&p->s, MSG_CHANNEL_DATA, 6, 60), E_OK);
	p->s.keeps_quiet = true;
	pair_run(p);
	CHECK(side_got(&p->c, MSG_CHANNEL_DATA, 6, 60));
	CHECK_EQ(transport_phase_of(p->s.t), TRANSPORT_REKEY);
	CHECK_EQ(transport_need(p->s.t), TRANSPORT_NEEDS_SIGNATURE);
	CHECK_EQ(transport_expects(p->s.t), 0);
	CHECK_EQ(transport_phase_of(p->c.t), TRANSPORT_REKEY);
	CHECK_EQ(transport_expects(p->c.t), MSG_KEX_ECDH_REPLY);
	p->s.keeps_quiet = false;
	pair_run(p);
	CHECK_EQ(transport_phase_of(p->s.t), TRANSPORT_READY);
	check_talk(p);
	pair_fini(p);
}

TEST(exchanges_come_when_they_are_due)
{
	struct pair *p = pair_init();

	p->c.cfg.rekey_bytes = 10000;
	p->s.cfg.rekey_ms = 3600 * 1000;
	pair_open(p);
	REQUIRE_EQ(transport_rekey(p->c.t, false, p->now), E_OK);
	REQUIRE_EQ(transport_rekey(p->s.t, false, p->now), E_OK);
	CHECK(p->c.t->kex == NULL && p->s.t->kex == NULL);
	for (int i = 0; i < 10; i++)
		check_talk(p);
	REQUIRE_EQ(transport_rekey(p->c.t, false, p->now), E_OK);
	CHECK(p->c.t->kex != NULL);
	pair_run(p);
	CHECK(p->c.t->kex == NULL);
	check_talk(p);
	CHECK_EQ(transport_deadline(p->c.t), UINT64_MAX);
	CHECK_EQ(transport_deadline(p->s.t), p->now + 3600 * 1000);
	p->now += 3600 * 1000;
	REQUIRE_EQ(transport_rekey(p->s.t, false, p->now), E_OK);
	CHECK_EQ(transport_deadline(p->s.t), p->now + 60 * 1000);
	CHECK(!transport_is_overdue(p->s.t, p->now + 59999));
	CHECK(transport_is_overdue(p->s.t, p->now + 60000));
	pair_run(p);
	CHECK(!transport_is_overdue(p->s.t, UINT64_MAX - 1));
	check_talk(p);
	pair_fini(p);
}

/* Nothing of an exchange stays, and an idle transport holds no packet memory. */
TEST(r7_many_exchanges_leave_nothing)
{
	struct pair *p = pair_init();

	p->c.is_cold = p->s.is_cold = true;
	pair_open(p);
	for (int i = 0; i < 200; i++) {
		p->c.trace[0] = p->s.trace[0] = '\0';
		rekey(p, i % 2 ? &p->c : &p->s);
		CHECK_EQ(pool_out(p->pool), 0);
		CHECK(p->c.t->out.hold.mem == NULL);
	}
	check_talk(p);
	pair_fini(p);
}

/* Bulk through the port in both directions, many packets a turn, with exchanges between. */
TEST(bulk_arrives_whole)
{
	struct pair *p = pair_init();

	pair_open(p);
	for (int round = 0; round < 6; round++) {
		struct span pieces[8];
		size_t n, sent = 0;
		struct side *from = round % 2 ? &p->c : &p->s, *to = round % 2 ? &p->s : &p->c;

		outbox_attach(transport_outbox(from->t), (struct span){p->hot, HOT_MAX});
		n = from->port.lend(from->port.ctx, 9, 32768, 5 * 32768 - 100, pieces, 8);
		REQUIRE_EQ(n, 5);
		for (size_t i = 0; i < n; i++) {
			uint8_t *at = from->port.lent(from->port.ctx);

			REQUIRE(at + 9 == pieces[i].ptr);
			memset(at, MSG_CHANNEL_DATA, 9 + pieces[i].len);
			REQUIRE_EQ(from->port.commit(from->port.ctx, 9 + pieces[i].len), E_OK);
			sent += 9 + pieces[i].len;
		}
		side_carry(from, to);
		REQUIRE_EQ(outbox_park(transport_outbox(from->t)), E_OK);
		pair_run(p);
		REQUIRE_EQ(to->err, E_OK);
		CHECK_EQ(to->log_len, sent);
		to->log_len = 0;
		if (round == 2)
			rekey(p, &p->s);
	}
	pair_fini(p);
}

/* What ssh -v prints and people grep for. */
TEST(traces_in_the_usual_words)
{
	static const char *const client[] = {"Local version string SSH-2.0-Sallyport_0.1\n",
		"Remote protocol version 2.0, remote software version Sallyport_0.1\n",
		"SSH2_MSG_KEXINIT sent\n", "SSH2_MSG_KEXINIT received\n",
		"kex: algorithm: curve25519-sha256\n", "kex: host key algorithm: ssh-ed25519\n",
		"kex: server->client cipher: aes128-ctr MAC: hmac-sha2-256 compression: none\n",
		"kex: client->server cipher: aes128-ctr MAC: hmac-sha2-256 compression: none\n",
		"expecting SSH2_MSG_KEX_ECDH_REPLY\n", "SSH2_MSG_KEX_ECDH_REPLY received\n",
		"Server host key: ssh-ed25519 SHA256:", "SSH2_MSG_NEWKEYS sent\n",
		"expecting SSH2_MSG_NEWKEYS\n", "SSH2_MSG_NEWKEYS received\n",
		"SSH2_MSG_EXT_INFO received\n",
		"kex_input_ext_info: server-sig-algs=<ssh-ed25519,rsa-sha2-512>\n"};
	struct pair *p = pair_init();

	pair_lists(p, all_kex[0], "aes128-ctr", "hmac-sha2-256", "ssh-ed25519");
	pair_open(p);
	for (size_t i = 0; i < sizeof(client) / sizeof(client[0]); i++) {
		harness_note("%s", client[i]);
		CHECK(strstr(p->c.trace, client[i]) != NULL);
	}
	CHECK(strstr(p->s.trace, "expecting SSH2_MSG_KEX_ECDH_INIT\n") != NULL);
	pair_fini(p);
}

/* R59: what the peer says about itself reaches no terminal as it is. */
TEST(r59_peer_text_is_escaped)
{
	static const char lines[] = "\x1b[2Jwelcome\r\nSSH-2.0-a\x1b]0;b\x07\r\n";
	struct pair *p = pair_init();

	REQUIRE_EQ(pair_start(p), E_OK);
	memcpy(p->c.in, lines, sizeof(lines) - 1);
	p->c.in_len = sizeof(lines) - 1;
	side_turn(p, &p->c);
	REQUIRE_EQ(p->c.err, E_OK);
	CHECK(strstr(p->c.trace, "banner line 1: \\x1b[2Jwelcome\n") != NULL);
	CHECK(strstr(p->c.trace, "remote software version a\\x1b]0;b\\x07\n") != NULL);
	CHECK(bytes_is(transport_peer_ident(p->c.t), "SSH-2.0-a\x1b]0;b\x07"));
	pair_fini(p);
}

/* One handshake, a packet, a re-exchange; every error must have come through some call. */
static bool run_poor(struct pair *p)
{
	enum err e = pair_start(p);

	if (e != E_OK)
		return false;
	pair_run(p);
	if (p->c.err != E_OK || p->s.err != E_OK)
		return false;
	e = transport_rekey(p->c.t, true, p->now);
	if (e == E_OK)
		e = side_send(&p->c, MSG_CHANNEL_DATA, 1, 3000);
	if (e != E_OK)
		return false;
	pair_run(p);
	return p->c.err == E_OK && p->s.err == E_OK;
}

/* R16, R43: the n-th allocation fails; the handshake ends in an error or works, never in between.
 */
TEST(r16_r43_transport_every_allocation_may_fail)
{
	unsigned n = 1, failures = 0;

	pair_host_key(PK_ED25519);
	for (;; n++) {
		struct pair *p = pair_init();
		bool worked, fired;

		harness_note("allocation %u", n);
		p->c.is_cold = p->s.is_cold = n % 2;
		failalloc_arm(n);
		worked = run_poor(p);
		fired = failalloc_disarm();
		if (!worked) {
			failures++;
			CHECK(fired);
			/* Whoever failed says why. */
			if (p->c.err != E_OK && p->c.err != E_AGAIN)
				CHECK(p->c.fault.err == E_OK || p->c.fault.text[0] != '\0');
		} else {
			CHECK(side_got(&p->s, MSG_CHANNEL_DATA, 1, 3000));
			CHECK_EQ(transport_phase_of(p->s.t), TRANSPORT_READY);
		}
		pair_fini(p);
		if (!fired)
			break;
	}
	CHECK(n > 20);
	CHECK(failures >= n - 5); /* a few are optional, none is ignored */
}

/* A pool with no budget left is an end with a reason, too. */
TEST(a_pool_that_is_spent)
{
	for (size_t budget = POOL_SMALL; budget < 8 * POOL_MEDIUM; budget += POOL_SMALL) {
		struct pair *p = pair_init();

		pool_free(p->pool);
		p->pool = pool_new(budget);
		p->c.cfg.pool = p->s.cfg.pool = p->pool;
		p->c.is_cold = p->s.is_cold = true;
		if (run_poor(p))
			CHECK(side_got(&p->s, MSG_CHANNEL_DATA, 1, 3000));
		else
			CHECK(budget < 4 * POOL_MEDIUM);
		pair_fini(p);
	}
}
