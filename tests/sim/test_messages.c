/* SPDX-License-Identifier: ISC */
/*
 * Single messages to a live session, and word for word what it says to them: the messages of the
 * transport that carry words, answers to what is unknown, questions and answers out of turn.
 */
#include "session/session_impl.h"
#include "sim/pair.h"
#include "support/harness.h"
#include "wire/msgs.h"
#include "wire/reader.h"

static struct transport *transport_of(struct side *d)
{
	return (struct transport *)session_transport(d->s);
}

/* Says it, and has the victim take it. */
static void tell(struct pair *p, struct side *victim, struct side *from, struct bytes payload)
{
	pair_inject(from, payload);
	pair_turn(p, from, victim, 0);
	pair_turn(p, victim, from, from->queue_len);
}

/* The next message the speaker sent, opened with the listener's keys; empty when there is none. It
 * holds until the next call. */
static struct bytes next_said(struct side *listener, struct side *speaker)
{
	static uint8_t message[LIMIT_PACKET_OPEN];
	struct fault f = {0};
	struct span payload;
	size_t used;

	if (speaker->queue_len == 0)
		return bytes_of(message, 0);
	REQUIRE_EQ(transport_next(transport_of(listener),
			   (struct span){speaker->queue, speaker->queue_len}, &used, &payload, &f),
		E_OK);
	memcpy(message, payload.ptr, payload.len);
	memmove(speaker->queue, speaker->queue + used, speaker->queue_len - used);
	speaker->queue_len -= used;
	return bytes_of(message, payload.len);
}

/* Both logged in, and nothing on the way. */
static void open_pair(struct pair *p, uint64_t seed)
{
	struct pair_options o = {.seed = seed};

	pair_open(p, &o);
}

/* RFC 4253 11.4: the sequence number of the packet that was not understood. */
TEST(an_unknown_message_is_answered_by_its_sequence_number)
{
	static const uint8_t unknown[] = {150, 1, 2, 3};
	struct pair p;
	uint32_t first = 0;

	open_pair(&p, 1);
	for (uint32_t i = 0; i < 3; i++) {
		struct reader r;
		uint32_t seq;

		tell(&p, &p.server, &p.client, bytes_of(unknown, sizeof(unknown)));
		rd_init(&r, next_said(&p.client, &p.server));
		CHECK_EQ(rd_u8(&r), MSG_UNIMPLEMENTED);
		seq = rd_u32(&r);
		CHECK(rd_end(&r));
		CHECK_EQ(seq, transport_last_seq(transport_of(&p.server)));
		first = i == 0 ? seq : first;
		CHECK_EQ(seq, first + i);
		CHECK_EQ(p.server.queue_len, 0);
	}
	CHECK(!p.server.dead);
	pair_fini(&p);
}

TEST(a_ping_is_echoed)
{
	static uint8_t ping[5 + 1025] = {MSG_PING, 0, 0, 4, 0, 'h', 'e', 'y'};
	static uint8_t pong[5 + 1024] = {MSG_PONG, 0, 0, 4, 0, 'h', 'e', 'y'};
	static const uint8_t empty[] = {MSG_PING, 0, 0, 0, 0};
	static const uint8_t echo[] = {MSG_PONG, 0, 0, 0, 0};
	struct pair p;

	open_pair(&p, 2);
	tell(&p, &p.server, &p.client, bytes_of(ping, 5 + 1024));
	CHECK_BYTES(next_said(&p.client, &p.server), bytes_of(pong, 5 + 1024));
	tell(&p, &p.server, &p.client, bytes_of(empty, sizeof(empty)));
	CHECK_BYTES(next_said(&p.client, &p.server), bytes_of(echo, sizeof(echo)));
	CHECK(!p.server.dead);
	/* One byte more than is echoed. */
	ping[4] = 1;
	tell(&p, &p.server, &p.client, bytes_of(ping, 5 + 1025));
	CHECK(p.server.dead);
	CHECK_EQ(p.server.fault.err, E_PROTO);
	pair_fini(&p);
}

TEST(a_ping_must_end)
{
	static const uint8_t ping[] = {MSG_PING, 0, 0, 0, 1, 'x', 'y'};
	struct pair p;

	open_pair(&p, 3);
	tell(&p, &p.server, &p.client, bytes_of(ping, sizeof(ping)));
	CHECK(p.server.dead);
	CHECK_EQ(p.server.fault.code, DISCONNECT_PROTOCOL_ERROR);
	pair_fini(&p);
}

TEST(malformed_debug_ends_it)
{
	static const uint8_t whole[] = {MSG_DEBUG, 1, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0};

	for (size_t len = 1; len < sizeof(whole); len++) {
		struct pair p;

		open_pair(&p, 4);
		tell(&p, &p.client, &p.server, bytes_of(whole, len));
		CHECK(p.client.dead);
		pair_fini(&p);
	}
}

/* The events of one turn in which the victim takes what the other end has said. */
static size_t events_of(
	struct pair *p, struct side *victim, struct side *from, struct event *ev, size_t max)
{
	size_t n = 0;

	pair_turn(p, from, victim, 0);
	session_turn_begin(victim->s);
	memcpy(session_recv_room(victim->s).ptr, from->queue, from->queue_len);
	session_recv_done(victim->s, from->queue_len, p->now_ms);
	from->queue_len = 0;
	while (n < max && session_next(victim->s, p->now_ms, &ev[n]))
		n++;
	return n;
}

TEST(debug_is_told_after_login)
{
	static const uint8_t debug[] = {MSG_DEBUG, 1, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0};
	struct event ev[4];
	struct pair p;

	open_pair(&p, 5);
	pair_inject(&p.server, bytes_of(debug, sizeof(debug)));
	REQUIRE_EQ(events_of(&p, &p.client, &p.server, ev, 4), 1);
	CHECK_EQ(ev[0].kind, EV_DEBUG);
	CHECK(bytes_is(ev[0].data, "hi"));
	CHECK_EQ(ev[0].code, 1);
	REQUIRE_EQ(session_turn_end(p.client.s), E_OK);
	pair_fini(&p);
}

/* Text of a peer that has not proven anything is for nobody. */
TEST(debug_before_login_is_told_to_nobody)
{
	static const uint8_t debug[] = {MSG_DEBUG, 1, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0};
	struct pair_options o = {.seed = 6};
	struct event ev[4];
	struct pair p;

	REQUIRE(pair_init(&p, &o));
	while (transport_phase_of(transport_of(&p.server)) != TRANSPORT_READY) {
		pair_turn(&p, &p.client, &p.server, p.server.queue_len);
		pair_turn(&p, &p.server, &p.client, p.client.queue_len > 0);
	}
	pair_turn(&p, &p.server, &p.client, p.client.queue_len);
	REQUIRE(!session_is_logged_in(p.server.s));
	pair_inject(&p.client, bytes_of(debug, sizeof(debug)));
	CHECK_EQ(events_of(&p, &p.server, &p.client, ev, 4), 0);
	CHECK(!session_is_dead(p.server.s));
	REQUIRE_EQ(session_turn_end(p.server.s), E_OK);
	pair_fini(&p);
}

/* Before login noise is counted in all, however slowly it comes: little of it before the peer has
 * asked for a service, more until it has logged in. */
TEST(slow_noise_before_login_has_an_end)
{
	static const uint8_t ignore[] = {MSG_IGNORE, 0, 0, 0, 0};
	static const unsigned max[] = {[PHASE_SERVICE] = 16, [PHASE_AUTH] = 64};
	static const enum phase in[] = {PHASE_SERVICE, PHASE_AUTH};

	for (unsigned k = 0; k < 2; k++) {
		struct pair_options o = {.seed = 7};
		struct pair p;
		unsigned i;

		REQUIRE(pair_init(&p, &o));
		while (session_phase(p.client.s) != in[k]) {
			pair_turn(&p, &p.client, &p.server, p.server.queue_len);
			pair_turn(&p, &p.server, &p.client, p.client.queue_len > 0);
		}
		REQUIRE_EQ(p.server.queue_len, 0); /* the phase shall stay */
		for (i = 0; i < 1000 && !p.client.dead; i++) {
			p.now_ms += i > 0 ? 100 : 0;
			tell(&p, &p.client, &p.server, bytes_of(ignore, sizeof(ignore)));
		}
		CHECK(p.client.dead);
		CHECK_EQ(i, max[in[k]]); /* the first was the relay's EXT_INFO */
		pair_fini(&p);
	}
}

TEST(the_peers_goodbye_is_told_in_its_words)
{
	static const uint8_t bye[] = {
		MSG_DISCONNECT, 0, 0, 0, 11, 0, 0, 0, 4, 'b', 'y', 'e', '\n', 0, 0, 0, 0};
	struct pair p;

	open_pair(&p, 8);
	tell(&p, &p.server, &p.client, bytes_of(bye, sizeof(bye)));
	CHECK(p.server.dead);
	CHECK_EQ(p.server.fault.err, E_CLOSED);
	CHECK_STR(p.server.fault.text, "the peer disconnected: bye\\n (reason 11)");
	CHECK_EQ(p.server.queue_len, 0); /* nothing is said to who has gone */
	pair_fini(&p);
}

/* By application is on purpose; everything else, and silence above all, is a loss. */
TEST(a_goodbye_is_told_from_a_loss)
{
	for (uint8_t code = 0; code <= 15; code++) {
		const uint8_t bye[] = {MSG_DISCONNECT, 0, 0, 0, code, 0, 0, 0, 0, 0, 0, 0, 0};
		struct pair p;

		harness_note("reason %u", code);
		open_pair(&p, 8);
		CHECK(!session_said_goodbye(p.server.s));
		tell(&p, &p.server, &p.client, bytes_of(bye, sizeof(bye)));
		CHECK(p.server.dead);
		CHECK_EQ(session_said_goodbye(p.server.s), code == DISCONNECT_BY_APPLICATION);
		pair_fini(&p);
	}
}

TEST(our_goodbye_says_why)
{
	static const uint8_t illegal[] = {MSG_SERVICE_ACCEPT, 0, 0, 0, 0};
	struct reader r;
	struct pair p;
	struct bytes why;

	open_pair(&p, 9);
	tell(&p, &p.server, &p.client, bytes_of(illegal, sizeof(illegal)));
	CHECK(p.server.dead);
	rd_init(&r, next_said(&p.client, &p.server));
	CHECK_EQ(rd_u8(&r), MSG_DISCONNECT);
	CHECK_EQ(rd_u32(&r), DISCONNECT_PROTOCOL_ERROR);
	why = rd_string(&r, 1000);
	CHECK(bytes_is(why, p.server.fault.text));
	CHECK_EQ(rd_string(&r, 10).len, 0);
	CHECK(rd_end(&r));
	CHECK_EQ(p.server.queue_len, 0);
	pair_fini(&p);
}

TEST(re_exchanges_alone_are_counted)
{
	struct session_counts c;
	struct pair p;

	open_pair(&p, 10);
	session_counts(p.client.s, &c);
	CHECK_EQ(c.rekeys, 0);
	CHECK(session_is_writable(p.client.s));
	session_rekey(p.client.s, p.now_ms);
	CHECK(!session_is_writable(p.client.s));
	for (unsigned i = 0; i < 10; i++)
		pair_step(&p);
	CHECK(session_is_writable(p.client.s));
	session_counts(p.client.s, &c);
	CHECK_EQ(c.rekeys, 1);
	session_counts(p.server.s, &c);
	CHECK_EQ(c.rekeys, 1);
	pair_fini(&p);
}

/* Between turns nothing is read and nothing is decided: events wait for the next turn. */
TEST(packets_are_taken_in_turns_alone)
{
	static const uint8_t debug[] = {MSG_DEBUG, 1, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0};
	struct session *s;
	struct event ev;
	struct pair p;

	open_pair(&p, 12);
	s = p.client.s;
	pair_inject(&p.server, bytes_of(debug, sizeof(debug)));
	pair_turn(&p, &p.server, &p.client, 0);
	session_turn_begin(s);
	memcpy(session_recv_room(s).ptr, p.server.queue, p.server.queue_len);
	session_recv_done(s, p.server.queue_len, p.now_ms);
	p.server.queue_len = 0;
	REQUIRE_EQ(session_turn_end(s), E_OK);
	CHECK(!session_next(s, p.now_ms, &ev));
	session_turn_begin(s);
	CHECK(session_next(s, p.now_ms, &ev));
	CHECK_EQ(ev.kind, EV_DEBUG);
	REQUIRE_EQ(session_turn_end(s), E_OK);
	pair_fini(&p);
}

/* A turn of the victim in which nothing of its output is taken. */
static void tell_deaf(struct pair *p, struct side *victim, struct side *from, struct bytes payload)
{
	struct event ev;

	pair_inject(from, payload);
	pair_turn(p, from, victim, 0);
	session_turn_begin(victim->s);
	memcpy(session_recv_room(victim->s).ptr, from->queue, from->queue_len);
	session_recv_done(victim->s, from->queue_len, p->now_ms);
	from->queue_len = 0;
	while (session_next(victim->s, p->now_ms, &ev))
		if (ev.kind == EV_DEAD)
			victim->fault = *ev.fault;
	REQUIRE_EQ(session_turn_end(victim->s), E_OK);
}

enum { SPENT_MAX = 64 };

/* An answer for which there is no memory is not left out in silence: the session ends. */
static void without_memory(struct bytes payload, const char *words)
{
	static const uint8_t unknown[] = {150};
	struct pair_options o = {.seed = 13};
	struct span spent[SPENT_MAX];
	size_t count = 0, sizes[] = {POOL_HUGE, POOL_LARGE, POOL_MEDIUM, POOL_SMALL};
	struct pair p;
	struct session *s;

	REQUIRE(pair_init(&p, &o));
	session_free(p.server.s);
	pool_free(p.server.env.pool);
	p.server.env.pool = pool_new(1024 * 1024);
	REQUIRE_EQ(session_new(&p.server.cfg, &p.server.env, p.now_ms, &p.server.s), E_OK);
	REQUIRE(pair_run(&p, 100));
	s = p.server.s;
	/* One small chunk of output that is not taken, all but full; no other is to be had. */
	tell_deaf(&p, &p.server, &p.client, bytes_of(unknown, 1));
	while (session_out_len(s) + 40 < POOL_SMALL - 64)
		tell_deaf(&p, &p.server, &p.client, bytes_of(unknown, 1));
	for (size_t i = 0; i < 4; i++)
		while (count < SPENT_MAX &&
			pool_take(p.server.env.pool, sizes[i], &spent[count]) == E_OK)
			count++;
	REQUIRE(count < SPENT_MAX && !session_is_dead(s));
	if (payload.len > 0)
		tell_deaf(&p, &p.server, &p.client, payload);
	else
		session_tick(s, session_deadline(s));
	CHECK(session_is_dead(s));
	if (payload.len > 0)
		CHECK_STR(p.server.fault.text, words);
	while (count-- > 0)
		pool_give(p.server.env.pool, spent[count], 0);
	pair_fini(&p);
}

TEST(r16_answers_without_memory_end_it)
{
	static const uint8_t unknown[] = {151}, ping[] = {MSG_PING, 0, 0, 0, 1, 'x'};

	without_memory(
		bytes_of(unknown, sizeof(unknown)), "answering an unknown message: limit exceeded");
	without_memory(bytes_of(ping, sizeof(ping)), "answering a ping: limit exceeded");
	without_memory(bytes_of(NULL, 0), NULL); /* a keepalive */
}

/* The end is told once, with the first reason, and nothing is said or done after it. */
TEST(the_first_reason_stays)
{
	struct session *s;
	struct event ev;
	struct pair p;
	size_t len;

	open_pair(&p, 14);
	s = p.server.s;
	session_disconnect(s, DISCONNECT_BY_APPLICATION, "first");
	len = session_out_len(s);
	CHECK(len > 0);
	session_disconnect(s, DISCONNECT_BY_APPLICATION, "second");
	session_recv_eof(s, "third");
	session_fail(s, E_NOMEM, "fourth");
	session_debug(s, "words");
	session_rekey(s, p.now_ms);
	session_tick(s, p.now_ms + 1000 * 1000);
	CHECK_EQ(session_out_len(s), len);
	CHECK(session_mux(s) == NULL && !session_is_writable(s));
	CHECK_EQ(session_deadline(s), UINT64_MAX);
	REQUIRE(session_next(s, p.now_ms, &ev));
	CHECK_EQ(ev.kind, EV_DEAD);
	CHECK_STR(ev.fault->text, "first");
	CHECK(!session_next(s, p.now_ms, &ev));
	pair_fini(&p);
}

TEST(who_has_not_said_its_version_is_told_nothing)
{
	struct pair_options o = {.seed = 15};
	struct pair p;
	size_t len;

	REQUIRE(pair_init(&p, &o));
	len = session_out_len(p.server.s);
	session_debug(p.server.s, "words");
	session_rekey(p.server.s, p.now_ms);
	CHECK_EQ(session_out_len(p.server.s), len);
	session_disconnect(p.server.s, DISCONNECT_BY_APPLICATION, "busy");
	CHECK(session_is_dead(p.server.s));
	CHECK_EQ(session_out_len(p.server.s), len);
	pair_fini(&p);
}

/* A peer that went, or that answers nothing any more, gets no DISCONNECT. */
TEST(who_has_gone_is_told_nothing)
{
	struct pair p;

	open_pair(&p, 16);
	session_recv_eof(p.client.s, NULL);
	CHECK_EQ(session_out_len(p.client.s), 0);
	for (unsigned i = 0; !session_is_dead(p.server.s) && i < 10; i++) {
		size_t len = session_out_len(p.server.s);

		session_tick(p.server.s, session_deadline(p.server.s));
		CHECK_EQ(session_out_len(p.server.s) > len, i == 0); /* the one keepalive */
	}
	CHECK(session_is_dead(p.server.s));
	pair_fini(&p);
}

TEST(what_we_debug_the_peer_hears)
{
	struct event ev[4];
	struct pair p;

	open_pair(&p, 17);
	session_debug(p.server.s, "words for you");
	REQUIRE_EQ(events_of(&p, &p.client, &p.server, ev, 4), 1);
	CHECK_EQ(ev[0].kind, EV_DEBUG);
	CHECK(bytes_is(ev[0].data, "words for you"));
	CHECK_EQ(ev[0].code, 0);
	REQUIRE_EQ(session_turn_end(p.client.s), E_OK);
	pair_fini(&p);
}

/* Commands of a program that does not wait for EV_LOGIN say nothing to the peer. */
TEST(before_login_commands_do_nothing)
{
	struct pair_options o = {.seed = 18};
	struct pair p;
	struct session *s;
	size_t len;

	REQUIRE(pair_init(&p, &o));
	s = p.server.s;
	while (transport_phase_of(transport_of(&p.server)) != TRANSPORT_READY) {
		pair_turn(&p, &p.client, &p.server, p.server.queue_len);
		pair_turn(&p, &p.server, &p.client, p.client.queue_len > 0);
	}
	REQUIRE(!session_is_logged_in(s));
	len = session_out_len(s);
	session_rekey(s, p.now_ms);
	session_debug(s, "words");
	CHECK(session_mux(s) == NULL && !session_is_writable(s));
	CHECK_EQ(session_out_len(s), len);
	CHECK(pair_run(&p, 100));
	pair_fini(&p);
}

/* Several reads in one turn, cut anywhere: what is left of a packet stands in front of the rest. */
TEST(a_packet_over_two_reads_of_one_turn)
{
	static const uint8_t debug[] = {MSG_DEBUG, 1, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0};

	for (size_t cut = 0;; cut++) {
		struct session *s;
		struct event ev;
		struct pair p;
		size_t got = 0, len;

		open_pair(&p, 19);
		s = p.client.s;
		for (unsigned i = 0; i < 3; i++)
			pair_inject(&p.server, bytes_of(debug, sizeof(debug)));
		pair_turn(&p, &p.server, &p.client, 0);
		len = p.server.queue_len;
		session_turn_begin(s);
		for (size_t at = 0; cut <= len && at < len; at = at == 0 && cut > 0 ? cut : len) {
			size_t n = at == 0 && cut > 0 ? cut : len - at;

			memcpy(session_recv_room(s).ptr, p.server.queue + at, n);
			session_recv_done(s, n, p.now_ms);
			while (session_next(s, p.now_ms, &ev))
				got += ev.kind == EV_DEBUG && bytes_is(ev.data, "hi");
		}
		REQUIRE_EQ(session_turn_end(s), E_OK);
		CHECK_EQ(got, cut <= len ? 3 : 0);
		pair_fini(&p);
		if (cut > len)
			break;
	}
}

/* The end is told in the turn that brought it, not in one that may never come. */
TEST(a_spoilt_packet_is_told_at_once)
{
	struct session *s;
	struct event ev;
	struct pair p;

	open_pair(&p, 20);
	s = p.client.s;
	session_turn_begin(s);
	memset(session_recv_room(s).ptr, 0, 64);
	session_recv_room(s).ptr[3] = 16;
	session_recv_done(s, 64, p.now_ms);
	REQUIRE(session_next(s, p.now_ms, &ev));
	CHECK_EQ(ev.kind, EV_DEAD);
	CHECK_EQ(ev.fault->code, DISCONNECT_MAC_ERROR);
	REQUIRE_EQ(session_turn_end(s), E_OK);
	pair_fini(&p);
}
