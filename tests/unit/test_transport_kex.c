/* SPDX-License-Identifier: ISC */
/* Values and lists of a peer that are wrong, in each message of an exchange. */
#include "transport_hostile.h"

/* R55, CVE-2023-28113, RFC 8731 3. */
TEST(r55_cve_2023_28113_bad_public_values_end_the_exchange)
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
TEST(r43_cve_2025_26465_only_one_verdict_is_good)
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
