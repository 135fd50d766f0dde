/* SPDX-License-Identifier: ISC */
/* Messages of an exchange where they do not belong, the markers of strict key exchange, guesses. */
#include "transport_hostile.h"

#include <malloc.h>

/* Ten thousand wrong guesses; a sanitizer sees one that leaks at once. */
#ifdef __SANITIZE_ADDRESS__
enum { GUESSES = 200 };
#else
enum { GUESSES = 10 * 1000 };
#endif

TEST(nothing_is_taken_while_a_question_is_open)
{
	struct pair *p = server_after_kexinit(all_kex[0]);
	struct span payload;
	struct fault f = {.err = E_OK};
	size_t used;

	p->s.keeps_quiet = true;
	deliver(p, &p->s, &p->c);
	deliver(p, &p->c, &p->s);
	CHECK_EQ(transport_expects(p->s.t), 0);
	CHECK_EQ(transport_next(p->s.t, (struct span){p->s.in, 0}, &used, &payload, &f), E_STATE);
	CHECK_EQ(transport_handle(p->s.t, bytes_str("\x15"), p->now, &f), E_STATE);
	pair_fini(p);
}

/* R3, R6, R38, CVE-2016-10708, CVE-2025-14942: at each step exactly one number. */
TEST(r3_r6_r38_cve_2016_10708_cve_2025_14942_cve_2016_8858_every_other_exchange_message_is_refused)
{
	for (int msg = MSG_KEXINIT; msg <= MSG_KEX_LAST; msg++)
		for (int step = 0; step < 4; step++) {
			struct pair *p = pair_init();
			struct side *to = step == 0 || step == 2 ? &p->s : &p->c;
			struct side *from = to == &p->s ? &p->c : &p->s;
			uint8_t expected;

			harness_note("message %d step %d", msg, step);
			REQUIRE_EQ(pair_start(p), E_OK);
			p->c.t->cfg.trace = p->s.t->cfg.trace = NULL;
			switch (step) {
			case 0: /* server awaits the init */
				deliver(p, from, to);
				break;
			case 1: /* client awaits the reply */
				deliver(p, from, to);
				break;
			case 2: /* server awaits NEWKEYS */
				deliver(p, &p->s, &p->c);
				deliver(p, &p->c, &p->s);
				break;
			default: /* client, keys in force: only a new KEXINIT */
				pair_run(p);
				break;
			}
			expected = transport_expects(to->t);
			if (msg == expected) {
				pair_fini(p);
				continue;
			}
			inject_msg(from, (uint8_t)msg);
			deliver(p, from, to);
			check_end(to, E_PROTO, DISCONNECT_PROTOCOL_ERROR);
			pair_fini(p);
		}
}

TEST(newkeys_carries_nothing)
{
	struct pair *p = pair_init();
	static const uint8_t newkeys[] = {MSG_NEWKEYS, 0};

	REQUIRE_EQ(pair_start(p), E_OK);
	deliver(p, &p->s, &p->c);
	deliver(p, &p->c, &p->s);
	inject(&p->c, newkeys, 2);
	deliver(p, &p->c, &p->s);
	check_end(&p->s, E_TRAILING, DISCONNECT_PROTOCOL_ERROR);
	pair_fini(p);
}

/* R4, Terrapin: a packet before KEXINIT shifts the numbers, so strict forbids it. */
TEST(r4_cve_2023_48795_kexinit_must_be_the_first_packet)
{
	for (int strict = 0; strict < 2; strict++) {
		struct pair *p = pair_init();
		const char *lists[KEXINIT_LISTS];
		static uint8_t kexinit[IN_MAX];
		size_t len;

		change(lists, KEXINIT_KEX,
			strict ? lists_client[KEXINIT_KEX] : "curve25519-sha256,ext-info-c");
		REQUIRE_EQ(pair_start(p), E_OK);
		side_offer_anew(&p->c, lists, false);
		side_carry(&p->c, &p->s);
		/* An IGNORE between the version line and the KEXINIT. */
		len = p->s.in_len - (sizeof(VERSION_OURS) + 1);
		memcpy(kexinit, p->s.in + p->s.in_len - len, len);
		p->s.in_len -= len;
		inject_msg(&p->c, MSG_IGNORE);
		side_carry(&p->c, &p->s);
		memcpy(p->s.in + p->s.in_len, kexinit, len);
		p->s.in_len += len;
		side_turn(p, &p->s);
		if (strict)
			check_end(&p->s, E_PROTO, DISCONNECT_PROTOCOL_ERROR);
		else
			CHECK_EQ(p->s.err, E_OK);
		pair_fini(p);
	}
}

/* The marker taken out on the way is noticed by the exchange hash. */
TEST(r4_cve_2023_48795_markers_cannot_be_taken_out)
{
	struct pair *p = pair_init();
	uint8_t *at;

	REQUIRE_EQ(pair_start(p), E_OK);
	side_carry(&p->s, &p->c);
	at = memmem(p->c.in, p->c.in_len, "kex-strict-s", 12);
	REQUIRE(at != NULL);
	at[0] = 'x';
	side_turn(p, &p->c);
	CHECK(!transport_is_strict(p->c.t));
	pair_run(p);
	check_end(&p->c, E_SIG, DISCONNECT_KEX_FAILED);
	pair_fini(p);
}

/* A peer that does not know strict key exchange: numbers run on, chacha20 is out. */
TEST(without_strict)
{
	struct pair *p = pair_init();
	const char *lists[KEXINIT_LISTS];
	struct transport_names n;

	memcpy(lists, lists_client, sizeof(lists));
	lists[KEXINIT_KEX] = "curve25519-sha256";
	lists[KEXINIT_CIPHER_CS] = lists[KEXINIT_CIPHER_SC] =
		"chacha20-poly1305@openssh.com,aes256-ctr";
	lists[KEXINIT_MAC_CS] = lists[KEXINIT_MAC_SC] = "hmac-sha2-256";
	pair_lists(p, "curve25519-sha256", "chacha20-poly1305@openssh.com,aes256-ctr",
		"hmac-sha2-256", "ssh-ed25519");
	REQUIRE_EQ(pair_start(p), E_OK);
	side_offer_anew(&p->c, lists, false);
	/* The client believes the server's marker; tell it what the server will do. */
	side_carry(&p->s, &p->c);
	side_turn(p, &p->c);
	REQUIRE_EQ(p->c.err, E_OK);
	p->c.t->is_strict = false;
	p->c.t->kex->choice.cs = p->c.t->kex->choice.sc = (struct kexinit_way){
		cipher_alg_find(bytes_str("aes256-ctr")), mac_alg_find(bytes_str("hmac-sha2-256"))};
	pair_run(p);
	REQUIRE_STR(p->c.fault.text, "");
	REQUIRE_STR(p->s.fault.text, "");
	CHECK(!transport_is_strict(p->s.t));
	transport_names(p->s.t, &n);
	CHECK_STR(n.cipher_in, "aes256-ctr");
	CHECK_STR(n.cipher_out, "aes256-ctr");
	CHECK_EQ(transport_peer_ext(p->c.t), 0); /* ext-info-c was not there: no EXT_INFO */
	CHECK_EQ(p->s.t->in.seq, 3);		 /* KEXINIT, INIT, NEWKEYS: not reset */
	CHECK_EQ(p->s.t->out.packet.seq, 3);
	REQUIRE_EQ(side_send(&p->c, MSG_CHANNEL_DATA, 1, 100), E_OK);
	REQUIRE_EQ(transport_rekey(p->c.t, true, p->now), E_OK);
	pair_run(p);
	CHECK(side_got(&p->s, MSG_CHANNEL_DATA, 1, 100));
	REQUIRE_STR(p->s.fault.text, "");
	CHECK_EQ(p->s.t->in.seq, 7);
	pair_fini(p);
}

/* R5: a marker that appears only in a later KEXINIT has no meaning. */
TEST(r5_cve_2025_46712_a_late_marker_means_nothing)
{
	struct pair *p = pair_init();
	uint32_t seq;

	pair_open(p);
	p->c.t->is_strict = p->s.t->is_strict = false; /* as if neither had offered it */
	pair_lists(p,
		"curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com,kex-strict-s-v00@"
		"openssh.com",
		all_suites[0].cipher, "", "ssh-ed25519");
	seq = p->c.t->in.seq;
	REQUIRE_EQ(transport_rekey(p->c.t, true, p->now), E_OK);
	pair_run(p);
	REQUIRE_STR(p->c.fault.text, "");
	CHECK(!transport_is_strict(p->c.t) && !transport_is_strict(p->s.t));
	CHECK_EQ(p->c.t->in.seq, seq + 3);
	pair_fini(p);
}

/* R7, RFC 4253 7: a wrong guess is dropped, exactly one packet, unseen. */
static void run_guess(const char *kex_list, bool is_wrong, size_t guesses)
{
	struct pair *p = pair_init();
	const char *lists[KEXINIT_LISTS];
	static const uint8_t guess[] = {MSG_KEX_ECDH_INIT, 'w', 'r', 'o', 'n', 'g'};

	change(lists, KEXINIT_KEX, kex_list);
	side_lists(&p->s, "curve25519-sha256,ecdh-sha2-nistp256", all_suites[0].cipher, "",
		"ssh-ed25519");
	REQUIRE_EQ(pair_start(p), E_OK);
	p->c.t->cfg.kex = "ecdh-sha2-nistp256,curve25519-sha256";
	side_offer_anew(&p->c, lists, true);
	for (size_t i = 0; i < guesses; i++)
		inject(&p->c, guess, sizeof(guess));
	side_carry(&p->c, &p->s);
	side_turn(p, &p->s);
	if (is_wrong && guesses == 1) {
		REQUIRE_STR(p->s.fault.text, "");
		CHECK_EQ(transport_expects(p->s.t), MSG_KEX_ECDH_INIT);
		pair_run(p);
		REQUIRE_STR(p->s.fault.text, "");
		CHECK_EQ(transport_phase_of(p->s.t), TRANSPORT_READY);
		REQUIRE_EQ(side_send(&p->c, MSG_CHANNEL_DATA, 5, 50), E_OK);
		pair_run(p);
		CHECK(side_got(&p->s, MSG_CHANNEL_DATA, 5, 50));
	} else if (guesses > 0) {
		check_end(&p->s, E_FORMAT, DISCONNECT_PROTOCOL_ERROR);
	}
	pair_fini(p);
}

TEST(r7_cve_2023_1667_wrong_guesses_are_dropped_once)
{
	static const char wrong[] = "ecdh-sha2-nistp256,ext-info-c,kex-strict-c-v00@openssh.com";
	static const char right[] = "curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com";

	run_guess(wrong, true, 1);
	run_guess(wrong, true, 2);  /* the second one counts */
	run_guess(right, false, 1); /* and so does a right one */
	for (int i = 0; i < 100; i++)
		run_guess(wrong, true, 1);
}

TEST(only_messages_of_the_exchange_are_dropped)
{
	struct pair *p = pair_init();
	const char *lists[KEXINIT_LISTS];

	change(lists, KEXINIT_KEX, "ecdh-sha2-nistp256,curve25519-sha256,ext-info-c");
	REQUIRE_EQ(pair_start(p), E_OK);
	side_offer_anew(&p->c, lists, true);
	deliver(p, &p->c, &p->s);
	CHECK(!transport_drops(p->s.t, MSG_DISCONNECT));
	CHECK(!transport_drops(p->s.t, MSG_NEWKEYS));
	CHECK(!transport_drops(p->s.t, MSG_USERAUTH_REQUEST));
	CHECK(transport_drops(p->s.t, MSG_KEX_LAST));
	CHECK(!transport_drops(p->s.t, MSG_KEX_FIRST));
	pair_fini(p);
}

/* A guess is announced in a re-exchange as well. */
TEST(r7_cve_2025_8277_guesses_in_every_exchange)
{
	struct pair *p = pair_init();
	static const uint8_t guess[] = {MSG_KEX_FIRST + 4, 1, 2, 3};
	uint8_t kexinit[600];
	struct bytes sent;
	size_t used_before = 0;

	side_lists(&p->s, "curve25519-sha256,ecdh-sha2-nistp256", all_suites[0].cipher, "",
		"ssh-ed25519");
	pair_open(p);
	pair_lists(
		p, "ecdh-sha2-nistp256,curve25519-sha256", all_suites[0].cipher, "", "ssh-ed25519");
	side_lists(&p->s, "curve25519-sha256,ecdh-sha2-nistp256", all_suites[0].cipher, "",
		"ssh-ed25519");
	for (int round = 0; round < GUESSES; round++) {
		uint32_t seq = p->c.t->out.packet.seq;
		struct cipher_keys keys;
		struct cipher *again;

		if (round == 1) /* what the first one makes is kept */
			used_before = mallinfo2().uordblks;
		/* The KEXINIT is sealed a second time with its flag set. */
		cipher_export(p->c.t->out.packet.cipher, &keys);
		again = cipher_new(
			CIPHER_SEAL, cipher_alg_of(p->c.t->out.packet.cipher), NULL, &keys);
		REQUIRE(again != NULL);
		REQUIRE_EQ(transport_rekey(p->c.t, true, p->now), E_OK);
		outbox_sent(transport_outbox(p->c.t), outbox_len(transport_outbox(p->c.t)));
		packet_out_rekey(&p->c.t->out.packet, again, false);
		p->c.t->out.packet.seq = seq;
		sent = buf_bytes(&p->c.t->kex->ours);
		REQUIRE(sent.len <= sizeof(kexinit));
		memcpy(kexinit, sent.ptr, sent.len);
		kexinit[sent.len - 5] = 1; /* first_kex_packet_follows */
		buf_consume(&p->c.t->kex->ours, sent.len);
		REQUIRE_EQ(kex_offer(p->c.t->kex, bytes_of(kexinit, sent.len)), E_OK);
		inject(&p->c, kexinit, sent.len);
		inject(&p->c, guess, sizeof(guess));
		p->c.trace[0] = p->s.trace[0] = '\0';
		pair_run(p);
		REQUIRE_STR(p->c.fault.text, "");
		REQUIRE_STR(p->s.fault.text, "");
		REQUIRE(p->c.t->kex == NULL && p->s.t->kex == NULL);
	}
	CHECK(mallinfo2().uordblks <= used_before + 4096);
	pair_fini(p);
}

TEST(the_sequence_may_not_wrap_in_the_first_exchange)
{
	struct pair *p = pair_init();
	struct span payload;
	struct fault f = {.err = E_OK};
	size_t used;

	REQUIRE_EQ(pair_start(p), E_OK);
	side_carry(&p->c, &p->s);
	REQUIRE_EQ(transport_next(p->s.t, (struct span){p->s.in, p->s.in_len}, &used, &payload, &f),
		E_OK);
	p->s.t->in.seq = 0xffffffff;
	CHECK_EQ(transport_next(p->s.t, (struct span){p->s.in + used, p->s.in_len - used}, &used,
			 &payload, &f),
		E_PROTO);
	CHECK_EQ(f.code, DISCONNECT_PROTOCOL_ERROR);
	pair_fini(p);
}

TEST(calls_in_the_wrong_state)
{
	struct pair *p = pair_init();
	struct fault f = {.err = E_OK};

	REQUIRE_EQ(pair_start(p), E_OK);
	CHECK_EQ(transport_start(p->c.t, p->now), E_STATE);
	CHECK_EQ(transport_rekey(p->c.t, true, p->now), E_OK); /* one is open already */
	CHECK_EQ(transport_answer_verdict(p->c.t, VERDICT_GOOD, p->now, &f), E_STATE);
	CHECK_EQ(transport_answer_signature(p->c.t, bytes_str("x"), p->now, &f), E_STATE);
	CHECK_EQ(transport_handle(p->c.t, bytes_of(NULL, 0), p->now, &f), E_STATE);
	CHECK_EQ(transport_hash(p->c.t).len, 0);
	CHECK_EQ(transport_phase_of(p->c.t), TRANSPORT_IDENT);
	CHECK_EQ(transport_expects(p->c.t), 0);
	pair_fini(p);
}
