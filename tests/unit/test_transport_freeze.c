/* SPDX-License-Identifier: ISC */
/* A transport goes on as an equal one from what freeze wrote, at every step; and what did not come
 * from freeze does no harm. */
#include "transport_pair.h"

#include "wire/reader.h"

#include "failalloc.h"

static uint8_t frozen[1 << 20];

static enum err freeze(struct pair *p, struct side *x, size_t *len)
{
	struct writer w;
	enum err e;

	wr_init(&w, (struct span){frozen, sizeof(frozen)});
	e = transport_freeze(x->t, p->now, &w);
	*len = wr_bytes(&w).len;
	return e;
}

/* Puts a thawed one in the side's place; its clock is another. */
static void move(struct pair *p, struct side *x)
{
	struct transport *old = x->t;
	struct reader r;
	size_t len;

	REQUIRE_EQ(freeze(p, x, &len), E_OK);
	rd_init(&r, bytes_of(frozen, len));
	p->now += 1000000;
	REQUIRE_EQ(transport_thaw(&x->cfg, &r, p->now, &x->t), E_OK);
	CHECK(rd_end(&r));
	transport_free(old);
	transport_port(x->t, &x->port);
}

static void check_same(struct transport *a, struct transport *b)
{
	struct transport_names n, m;

	transport_names(a, &n);
	transport_names(b, &m);
	CHECK_STR(n.kex, m.kex);
	CHECK_STR(n.host_key, m.host_key);
	CHECK_STR(n.cipher_in, m.cipher_in);
	CHECK_STR(n.cipher_out, m.cipher_out);
	CHECK_STR(n.mac_in, m.mac_in);
	CHECK_STR(n.mac_out, m.mac_out);
	CHECK_BYTES(transport_session_id(a), transport_session_id(b));
	CHECK_BYTES(transport_host_key(a), transport_host_key(b));
	CHECK_BYTES(transport_peer_ident(a), transport_peer_ident(b));
	CHECK_BYTES(transport_peer_sig_algs(a), transport_peer_sig_algs(b));
	CHECK_EQ(transport_peer_ext(a), transport_peer_ext(b));
	CHECK_EQ(transport_is_strict(a), transport_is_strict(b));
	CHECK_EQ(transport_last_seq(a), transport_last_seq(b));
	CHECK_EQ(a->in.seq, b->in.seq);
	CHECK_EQ(a->in.bytes, b->in.bytes);
	CHECK_EQ(a->in.max_length, b->in.max_length);
	CHECK_EQ(a->out.packet.seq, b->out.packet.seq);
	CHECK_EQ(a->out.packet.packets, b->out.packet.packets);
	CHECK_EQ(a->out.packet.blocks, b->out.packet.blocks);
	CHECK_EQ(outbox_len(&a->out.outbox), outbox_len(&b->out.outbox));
	CHECK_EQ(transport_phase_of(a), transport_phase_of(b));
}

static struct pair *opened(const struct suite *suite)
{
	struct pair *p = pair_init();

	harness_note("%s %s", suite->cipher, suite->mac);
	pair_lists(p, all_kex[0], suite->cipher, suite->mac, "ssh-ed25519");
	p->s.is_cold = p->c.is_cold = true;
	pair_open(p);
	return p;
}

TEST(everything_is_carried)
{
	for (int i = 0; i < SUITE_COUNT; i++) {
		struct pair *p = opened(&all_suites[i]);
		struct side *sides[] = {&p->c, &p->s};

		transport_set_max_packet(p->c.t, LIMIT_PACKET_OPEN);
		REQUIRE_EQ(
			side_send(&p->c, MSG_CHANNEL_DATA, 1, 700), E_OK); /* stays in the outbox */
		for (int k = 0; k < 2; k++) {
			struct transport *again;
			struct reader r;
			size_t len;

			REQUIRE_EQ(freeze(p, sides[k], &len), E_OK);
			rd_init(&r, bytes_of(frozen, len));
			REQUIRE_EQ(transport_thaw(&sides[k]->cfg, &r, p->now, &again), E_OK);
			CHECK(rd_end(&r));
			check_same(sides[k]->t, again);
			transport_free(again);
		}
		pair_fini(p);
	}
}

/* Data, replies and exchanges; either side is moved after every single byte that arrives. */
TEST(moved_at_every_byte)
{
	static uint8_t wire[IN_MAX];

	for (int i = 0; i < SUITE_COUNT; i++)
		for (int way = 0; way < 2; way++) {
			struct pair *p = opened(&all_suites[i]);
			struct side *from = way ? &p->c : &p->s, *to = way ? &p->s : &p->c;

			for (int round = 0; round < 2; round++) {
				size_t len;

				REQUIRE_EQ(side_send(from, MSG_CHANNEL_DATA, 1, 10), E_OK);
				REQUIRE_EQ(side_send(from, MSG_CHANNEL_DATA, 2, 70), E_OK);
				move(p, from); /* with output waiting */
				len = side_carry(from, to);
				memcpy(wire, to->in, len);
				to->in_len = 0;
				for (size_t n = 0; n < len; n++) {
					to->in[to->in_len++] = wire[n];
					side_turn(p, to);
					REQUIRE_STR(to->fault.text, "");
					move(p, to);
				}
				CHECK(side_got(to, MSG_CHANNEL_DATA, 1, 10));
				CHECK(side_got(to, MSG_CHANNEL_DATA, 2, 70));
				REQUIRE_EQ(transport_rekey(round ? from->t : to->t, true, p->now),
					E_OK);
				pair_run(p);
				REQUIRE_STR(p->c.fault.text, "");
				REQUIRE_STR(p->s.fault.text, "");
				CHECK(p->c.t->kex == NULL);
			}
			pair_fini(p);
		}
}

/* E_AGAIN exactly while an exchange is open, byte by byte through one. */
TEST(not_while_an_exchange_is_open)
{
	struct pair *p = pair_init();
	bool moves = true;
	size_t len, refused = 0, taken = 0;

	p->s.is_cold = p->c.is_cold = true;
	p->c.step = p->s.step = 1;
	REQUIRE_EQ(pair_start(p), E_OK);
	CHECK_EQ(freeze(p, &p->c, &len), E_AGAIN);
	pair_run(p);
	REQUIRE_EQ(transport_rekey(p->c.t, true, p->now), E_OK);
	while (moves) {
		struct side *sides[] = {&p->c, &p->s};

		moves = false;
		for (int i = 0; i < 2; i++) {
			moves |= side_carry(sides[i], sides[1 - i]) > 0;
			while (sides[1 - i]->in_len > 0 || transport_need(sides[1 - i]->t) != 0) {
				if (!side_step(p, sides[1 - i], sides[1 - i]->in_len))
					break;
				moves = true;
				for (int k = 0; k < 2; k++) {
					bool is_open = sides[k]->t->kex != NULL;
					enum err e = freeze(p, sides[k], &len);

					CHECK_EQ(e, is_open ? E_AGAIN : E_OK);
					refused += e == E_AGAIN;
					taken += e == E_OK;
				}
			}
		}
	}
	CHECK(refused > 3 && taken > 0);
	REQUIRE_STR(p->c.fault.text, "");
	CHECK(p->c.t->kex == NULL && p->s.t->kex == NULL);
	move(p, &p->c);
	move(p, &p->s);
	REQUIRE_EQ(side_send(&p->c, MSG_CHANNEL_DATA, 3, 33), E_OK);
	pair_run(p);
	CHECK(side_got(&p->s, MSG_CHANNEL_DATA, 3, 33));
	pair_fini(p);
}

/* The moved one still knows whose host key it must be. */
TEST(the_host_key_is_still_pinned)
{
	struct pair *p = opened(&all_suites[0]);

	move(p, &p->c);
	p->s.cfg.hostkeys[0] = pair_host_key(PK_ECDSA_384);
	p->s.t->cfg.hostkeys[0] = p->s.cfg.hostkeys[0];
	pair_lists(p, all_kex[0], all_suites[0].cipher, "", "ecdsa-sha2-nistp384");
	REQUIRE_EQ(transport_rekey(p->s.t, true, p->now), E_OK);
	pair_run(p);
	CHECK_EQ(p->c.err, E_HOSTKEY);
	pair_fini(p);
}

TEST(time_goes_on)
{
	struct pair *p = pair_init();

	p->c.cfg.rekey_ms = 50000;
	pair_open(p);
	p->now += 20000;
	REQUIRE_EQ(transport_deadline(p->c.t), p->now + 30000);
	move(p, &p->c);
	CHECK_EQ(transport_deadline(p->c.t), p->now + 30000);
	p->now += 40000; /* over */
	move(p, &p->c);
	CHECK_EQ(transport_deadline(p->c.t), p->now);
	p->c.cfg.rekey_ms = 10; /* the new process has its own settings */
	p->c.t->rekey.due_ms = p->now + 5000;
	move(p, &p->c);
	CHECK_EQ(transport_deadline(p->c.t), p->now + 10);
	p->c.cfg.rekey_ms = 0;
	move(p, &p->c);
	CHECK_EQ(transport_deadline(p->c.t), UINT64_MAX);
	pair_fini(p);
}

/* A long backlog in many chunks. */
TEST(any_backlog_is_carried)
{
	struct pair *p = opened(&all_suites[0]);

	for (int i = 0; i < 45; i++)
		REQUIRE_EQ(side_send(&p->c, MSG_CHANNEL_DATA, (uint8_t)i, 20000), E_OK);
	move(p, &p->c);
	pair_run(p);
	for (int i = 0; i < 45; i++)
		CHECK(side_got(&p->s, MSG_CHANNEL_DATA, (uint8_t)i, 20000));
	pair_fini(p);
}

TEST(room_that_is_too_small_is_told)
{
	struct pair *p = opened(&all_suites[5]);
	struct writer w;
	size_t len;

	REQUIRE_EQ(freeze(p, &p->s, &len), E_OK);
	for (size_t n = 0; n < len; n += 7) {
		wr_init(&w, (struct span){frozen, n});
		CHECK_EQ(transport_freeze(p->s.t, p->now, &w), E_LIMIT);
	}
	pair_fini(p);
}

/* What may come of frozen bytes that were tampered with: a refusal, or a transport that is whole.
 */
static void try(struct pair *p, struct side *x, const uint8_t *data, size_t len)
{
	struct transport *t = NULL;
	struct pk *key = NULL;
	struct reader r;
	enum err e;
	struct transport_names n;

	rd_init(&r, bytes_of(data, len));
	e = transport_thaw(&x->cfg, &r, p->now, &t);
	CHECK_EQ(e == E_OK, t != NULL);
	if (e != E_OK)
		return;
	transport_names(t, &n);
	CHECK(n.kex[0] != '\0' && n.cipher_in[0] != '\0' && n.cipher_out[0] != '\0');
	CHECK(pubkey_from_blob(transport_host_key(t), &key) == E_OK);
	pk_free(key);
	CHECK(transport_session_id(t).len >= 32);
	CHECK(transport_session_id(t).len % 16 == 0);
	CHECK(transport_peer_ext(t) < 16);
	CHECK(t->in.max_length >= LIMIT_PACKET_LOGIN && t->in.max_length <= LIMIT_PACKET_OPEN);
	CHECK(transport_peer_ident(t).len > 8);
	CHECK_EQ(transport_phase_of(t), TRANSPORT_READY);
	transport_free(t);
}

TEST(every_cut_is_refused)
{
	for (int i = 0; i < SUITE_COUNT; i++) {
		struct pair *p = opened(&all_suites[i]);
		size_t len;

		REQUIRE_EQ(side_send(&p->c, MSG_CHANNEL_DATA, 1, 50), E_OK);
		REQUIRE_EQ(freeze(p, &p->c, &len), E_OK);
		for (size_t n = 0; n < len; n++) {
			struct transport *t = NULL;
			struct reader r;

			rd_init(&r, bytes_of(frozen, n));
			CHECK(transport_thaw(&p->c.cfg, &r, p->now, &t) != E_OK);
		}
		pair_fini(p);
	}
}

TEST(hostile_bytes_do_no_harm)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	for (int i = 0; i < SUITE_COUNT; i += 2) {
		struct pair *p = opened(&all_suites[i]);
		size_t len;

		REQUIRE_EQ(side_send(&p->s, MSG_CHANNEL_DATA, 1, 20), E_OK);
		REQUIRE_EQ(freeze(p, &p->s, &len), E_OK);
		for (size_t at = 0; at < len; at++)
			for (size_t k = 0; k < sizeof(values); k++) {
				uint8_t was = frozen[at];

				frozen[at] = values[k];
				try(p, &p->s, frozen, len);
				frozen[at] = was;
			}
		pair_fini(p);
	}
}

/* The fields that must be what they are, each broken alone. */
TEST(wrong_role_form_and_strictness_are_refused)
{
	struct pair *p = opened(&all_suites[2]); /* chacha20: needs strict */
	struct transport *t = NULL;
	struct reader r;
	size_t len;

	REQUIRE_EQ(freeze(p, &p->c, &len), E_OK);
	rd_init(&r, bytes_of(frozen, len));
	CHECK_EQ(transport_thaw(&p->s.cfg, &r, p->now, &t), E_FORMAT);
	for (size_t at = 0; at < 3; at++) {
		uint8_t was = frozen[at];

		for (int v = 0; v < 256; v++) {
			frozen[at] = (uint8_t)v;
			rd_init(&r, bytes_of(frozen, len));
			if (v != was)
				CHECK_EQ(transport_thaw(&p->c.cfg, &r, p->now, &t), E_FORMAT);
		}
		frozen[at] = was;
	}
	pair_fini(p);
}

TEST(a_session_id_is_a_hash)
{
	static const size_t lens[] = {0, 1, 31, 33, 47, 63};
	struct pair *p = opened(&all_suites[0]);
	struct transport *t = NULL;
	struct reader r;
	size_t len;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		p->c.t->session_id_len = lens[i];
		REQUIRE_EQ(freeze(p, &p->c, &len), E_OK);
		rd_init(&r, bytes_of(frozen, len));
		CHECK_EQ(transport_thaw(&p->c.cfg, &r, p->now, &t), E_FORMAT);
	}
	pair_fini(p);
}

TEST(every_allocation_may_fail)
{
	for (unsigned n = 1;; n++) {
		struct pair *p = opened(&all_suites[5]);
		struct transport *t = NULL;
		struct reader r;
		struct writer w;
		bool fired;
		enum err e;

		REQUIRE_EQ(side_send(&p->c, MSG_CHANNEL_DATA, 1, 50), E_OK);
		wr_init(&w, (struct span){frozen, sizeof(frozen)});
		failalloc_arm(n);
		e = transport_freeze(p->c.t, p->now, &w);
		if (e == E_OK) {
			rd_init(&r, wr_bytes(&w));
			e = transport_thaw(&p->c.cfg, &r, p->now, &t);
		}
		fired = failalloc_disarm();
		CHECK_EQ(e != E_OK, fired);
		CHECK_EQ(e == E_OK, t != NULL);
		transport_free(t);
		pair_fini(p);
		if (!fired)
			break;
		CHECK(n < 100);
	}
}
