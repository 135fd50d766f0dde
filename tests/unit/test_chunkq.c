/* SPDX-License-Identifier: ISC */
#include "base/chunkq.h"

#include "failalloc.h"
#include "harness.h"
#include "seed.h"

static void check_content(const struct chunkq *q, const uint8_t *want, size_t len)
{
	struct span pieces[64];
	size_t n = chunkq_pieces(q, pieces, 64), at = 0;

	REQUIRE_EQ(chunkq_len(q), len);
	for (size_t i = 0; i < n; i++) {
		REQUIRE(pieces[i].len > 0 && pieces[i].len <= len - at);
		REQUIRE_MEM(pieces[i].ptr, pieces[i].len, want + at);
		at += pieces[i].len;
	}
	REQUIRE(at == len || n == 64);
}

TEST(chunkq_puts_small_frames_together)
{
	struct pool *p = pool_new(0);
	struct span room, pieces[2];
	struct chunkq q;

	chunkq_init(&q, p, 100000);
	for (int i = 0; i < 10; i++) {
		REQUIRE_EQ(chunkq_reserve(&q, 64, &room), E_OK);
		CHECK_EQ(room.len, 64);
		memset(room.ptr, i, 64);
		chunkq_commit(&q, 64);
	}
	CHECK_EQ(pool_out(p), POOL_SMALL);
	CHECK_EQ(chunkq_pieces(&q, pieces, 2), 1);
	CHECK_EQ(pieces[0].len, 640);
	chunkq_fini(&q);
	CHECK_EQ(pool_out(p), 0);
	pool_free(p);
}

TEST(chunkq_holds_nothing_while_empty)
{
	struct pool *p = pool_new(0);
	struct span room;
	struct chunkq q;

	chunkq_init(&q, p, 1000);
	CHECK_EQ(pool_out(p), 0);
	CHECK_EQ(chunkq_append(&q, bytes_str("abc")), E_OK);
	chunkq_consume(&q, 3);
	CHECK_EQ(pool_out(p), 0);
	CHECK_EQ(chunkq_reserve(&q, 100, &room), E_OK);
	chunkq_commit(&q, 0);
	CHECK_EQ(pool_out(p), 0);
	CHECK_EQ(chunkq_reserve(&q, 0, &room), E_OK);
	chunkq_commit(&q, 0);
	CHECK_EQ(chunkq_append(&q, bytes_of(NULL, 0)), E_OK);
	CHECK_EQ(pool_out(p), 0);
	chunkq_fini(&q);
	pool_free(p);
}

TEST(chunkq_keeps_its_limit)
{
	struct pool *p = pool_new(0);
	uint8_t data[100] = {0};
	struct span room;
	struct chunkq q;

	chunkq_init(&q, p, 100);
	CHECK_EQ(chunkq_reserve(&q, 101, &room), E_LIMIT);
	CHECK_EQ(chunkq_append(&q, bytes_of(data, 70)), E_OK);
	CHECK_EQ(chunkq_append(&q, bytes_of(data, 31)), E_LIMIT);
	CHECK_EQ(chunkq_reserve(&q, SIZE_MAX, &room), E_LIMIT);
	CHECK_EQ(chunkq_append(&q, bytes_of(data, 30)), E_OK);
	check_content(&q, data, 100);
	chunkq_fini(&q);

	chunkq_init(&q, p, SIZE_MAX);
	CHECK_EQ(chunkq_reserve(&q, POOL_HUGE - 64 + 1, &room), E_LIMIT);
	CHECK_EQ(chunkq_reserve(&q, POOL_HUGE - 64, &room), E_OK);
	chunkq_commit(&q, room.len);
	chunkq_fini(&q);
	CHECK_EQ(pool_out(p), 0);
	pool_free(p);
}

TEST(chunkq_reserve_replaces_an_unused_reserve)
{
	struct pool *p = pool_new(0);
	struct span room;
	struct chunkq q;

	chunkq_init(&q, p, 100000);
	REQUIRE_EQ(chunkq_append(&q, bytes_str("first")), E_OK);
	REQUIRE_EQ(chunkq_reserve(&q, 2000, &room), E_OK);
	REQUIRE_EQ(chunkq_reserve(&q, 20000, &room), E_OK);
	CHECK_EQ(pool_out(p), POOL_SMALL + POOL_LARGE);
	memcpy(room.ptr, "second", 6);
	chunkq_commit(&q, 6);
	check_content(&q, (const uint8_t *)"firstsecond", 11);
	chunkq_fini(&q);
	pool_free(p);
}

TEST(chunkq_append_is_all_or_nothing)
{
	static uint8_t data[200000];
	struct pool *p = pool_new(3 * POOL_LARGE);
	struct chunkq q;

	chunkq_init(&q, p, SIZE_MAX);
	REQUIRE_EQ(chunkq_append(&q, bytes_str("kept")), E_OK);
	failalloc_arm(2);
	CHECK_EQ(chunkq_append(&q, bytes_of(data, 40000)), E_NOMEM);
	CHECK(failalloc_disarm());
	CHECK_EQ(pool_out(p), POOL_SMALL);
	check_content(&q, (const uint8_t *)"kept", 4);
	CHECK_EQ(chunkq_append(&q, bytes_of(data, sizeof(data))), E_LIMIT);
	CHECK_EQ(pool_out(p), POOL_SMALL);
	check_content(&q, (const uint8_t *)"kept", 4);
	chunkq_fini(&q);
	pool_free(p);
}

TEST(chunkq_wipes_what_was_lent)
{
	struct pool *p = pool_new(0);
	struct span room, again;
	struct chunkq q;

	chunkq_init(&q, p, 1000);
	REQUIRE_EQ(chunkq_reserve(&q, 500, &room), E_OK);
	memset(room.ptr, 's', 500);
	chunkq_commit(&q, 10);
	chunkq_consume(&q, 10);
	REQUIRE_EQ(pool_take(p, 1, &again), E_OK);
	for (size_t i = 0; i < 64 + 500; i++)
		CHECK_EQ(again.ptr[i], 0);
	pool_give(p, again, 0);
	chunkq_fini(&q);
	pool_free(p);
}

TEST(chunkq_takes_larger_chunks_for_a_backlog)
{
	struct pool *p = pool_new(0);
	struct span pieces[64], room;
	struct chunkq q;

	chunkq_init(&q, p, SIZE_MAX);
	for (int i = 0; i < 2000; i++) {
		REQUIRE_EQ(chunkq_reserve(&q, 100, &room), E_OK);
		memset(room.ptr, 1, 100);
		chunkq_commit(&q, 100);
	}
	CHECK(chunkq_pieces(&q, pieces, 64) < 16);
	CHECK(pool_out(p) < 2 * 200000);
	chunkq_fini(&q);
	pool_free(p);
}

/* Against a plain array, with refusals of the pool mixed in. */
TEST(chunkq_is_a_queue)
{
	enum { LIMIT = 150000, STEP = 40000 };
	static uint8_t model[LIMIT], data[STEP];
	struct pool *p = pool_new(LIMIT + POOL_LARGE);
	size_t len = 0;
	struct chunkq q;
	struct seed s;

	seed_init(&s, 2);
	chunkq_init(&q, p, LIMIT);
	for (int round = 0; round < 4000; round++) {
		size_t n = seed_below(&s, seed_one_in(&s, 4) ? STEP : 600);
		uint64_t what = seed_below(&s, 5);

		harness_note("round %d", round);
		if (what == 0) {
			enum err e;

			memset(data, (int)seed_u64(&s), n);
			e = chunkq_append(&q, bytes_of(data, n));
			if (len + n > LIMIT)
				REQUIRE_EQ(e, E_LIMIT);
			if (e == E_OK) {
				memcpy(model + len, data, n);
				len += n;
			}
		} else if (what <= 2) {
			size_t kept = n == 0 ? 0 : seed_below(&s, n + 1);
			struct span room;

			if (chunkq_reserve(&q, n, &room) == E_OK) {
				REQUIRE_EQ(room.len, n);
				if (n > 0)
					memset(room.ptr, (int)seed_u64(&s), n);
				if (kept > 0)
					memcpy(model + len, room.ptr, kept);
				chunkq_commit(&q, kept);
				len += kept;
			}
		} else {
			if (n > len)
				n = len;
			chunkq_consume(&q, n);
			len -= n;
			memmove(model, model + n, len);
		}
		check_content(&q, model, len);
		CHECK_EQ(pool_out(p) == 0, len == 0);
	}
	chunkq_fini(&q);
	CHECK_EQ(pool_out(p), 0);
	pool_free(p);
}

static void consume_too_much(void *arg)
{
	chunkq_consume(arg, 4);
}

static void commit_too_much(void *arg)
{
	struct span room;

	if (chunkq_reserve(arg, 10, &room) == E_OK)
		chunkq_commit(arg, 11);
}

TEST(chunkq_asserts_its_caller)
{
	struct pool *p = pool_new(0);
	struct chunkq q;

	chunkq_init(&q, p, 1000);
	REQUIRE_EQ(chunkq_append(&q, bytes_str("abc")), E_OK);
	CHECK_ABORTS(consume_too_much, &q);
	CHECK_ABORTS(commit_too_much, &q);
	chunkq_fini(&q);
	pool_free(p);
}
