/* SPDX-License-Identifier: ISC */
/*
 * The edges of freezing a whole session: when it is not possible, what is not taken back, and that
 * times travel as ages. That traffic goes on is seen in test_pair.c.
 */
#include <stdlib.h>
#include "sim/pair.h"
#include "support/harness.h"
#include "wire/msgs.h"

static void open_pair(struct pair *p, uint64_t seed)
{
	struct pair_options o = {.seed = seed};

	REQUIRE(pair_init(p, &o));
	REQUIRE(pair_run(p, 100));
	for (unsigned i = 0; i < 4; i++)
		pair_step(p);
}

static enum err freeze(const struct session *s, uint64_t now_ms)
{
	struct buf out;
	enum err e;

	buf_init(&out, FREEZE_MAX);
	e = session_freeze(s, now_ms, &out);
	CHECK_EQ(buf_bytes(&out).len > 0, e == E_OK);
	buf_fini(&out);
	return e;
}

TEST(only_a_session_at_rest_freezes)
{
	struct pair p;
	struct pair_options o = {.seed = 1};

	REQUIRE(pair_init(&p, &o));
	for (unsigned i = 0; !session_is_logged_in(p.server.s) && i < 100; i++) {
		CHECK_EQ(freeze(p.server.s, p.now_ms), E_AGAIN);
		CHECK_EQ(freeze(p.client.s, p.now_ms), E_AGAIN);
		pair_step(&p);
	}
	REQUIRE(pair_run(&p, 100));
	for (unsigned i = 0; i < 4; i++)
		pair_step(&p);
	CHECK_EQ(freeze(p.server.s, p.now_ms), E_OK);
	session_turn_begin(p.server.s);
	CHECK_EQ(freeze(p.server.s, p.now_ms), E_STATE);
	REQUIRE_EQ(session_turn_end(p.server.s), E_OK);
	session_rekey(p.server.s, p.now_ms);
	CHECK_EQ(freeze(p.server.s, p.now_ms), E_AGAIN);
	for (unsigned i = 0; i < 10; i++)
		pair_step(&p);
	CHECK_EQ(freeze(p.server.s, p.now_ms), E_OK);
	session_disconnect(p.server.s, DISCONNECT_BY_APPLICATION, "done");
	CHECK_EQ(freeze(p.server.s, p.now_ms), E_AGAIN);
	pair_fini(&p);
}

TEST(a_small_buffer_is_a_limit_and_leaves_the_session_whole)
{
	struct pair p;
	struct buf out;

	open_pair(&p, 2);
	buf_init(&out, 100);
	CHECK_EQ(session_freeze(p.client.s, p.now_ms, &out), E_LIMIT);
	CHECK_EQ(buf_bytes(&out).len, 0);
	buf_fini(&out);
	CHECK_EQ(pair_refreeze(&p, &p.client), E_OK);
	pair_fini(&p);
}

TEST(what_is_not_ours_is_not_thawed)
{
	static const size_t places[] = {0, 7, 11}; /* magic, its end, version */
	struct pair p;
	struct buf out;
	struct session *s;
	uint8_t *mem;
	size_t len;

	open_pair(&p, 3);
	buf_init(&out, FREEZE_MAX);
	REQUIRE_EQ(session_freeze(p.client.s, p.now_ms, &out), E_OK);
	len = buf_bytes(&out).len;
	mem = malloc(len + 1);
	memcpy(mem, buf_bytes(&out).ptr, len);
	mem[len] = 0;
	CHECK_EQ(session_thaw(&p.client.cfg, &p.client.env, bytes_of(mem, len + 1), 0, &s),
		E_FORMAT);
	/* A client's session is no server's. */
	CHECK_EQ(session_thaw(&p.server.cfg, &p.server.env, bytes_of(mem, len), 0, &s), E_FORMAT);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		mem[places[i]] ^= 1;
		CHECK_EQ(session_thaw(&p.client.cfg, &p.client.env, bytes_of(mem, len), 0, &s),
			E_FORMAT);
		mem[places[i]] ^= 1;
	}
	mem[12] ^= 1; /* the role said in front is not that of the transport behind it */
	CHECK_EQ(session_thaw(&p.server.cfg, &p.server.env, bytes_of(mem, len), 0, &s), E_FORMAT);
	free(mem);
	buf_fini(&out);
	pair_fini(&p);
}

/* The clock of the other process may stand anywhere; what was left of a time is what is left. */
TEST(times_are_ages)
{
	static const uint64_t clocks[] = {50 * 1000, UINT64_C(1) << 40};

	for (size_t i = 0; i < 2; i++) {
		struct session *thawed;
		struct session_counts c;
		struct pair p;
		struct buf out;
		uint64_t heard;

		open_pair(&p, 4);
		session_counts(p.server.s, &c);
		heard = c.last_heard_ms;
		CHECK_EQ(session_deadline(p.server.s), heard + 15000);
		buf_init(&out, FREEZE_MAX);
		REQUIRE_EQ(session_freeze(p.server.s, heard + 4000, &out), E_OK);
		REQUIRE_EQ(session_thaw(&p.server.cfg, &p.server.env, buf_bytes(&out), clocks[i],
				   &thawed),
			E_OK);
		CHECK_EQ(session_deadline(thawed), clocks[i] - 4000 + 15000);
		session_counts(thawed, &c);
		CHECK_EQ(c.last_heard_ms, clocks[i] - 4000);
		session_free(thawed);
		buf_fini(&out);
		pair_fini(&p);
	}
}
