/* SPDX-License-Identifier: ISC */
#include "forward/fairq.h"

#include "harness.h"

#include <stdlib.h>

enum { PACKET = 1500 };

struct bench {
	struct pool *pool;
	struct fairq *q;
	uint8_t got[PACKET];
};

static void start(struct bench *b)
{
	b->pool = pool_new(0);
	b->q = calloc(1, sizeof(*b->q));
	REQUIRE(b->pool != NULL && b->q != NULL);
	fairq_init(b->q, b->pool);
}

static void stop(struct bench *b)
{
	fairq_fini(b->q);
	CHECK_EQ(pool_out(b->pool), 0);
	pool_free(b->pool);
	free(b->q);
}

/* A packet that says which it is. */
static void put(struct bench *b, uint32_t flow, uint8_t mark, size_t len, uint64_t now_ms)
{
	uint8_t packet[PACKET] = {mark};

	fairq_put(b->q, flow, bytes_of(packet, len), now_ms);
}

/* The mark of the next; 0: there is none. */
static uint8_t take(struct bench *b, uint64_t now_ms)
{
	size_t len = fairq_peek(b->q, now_ms);

	if (len == 0)
		return 0;
	fairq_take(b->q, b->got);
	return b->got[0];
}

TEST(fairq_keeps_the_order_of_a_flow)
{
	struct bench b;

	start(&b);
	CHECK_EQ(fairq_peek(b.q, 0), 0);
	for (uint8_t i = 1; i <= 100; i++)
		put(&b, 5, i, 1 + 14 * i, 0);
	CHECK_EQ(b.q->packets, 100);
	for (uint8_t i = 1; i <= 100; i++) {
		CHECK_EQ(fairq_peek(b.q, 0), 1 + 14 * i);
		CHECK_EQ(take(&b, 0), i);
	}
	CHECK_EQ(take(&b, 0), 0);
	CHECK_EQ(b.q->packets, 0);
	CHECK_EQ(b.q->bytes, 0);
	CHECK_EQ(pool_out(b.pool), 0);
	stop(&b);
}

TEST(fairq_shares_by_bytes)
{
	unsigned got[3] = {0};
	struct bench b;

	start(&b);
	for (int i = 0; i < 50; i++)
		put(&b, 1, 1, 1500, 0);
	for (int i = 0; i < 150; i++)
		put(&b, 2, 2, 500, 0);
	for (int i = 0; i < 80; i++)
		got[take(&b, 0)]++;
	CHECK(got[1] >= 18 && got[1] <= 22);
	CHECK(got[2] >= 58 && got[2] <= 62);
	stop(&b);
}

/* The reason of it all. */
TEST(fairq_lets_a_ping_pass_a_download)
{
	unsigned got[5] = {0};
	struct bench b;

	start(&b);
	for (int i = 0; i < 200; i++)
		put(&b, 1, 1, PACKET, 0);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(take(&b, 0), 1);
	put(&b, 2, 2, 84, 0);
	CHECK_EQ(take(&b, 0), 2);
	CHECK_EQ(take(&b, 0), 1);
	/* The next one is not behind more than a turn of the other. */
	put(&b, 2, 3, 84, 0);
	CHECK_EQ(take(&b, 0), 3);
	CHECK_EQ(take(&b, 0), 1);
	/* Who comes often has turns, and no more than his turns. */
	for (int i = 0; i < 20; i++)
		put(&b, 2, 4, PACKET, 0);
	for (int i = 0; i < 20; i++)
		got[take(&b, 0)]++;
	CHECK(got[1] >= 8 && got[4] >= 8);
	stop(&b);
}

TEST(fairq_lets_a_ping_pass_many_downloads)
{
	struct bench b;

	start(&b);
	for (int i = 0; i < 200; i++)
		put(&b, (uint32_t)(10 + i % 10), 1, PACKET, 0);
	for (int i = 0; i < 25; i++)
		CHECK_EQ(take(&b, 0), 1);
	put(&b, 2, 2, 84, 0);
	CHECK_EQ(take(&b, 0), 2);
	stop(&b);
}

TEST(fairq_full_drops_of_the_longest)
{
	struct bench b;
	uint8_t mark;

	start(&b);
	put(&b, 2, 99, 84, 0);
	for (int i = 0; i < FAIRQ_PACKETS + 10; i++)
		put(&b, 1, (uint8_t)(i < 11 ? 1 : 2), 100, 0);
	CHECK_EQ(b.q->packets, FAIRQ_PACKETS);
	CHECK_EQ(b.q->dropped, 11);
	CHECK_EQ(take(&b, 0), 99);
	while ((mark = take(&b, 0)) != 0)
		CHECK_EQ(mark, 2); /* the oldest went */
	for (int i = 0; i < FAIRQ_PACKETS; i++)
		put(&b, 1, 1, PACKET, 0);
	CHECK(b.q->bytes <= FAIRQ_BYTES);
	stop(&b);
}

TEST(fairq_without_memory_drops)
{
	struct bench b;

	start(&b);
	pool_free(b.pool);
	b.pool = pool_new(1);
	REQUIRE(b.pool != NULL);
	fairq_init(b.q, b.pool);
	put(&b, 1, 1, 100, 0);
	CHECK_EQ(b.q->dropped, 1);
	CHECK_EQ(b.q->packets, 0);
	CHECK_EQ(take(&b, 0), 0);
	stop(&b);
}

/* A flow that comes in twice as fast as it leaves, for ms; how long its packets waited at the end. */
static uint64_t run_overload(struct bench *b, uint64_t from_ms, uint64_t ms, unsigned in_a_ms)
{
	uint64_t worst = 0;

	for (uint64_t now = from_ms; now < from_ms + ms; now++) {
		for (unsigned i = 0; i < in_a_ms; i++)
			put(b, 1, (uint8_t)(1 + now % 250), 1000, now);
		if (take(b, now) != 0 && now > from_ms + ms - 100) {
			uint64_t waited = (1 + now % 250 + 250 - b->got[0]) % 250;

			worst = waited > worst ? waited : worst;
		}
	}
	return worst;
}

TEST(fairq_drops_what_stands_too_long)
{
	struct bench b;
	uint64_t dropped;

	start(&b);
	/* As fast in as out: nothing is dropped, however long. */
	for (uint64_t now = 1000; now < 3000; now++) {
		put(&b, 1, 1, 1000, now);
		CHECK_EQ(take(&b, now), 1);
	}
	CHECK_EQ(b.q->dropped, 0);
	/* A burst that is gone within the interval costs nothing. */
	for (int i = 0; i < 60; i++)
		put(&b, 1, 1, 1000, 3000);
	for (uint64_t now = 3000; now < 3060; now++)
		CHECK_EQ(take(&b, now), 1);
	CHECK_EQ(b.q->dropped, 0);
	/* A standing queue does: the first goes after an interval, then they come ever faster. */
	for (int i = 0; i < 40; i++)
		put(&b, 1, 1, 1000, 4000);
	for (uint64_t now = 4000; now < 5000; now++) {
		put(&b, 1, 1, 1000, now);
		(void)take(&b, now);
		if (now < 4000 + FAIRQ_INTERVAL_MS)
			CHECK_EQ(b.q->dropped, 0);
	}
	dropped = b.q->dropped;
	CHECK(dropped > 5 && dropped < 60);
	CHECK(b.q->packets < 40);
	while (take(&b, 5000) != 0)
		;
	CHECK(run_overload(&b, 6000, 20000, 2) < 200);
	CHECK(b.q->dropped > dropped + 10000);
	stop(&b);
}
