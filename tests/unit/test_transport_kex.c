/* SPDX-License-Identifier: ISC */
/* What a peer may do wrong in an exchange, and what it may do that ours never does. */
#include "transport_pair.h"

static const char *const lists_client[KEXINIT_LISTS] = {
	"curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com", "ssh-ed25519",
	"aes128-gcm@openssh.com", "aes128-gcm@openssh.com", "", "", "none", "none", "", ""};

/* The same with other names first. */
static void change(const char *to[static KEXINIT_LISTS], enum kexinit_list which, const char *list)
{
	memcpy(to, lists_client, sizeof(lists_client));
	to[which] = list;
}

/* Sends what goes out of turn, as one who has the keys in force. */
static void inject(struct side *x, const uint8_t *payload, size_t len)
{
	struct writer w;
	bool was_holding = x->t->out.is_holding;

	x->t->out.is_holding = false;
	REQUIRE_EQ(x->port.begin(x->port.ctx, len, &w), E_OK);
	wr_raw(&w, bytes_of(payload, len));
	REQUIRE_EQ(x->port.end(x->port.ctx, &w), E_OK);
	x->t->out.is_holding = was_holding;
}

static void inject_msg(struct side *x, uint8_t msg)
{
	uint8_t payload[] = {msg, 0, 0, 0, 0};

	inject(x, payload, msg == MSG_NEWKEYS ? 1 : sizeof(payload));
}

/* The client's init with this public value. */
static void inject_init(struct side *x, const uint8_t *value, size_t len)
{
	uint8_t payload[300] = {MSG_KEX_ECDH_INIT};

	store_be32(payload + 1, (uint32_t)len);
	memcpy(payload + 5, value, len);
	inject(x, payload, 5 + len);
}

/* Both have started and the server has the client's KEXINIT; what the client would answer is kept
 * from it. */
static struct pair *server_after_kexinit(const char *kex)
{
	struct pair *p = pair_init();

	pair_lists(p, kex, all_suites[0].cipher, "", "ssh-ed25519");
	REQUIRE_EQ(pair_start(p), E_OK);
	side_carry(&p->c, &p->s);
	side_turn(p, &p->s);
	REQUIRE_EQ(p->s.err, E_OK);
	REQUIRE_EQ(transport_expects(p->s.t), MSG_KEX_ECDH_INIT);
	return p;
}

static void deliver(struct pair *p, struct side *from, struct side *to)
{
	side_carry(from, to);
	side_turn(p, to);
}

static void check_end(struct side *x, enum err e, uint32_t code)
{
	CHECK_EQ(x->err, e);
	CHECK_EQ(x->fault.err, e);
	CHECK_EQ(x->fault.code, code);
	CHECK(x->fault.text[0] != '\0');
}

/* R55, CVE-2023-28113, RFC 8731 3. */
TEST(cve_2023_28113_bad_public_values_end_the_exchange)
{
	static const uint8_t zeros[256], order_one[32] = {1};

	for (int k = 0; k < KEX_COUNT; k++) {
		size_t len = exchange_alg_find(bytes_str(all_kex[k]))->pub_len;
		const size_t lens[] = {0, 1, len - 1, len, len + 1, 200};

		for (int i = 0; i < 6; i++) {
			struct pair *p = server_after_kexinit(all_kex[k]);

			harness_note("%s %zu", all_kex[k], lens[i]);
			inject_init(&p->c, zeros, lens[i]);
			deliver(p, &p->c, &p->s);
			check_end(&p->s, E_VALUE, DISCONNECT_KEX_FAILED);
			CHECK_EQ(transport_need(p->s.t), TRANSPORT_NEEDS_NOTHING);
			CHECK_EQ(transport_session_id(p->s.t).len, 0);
			pair_fini(p);
		}
	}
	{
		struct pair *p = server_after_kexinit(all_kex[0]);

		inject_init(&p->c, order_one, 32);
		deliver(p, &p->c, &p->s);
		check_end(&p->s, E_VALUE, DISCONNECT_KEX_FAILED);
		pair_fini(p);
	}
}

TEST(malformed_inits_end_the_exchange)
{
	static const uint8_t cases[][40] = {{30}, {30, 0, 0, 0}, {30, 0, 0, 0, 32, 1},
		{30, 0xff, 0xff, 0xff, 0xff, 1}, {30, 0, 0, 0, 32}};
	static const size_t lens[] = {1, 4, 6, 20, 38};

	for (int i = 0; i < 5; i++) {
		struct pair *p = server_after_kexinit(all_kex[0]);

		inject(&p->c, cases[i], lens[i]);
		deliver(p, &p->c, &p->s);
		check_end(&p->s, E_FORMAT, DISCONNECT_PROTOCOL_ERROR);
		pair_fini(p);
	}
}

/* A man in the middle: the server's reply with one byte changed, at every byte of it. All of it is
 * signed or the signature. */
TEST(any_change_of_the_reply_is_noticed)
{
	for (size_t at = 1, len = 2; at < len; at++) {
		struct pair *p = pair_init();
		struct span payload = {NULL, 0};
		size_t used = 0;
		struct fault f = {.err = E_OK};

		harness_note("byte %zu", at);
		REQUIRE_EQ(pair_start(p), E_OK);
		deliver(p, &p->s, &p->c);
		deliver(p, &p->c, &p->s);
		REQUIRE_EQ(side_carry(&p->s, &p->c) > 0, true);
		REQUIRE_EQ(transport_next(p->c.t, (struct span){p->c.in, p->c.in_len}, &used,
				   &payload, &f),
			E_OK);
		REQUIRE_EQ(payload.ptr[0], MSG_KEX_ECDH_REPLY);
		len = payload.len;
		payload.ptr[at] ^= 0x20;
		CHECK(transport_handle(p->c.t, bytes_of(payload.ptr, payload.len), p->now, &f) !=
			E_OK);
		CHECK(f.text[0] != '\0');
		CHECK_EQ(transport_need(p->c.t), TRANSPORT_NEEDS_NOTHING);
		CHECK(!transport_is_open(p->c.t));
		pair_fini(p);
	}
}

TEST(a_bad_signature_is_no_signature)
{
	struct pair *p = pair_init();

	p->s.spoils_signature = true;
	REQUIRE_EQ(pair_start(p), E_OK);
	pair_run(p);
	check_end(&p->c, E_SIG, DISCONNECT_KEX_FAILED);
	CHECK_EQ(transport_need(p->c.t), TRANSPORT_NEEDS_NOTHING);
	pair_fini(p);
}

/* R43, CVE-2025-26465: whatever is not the one good verdict is a refusal. */
TEST(cve_2025_26465_only_one_verdict_is_good)
{
	static const int verdicts[] = {VERDICT_BAD, 0, 1, -1, E_NOMEM, VERDICT_GOOD + 1};

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		struct pair *p = pair_init();

		p->c.verdict = (enum verdict)verdicts[i];
		REQUIRE_EQ(pair_start(p), E_OK);
		pair_run(p);
		check_end(&p->c, E_HOSTKEY, DISCONNECT_HOST_KEY_NOT_VERIFIABLE);
		CHECK(!transport_is_open(p->c.t));
		CHECK_EQ(transport_phase_of(p->s.t), TRANSPORT_KEX);
		pair_fini(p);
	}
}

TEST(the_host_key_is_of_the_type_agreed_on)
{
	struct pair *p = pair_init();

	p->s.cfg.hostkeys[0].blob = pair_host_key(PK_ECDSA_256).blob;
	REQUIRE_EQ(pair_start(p), E_OK);
	pair_run(p);
	check_end(&p->c, E_VALUE, DISCONNECT_KEX_FAILED);
	pair_fini(p);
}

TEST(the_host_key_must_stay_the_same)
{
	struct pair *p = pair_init();

	p->s.cfg.hostkeys[1] = pair_host_key(PK_ECDSA_256);
	p->s.cfg.hostkey_count = 2;
	snprintf(p->s.host_key_algs, LIST_MAX, "%s", "ssh-ed25519,ecdsa-sha2-nistp256");
	pair_open(p);
	snprintf(p->c.host_key_algs, LIST_MAX, "%s", "ecdsa-sha2-nistp256");
	REQUIRE_EQ(transport_rekey(p->c.t, true, p->now), E_OK);
	pair_run(p);
	check_end(&p->c, E_HOSTKEY, DISCONNECT_HOST_KEY_NOT_VERIFIABLE);
	pair_fini(p);
}

/* The same RSA key by its other algorithm is fine, and nobody is asked again. */
TEST(the_algorithm_may_change_with_the_same_host_key)
{
	struct pair *p = pair_init();
	struct transport_names n;

	p->s.cfg.hostkeys[0] = pair_host_key(PK_RSA);
	pair_lists(p, all_kex[0], all_suites[0].cipher, "", "rsa-sha2-256");
	pair_open(p);
	pair_lists(p, all_kex[0], all_suites[0].cipher, "", "rsa-sha2-512");
	p->c.verdict = VERDICT_BAD; /* would be the answer if it were asked for */
	REQUIRE_EQ(transport_rekey(p->s.t, true, p->now), E_OK);
	pair_run(p);
	CHECK_EQ(p->c.err, E_OK);
	transport_names(p->c.t, &n);
	CHECK_STR(n.host_key, "rsa-sha2-512");
	pair_fini(p);
}

TEST(a_host_key_that_cannot_sign_is_an_end)
{
	struct pair *p = server_after_kexinit(all_kex[0]);
	struct fault f = {.err = E_OK};

	p->s.keeps_quiet = true;
	deliver(p, &p->s, &p->c);
	deliver(p, &p->c, &p->s);
	REQUIRE_EQ(transport_need(p->s.t), TRANSPORT_NEEDS_SIGNATURE);
	CHECK_EQ(transport_answer_verdict(p->s.t, VERDICT_GOOD, p->now, &f), E_STATE);
	CHECK_EQ(transport_answer_signature(p->s.t, bytes_of(NULL, 0), p->now, &f), E_CRYPTO);
	CHECK_EQ(f.code, DISCONNECT_KEX_FAILED);
	pair_fini(p);
}

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
TEST(cve_2016_10708_every_other_exchange_message_is_refused)
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
TEST(cve_2023_48795_kexinit_must_be_the_first_packet)
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
TEST(cve_2023_48795_markers_cannot_be_taken_out)
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
TEST(a_late_marker_means_nothing)
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

TEST(cve_2023_1667_wrong_guesses_are_dropped_once)
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
TEST(cve_2025_8277_guesses_in_every_exchange)
{
	struct pair *p = pair_init();
	static const uint8_t guess[] = {MSG_KEX_FIRST + 4, 1, 2, 3};
	uint8_t kexinit[600];
	struct bytes sent;

	side_lists(&p->s, "curve25519-sha256,ecdh-sha2-nistp256", all_suites[0].cipher, "",
		"ssh-ed25519");
	pair_open(p);
	pair_lists(
		p, "ecdh-sha2-nistp256,curve25519-sha256", all_suites[0].cipher, "", "ssh-ed25519");
	side_lists(&p->s, "curve25519-sha256,ecdh-sha2-nistp256", all_suites[0].cipher, "",
		"ssh-ed25519");
	for (int round = 0; round < 50; round++) {
		uint32_t seq = p->c.t->out.packet.seq;
		struct cipher_keys keys;
		struct cipher *again;

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
	pair_fini(p);
}

TEST(no_algorithm_in_common_says_what_they_offer)
{
	struct pair *p = pair_init();

	side_lists(&p->s, all_kex[0], "aes256-ctr", "hmac-sha2-256", "ssh-ed25519");
	REQUIRE_EQ(pair_start(p), E_OK);
	pair_run(p);
	check_end(&p->c, E_NOALG, DISCONNECT_KEX_FAILED);
	CHECK_STR(p->c.fault.text, "no matching cipher found. Their offer: aes256-ctr");
	check_end(&p->s, E_NOALG, DISCONNECT_KEX_FAILED);
	CHECK(strstr(p->c.trace, "our ciphers: aes128-gcm@openssh.com\n") != NULL);
	pair_fini(p);
}

TEST(a_server_without_host_keys_has_nothing_in_common)
{
	struct pair *p = pair_init();

	p->s.cfg.hostkey_count = 0;
	REQUIRE_EQ(pair_start(p), E_OK);
	pair_run(p);
	check_end(&p->c, E_NOALG, DISCONNECT_KEX_FAILED);
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

TEST(packets_before_login_have_the_small_cap)
{
	static uint8_t big[LIMIT_PACKET_LOGIN + 100] = {MSG_IGNORE};
	struct pair *p = pair_init();

	pair_open(p);
	inject(&p->c, big, sizeof(big));
	deliver(p, &p->c, &p->s);
	check_end(&p->s, E_LIMIT, DISCONNECT_MAC_ERROR);
	pair_fini(p);
	p = pair_init();
	pair_open(p);
	transport_set_max_packet(p->s.t, UINT32_MAX);
	CHECK_EQ(p->s.t->in.max_length, LIMIT_PACKET_OPEN);
	inject(&p->c, big, sizeof(big));
	deliver(p, &p->c, &p->s);
	CHECK_EQ(p->s.err, E_OK);
	CHECK_EQ(p->s.log_len, sizeof(big));
	pair_fini(p);
}

TEST(malformed_ext_info_is_an_end)
{
	static const uint8_t bad[] = {MSG_EXT_INFO, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
	struct pair *p = pair_init();

	pair_open(p);
	inject(&p->s, bad, sizeof(bad));
	deliver(p, &p->s, &p->c);
	check_end(&p->c, E_SHORT, DISCONNECT_PROTOCOL_ERROR);
	pair_fini(p);
}

TEST(a_later_ext_info_replaces_the_list)
{
	struct pair *p = pair_init();
	uint8_t mem[200];
	struct writer w;

	pair_open(p);
	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u8(&w, MSG_EXT_INFO);
	wr_u32(&w, 1);
	wr_cstring(&w, "server-sig-algs");
	wr_cstring(&w, "rsa-sha2-256");
	inject(&p->s, wr_bytes(&w).ptr, wr_bytes(&w).len);
	deliver(p, &p->s, &p->c);
	CHECK_EQ(p->c.err, E_OK);
	CHECK(bytes_is(transport_peer_sig_algs(p->c.t), "rsa-sha2-256"));
	CHECK((transport_peer_ext(p->c.t) & TRANSPORT_EXT_PING) != 0);
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
