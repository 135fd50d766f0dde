/* SPDX-License-Identifier: ISC */
/*
 * What a session takes while its peer takes nothing: it stops listening at a number of bytes that
 * wait, a smaller one while packet memory is short.
 */
#include "sim/pair.h"
#include "support/harness.h"
#include "wire/msgs.h"

enum { MESSAGE = 1024, POOL_BUDGET = 16 * 1024 * 1024, HELD_MAX = POOL_BUDGET / POOL_LARGE };

static struct span held[HELD_MAX];
static size_t held_count;

static void crowd(struct pool *pool)
{
	held_count = 0;
	while (!pool_is_crowded(pool)) {
		REQUIRE(held_count < HELD_MAX);
		REQUIRE_EQ(pool_take(pool, POOL_LARGE, &held[held_count++]), E_OK);
	}
}

static void uncrowd(struct pool *pool)
{
	while (held_count > 0)
		pool_give(pool, held[--held_count], 0);
}

/* Pings of the client reach the server, so many bytes at once; the answers are not taken. */
static void ping(struct pair *p, size_t at_once)
{
	static uint8_t ping[5 + MESSAGE] = {MSG_PING, 0, 0, MESSAGE >> 8, MESSAGE & 0xff};
	struct session *s = p->server.s;
	struct span room;
	struct event ev;

	p->now_ms += 1000;
	for (size_t i = 0; i < at_once / MESSAGE; i++)
		pair_inject(&p->client, bytes_of(ping, sizeof(ping)));
	pair_turn(p, &p->client, &p->server, 0);
	session_turn_begin(s);
	room = session_recv_room(s);
	REQUIRE(room.len >= p->client.queue_len);
	memcpy(room.ptr, p->client.queue, p->client.queue_len);
	session_recv_done(s, p->client.queue_len, p->now_ms);
	p->client.queue_len = 0;
	CHECK(!session_next(s, p->now_ms, &ev));
	REQUIRE_EQ(session_turn_end(s), E_OK);
}

static bool listens(struct session *s)
{
	bool listens;

	session_turn_begin(s);
	listens = session_recv_room(s).len > 0;
	REQUIRE_EQ(session_turn_end(s), E_OK);
	return listens;
}

static void takes_no_more_than(size_t stall, bool is_crowded, size_t at_once)
{
	struct pair_options o = {.seed = 11, .pool_budget = POOL_BUDGET};
	struct pair p;
	struct session *s;
	struct span piece;
	unsigned rounds = 0;

	pair_open(&p, &o);
	s = p.server.s;
	if (is_crowded)
		crowd(p.server.env.pool);
	while (listens(s) && rounds++ < 2 * stall / at_once) {
		CHECK(session_out_len(s) <= stall);
		ping(&p, at_once);
	}
	CHECK(session_out_len(s) > stall && session_out_len(s) < stall + 2 * at_once);
	CHECK(!session_is_dead(s));
	while (session_out_pieces(s, &piece, 1) > 0)
		session_out_sent(s, piece.len);
	CHECK(listens(s));
	session_disconnect(s, DISCONNECT_BY_APPLICATION, "done");
	CHECK(!listens(s));
	uncrowd(p.server.env.pool);
	pair_fini(&p);
}

TEST(no_room_while_output_is_not_taken)
{
	takes_no_more_than(1024 * 1024, false, 200 * 1024);
}

TEST(less_room_while_memory_is_short)
{
	takes_no_more_than(64 * 1024, true, 10 * 1024);
}
