/* SPDX-License-Identifier: ISC */
#include "base/pool.h"

#include "failalloc.h"
#include "harness.h"
#include "seed.h"

TEST(pool_serves_the_smallest_size_that_fits)
{
	static const struct {
		size_t min, len;
	} cases[] = {{0, POOL_SMALL}, {1, POOL_SMALL}, {POOL_SMALL, POOL_SMALL},
		{POOL_SMALL + 1, POOL_MEDIUM}, {POOL_MEDIUM + 1, POOL_LARGE},
		{POOL_LARGE + 1, POOL_HUGE}, {POOL_HUGE, POOL_HUGE}};
	struct pool *p = pool_new(0);
	struct span c;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		harness_note("at least %zu", cases[i].min);
		REQUIRE_EQ(pool_take(p, cases[i].min, &c), E_OK);
		CHECK_EQ(c.len, cases[i].len);
		CHECK_EQ((uintptr_t)c.ptr % 64, 0);
		CHECK_EQ(pool_out(p), c.len);
		memset(c.ptr, 0xaa, c.len);
		pool_give(p, c, c.len);
		CHECK_EQ(pool_out(p), 0);
	}
	CHECK_EQ(pool_take(p, POOL_HUGE + 1, &c), E_LIMIT);
	CHECK_EQ(pool_take(p, SIZE_MAX, &c), E_LIMIT);
	CHECK_EQ(pool_peak(p), POOL_HUGE);
	pool_free(p);
	pool_free(NULL);
}

TEST(pool_wipes_what_was_used)
{
	struct pool *p = pool_new(0);
	struct span a, b;

	REQUIRE_EQ(pool_take(p, 100, &a), E_OK);
	memset(a.ptr, 0, a.len);
	memset(a.ptr, 's', 100);
	pool_give(p, a, 100);
	REQUIRE_EQ(pool_take(p, 100, &b), E_OK);
	CHECK(b.ptr == a.ptr); /* the same one comes back, so this is the memory to look at */
	for (size_t i = 0; i < b.len; i++)
		CHECK_EQ(b.ptr[i], 0);
	pool_give(p, b, 0);
	pool_free(p);
}

/* Bulk has three quarters, to the byte; the rest of the budget is for others. */
TEST(pool_keeps_a_quarter_from_bulk)
{
	struct pool *p = pool_new(16 * POOL_SMALL);
	struct span c[16], more;

	for (int i = 0; i < 12; i++) {
		CHECK_EQ(pool_is_half_out(p), i >= 8);
		CHECK(!pool_is_crowded(p));
		REQUIRE_EQ(pool_take_bulk(p, 1, &c[i]), E_OK);
	}
	CHECK(pool_is_crowded(p));
	CHECK_EQ(pool_take_bulk(p, 1, &more), E_LIMIT);
	for (int i = 12; i < 16; i++)
		REQUIRE_EQ(pool_take(p, 1, &c[i]), E_OK);
	CHECK_EQ(pool_take_bulk(p, 1, &more), E_LIMIT); /* out is past its part by now */
	CHECK_EQ(pool_take(p, 1, &more), E_LIMIT);
	for (int i = 0; i < 4; i++)
		pool_give(p, c[i], 0);
	CHECK_EQ(pool_take_bulk(p, 1, &more), E_LIMIT);
	pool_give(p, c[4], 0);
	CHECK(!pool_is_crowded(p));
	REQUIRE_EQ(pool_take_bulk(p, 1, &c[4]), E_OK);
	for (int i = 4; i < 16; i++)
		pool_give(p, c[i], 0);
	pool_free(p);
}

TEST(pool_without_a_budget_is_never_short)
{
	struct pool *p = pool_new(0);
	struct span c;

	REQUIRE_EQ(pool_take_bulk(p, POOL_HUGE, &c), E_OK);
	CHECK(!pool_is_half_out(p) && !pool_is_crowded(p));
	pool_give(p, c, 0);
	pool_free(p);
}

TEST(pool_keeps_its_budget)
{
	struct pool *p = pool_new(2 * POOL_MEDIUM + 10);
	struct span a, b, c;

	REQUIRE_EQ(pool_take(p, POOL_MEDIUM, &a), E_OK);
	REQUIRE_EQ(pool_take(p, POOL_MEDIUM, &b), E_OK);
	CHECK_EQ(pool_take(p, 1, &c), E_LIMIT);
	pool_give(p, a, 0);
	CHECK_EQ(pool_take(p, POOL_LARGE, &c), E_LIMIT);
	REQUIRE_EQ(pool_take(p, 1, &c), E_OK);
	CHECK_EQ(pool_out(p), POOL_MEDIUM + POOL_SMALL);
	CHECK_EQ(pool_peak(p), 2 * POOL_MEDIUM);
	pool_give(p, b, 0);
	pool_give(p, c, 0);
	pool_free(p);
}

TEST(pool_keeps_few_idle_chunks)
{
	enum { CHUNKS = 40, KEPT = 4 * 1024 * 1024 / POOL_HUGE };
	struct pool *p = pool_new(0);
	struct span c[CHUNKS];

	for (int i = 0; i < CHUNKS; i++)
		REQUIRE_EQ(pool_take(p, POOL_HUGE, &c[i]), E_OK);
	for (int i = 0; i < CHUNKS; i++)
		pool_give(p, c[i], 0);
	failalloc_arm(0);
	for (int i = 0; i < CHUNKS; i++)
		REQUIRE_EQ(pool_take(p, POOL_HUGE, &c[i]), E_OK);
	CHECK_EQ(failalloc_count(), CHUNKS - KEPT);
	for (int i = 0; i < CHUNKS; i++)
		pool_give(p, c[i], 0);
	pool_free(p);
}

TEST(pool_survives_failing_allocations)
{
	struct pool *p;
	struct span c;

	failalloc_arm(1);
	CHECK(pool_new(0) == NULL);
	CHECK(failalloc_disarm());
	p = pool_new(0);
	REQUIRE(p != NULL);
	failalloc_arm(1);
	CHECK_EQ(pool_take(p, 1, &c), E_NOMEM);
	CHECK(failalloc_disarm());
	CHECK_EQ(pool_out(p), 0);
	pool_free(p);
}

TEST(pool_chunks_never_overlap)
{
	enum { MANY = 64 };
	struct pool *p = pool_new(0);
	struct span c[MANY] = {{0}};
	uint8_t mark[MANY] = {0};
	struct seed s;

	seed_init(&s, 9);
	for (int round = 0; round < 5000; round++) {
		size_t i = seed_below(&s, MANY);

		harness_note("round %d", round);
		if (c[i].ptr == NULL) {
			REQUIRE_EQ(pool_take(p, seed_below(&s, 2 * POOL_MEDIUM), &c[i]), E_OK);
			mark[i] = (uint8_t)seed_u64(&s);
			memset(c[i].ptr, mark[i], c[i].len);
		} else {
			REQUIRE_EQ(c[i].ptr[0], mark[i]);
			REQUIRE_MEM(c[i].ptr, c[i].len - 1, c[i].ptr + 1);
			pool_give(p, c[i], c[i].len);
			c[i].ptr = NULL;
		}
	}
	for (size_t i = 0; i < MANY; i++) {
		if (c[i].ptr != NULL)
			pool_give(p, c[i], c[i].len);
	}
	CHECK_EQ(pool_out(p), 0);
	pool_free(p);
}

struct misuse {
	struct pool *mine, *other;
	struct span chunk;
};

static void give_twice(void *arg)
{
	struct misuse *m = arg;

	pool_give(m->mine, m->chunk, 0);
	pool_give(m->mine, m->chunk, 0);
}

static void give_elsewhere(void *arg)
{
	struct misuse *m = arg;

	pool_give(m->other, m->chunk, 0);
}

static void give_shortened(void *arg)
{
	struct misuse *m = arg;

	m->chunk.len--;
	pool_give(m->mine, m->chunk, 0);
}

static void free_while_out(void *arg)
{
	struct misuse *m = arg;

	pool_free(m->mine);
}

TEST(pool_aborts_on_misuse)
{
	struct misuse m = {pool_new(0), pool_new(0), {NULL, 0}};

	REQUIRE_EQ(pool_take(m.mine, 1, &m.chunk), E_OK);
	CHECK_ABORTS(give_twice, &m);
	CHECK_ABORTS(give_elsewhere, &m);
	CHECK_ABORTS(give_shortened, &m);
	CHECK_ABORTS(free_while_out, &m);
	pool_give(m.mine, m.chunk, 0);
	pool_free(m.mine);
	pool_free(m.other);
}
