/* SPDX-License-Identifier: ISC */
#include "mux/sched.h"

#include "harness.h"
#include "seed.h"

enum { NODES = 8 };

struct bench {
	struct sched s;
	struct sched_node n[NODES];
};

static void start(struct bench *b)
{
	sched_init(&b->s);
	for (int i = 0; i < NODES; i++)
		sched_node_init(&b->n[i]);
}

/* The index of the next one; -1 for none. */
static int next(struct bench *b, size_t *turn)
{
	struct sched_node *n = sched_next(&b->s, turn);

	return n != NULL ? (int)(n - b->n) : -1;
}

/* Makes it a bulk stream. */
static void make_bulk(struct bench *b, int i)
{
	sched_moved(&b->n[i], SCHED_TURN_MIN, true);
}

TEST(sched_goes_round)
{
	struct bench b;
	size_t turn;

	start(&b);
	CHECK_EQ(next(&b, &turn), -1);
	for (int i = 0; i < 3; i++)
		sched_add(&b.s, &b.n[i]);
	sched_add(&b.s, &b.n[0]); /* waits already */
	CHECK_EQ(b.s.waiting, 3);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 3; i++) {
			CHECK_EQ(next(&b, &turn), i);
			CHECK_EQ(turn, SCHED_TURN_MIN);
			sched_moved(&b.n[i], 10, false);
			sched_add(&b.s, &b.n[i]);
		}
	}
	sched_remove(&b.s, &b.n[1]);
	sched_remove(&b.s, &b.n[1]);
	CHECK_EQ(b.s.waiting, 2);
	CHECK_EQ(next(&b, &turn), 0);
	CHECK_EQ(next(&b, &turn), 2);
	CHECK_EQ(next(&b, &turn), -1);
	CHECK_EQ(b.s.waiting, 0);
}

TEST(sched_small_goes_first)
{
	struct bench b;
	size_t turn;

	start(&b);
	make_bulk(&b, 0);
	make_bulk(&b, 1);
	sched_add(&b.s, &b.n[0]);
	sched_add(&b.s, &b.n[1]);
	sched_add(&b.s, &b.n[2]);
	CHECK_EQ(next(&b, &turn), 2);
	CHECK_EQ(turn, SCHED_TURN_MIN);
	CHECK_EQ(next(&b, &turn), 0);
	CHECK_EQ(next(&b, &turn), 1);
	/* What moved little is small again; what moved SCHED_SMALL is not. */
	sched_moved(&b.n[0], SCHED_SMALL - 1, false);
	CHECK(b.n[0].is_small);
	sched_moved(&b.n[0], SCHED_SMALL, false);
	CHECK(!b.n[0].is_small);
}

TEST(sched_small_does_not_starve_bulk)
{
	struct bench b;
	size_t turn;
	int bulk = 0;

	start(&b);
	make_bulk(&b, 0);
	sched_add(&b.s, &b.n[0]);
	sched_add(&b.s, &b.n[1]);
	sched_add(&b.s, &b.n[2]);
	for (int i = 0; i < 10 * (SCHED_SMALL_RUN + 1); i++) {
		int n = next(&b, &turn);

		if (n == 0) {
			bulk++;
			make_bulk(&b, 0);
		}
		sched_add(&b.s, &b.n[n]);
	}
	CHECK_EQ(bulk, 10);
}

TEST(sched_small_run_counts_only_before_bulk)
{
	struct bench b;
	size_t turn;

	start(&b);
	sched_add(&b.s, &b.n[1]);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(next(&b, &turn), 1);
		sched_add(&b.s, &b.n[1]);
	}
	make_bulk(&b, 0);
	sched_add(&b.s, &b.n[0]);
	for (int i = 0; i < SCHED_SMALL_RUN; i++) {
		CHECK_EQ(next(&b, &turn), 1);
		sched_add(&b.s, &b.n[1]);
	}
	CHECK_EQ(next(&b, &turn), 0);
}

TEST(sched_lone_bulk_earns_large_turns)
{
	static const size_t turns[] = {64, 128, 256, 512, 512};
	struct bench b;
	size_t turn;

	start(&b);
	for (int i = 0; i < 5; i++) {
		sched_add(&b.s, &b.n[0]);
		REQUIRE_EQ(next(&b, &turn), 0);
		CHECK_EQ(turn, turns[i] * 1024);
		sched_moved(&b.n[0], turn, true);
	}
	/* As soon as another waits, turns are short. */
	sched_add(&b.s, &b.n[0]);
	make_bulk(&b, 1);
	sched_add(&b.s, &b.n[1]);
	REQUIRE_EQ(next(&b, &turn), 0);
	CHECK_EQ(turn, SCHED_TURN_MIN);
	sched_moved(&b.n[0], turn, true);
	REQUIRE_EQ(next(&b, &turn), 1);
	CHECK_EQ(turn, SCHED_TURN_MIN);
	/* What was full in company earned nothing. */
	sched_add(&b.s, &b.n[0]);
	REQUIRE_EQ(next(&b, &turn), 0);
	CHECK_EQ(turn, SCHED_TURN_MIN);
	sched_moved(&b.n[0], turn, true);
	sched_add(&b.s, &b.n[0]);
	REQUIRE_EQ(next(&b, &turn), 0);
	CHECK_EQ(turn, 2 * SCHED_TURN_MIN);
	/* And one turn that was not filled begins anew. */
	sched_moved(&b.n[0], turn - 1, false);
	sched_add(&b.s, &b.n[0]);
	REQUIRE_EQ(next(&b, &turn), 0);
	CHECK_EQ(turn, SCHED_TURN_MIN);
}

TEST(sched_bulk_shares_by_bytes)
{
	struct bench b;
	size_t turn, moved[NODES] = {0};

	start(&b);
	for (int i = 0; i < 4; i++) {
		make_bulk(&b, i);
		sched_add(&b.s, &b.n[i]);
	}
	for (int i = 0; i < 400; i++) {
		int n = next(&b, &turn);

		moved[n] += turn;
		sched_moved(&b.n[n], turn, true);
		sched_add(&b.s, &b.n[n]);
	}
	for (int i = 1; i < 4; i++)
		CHECK_EQ(moved[i], moved[0]);
}

/* In any mix every one that waits gets its turn within a bound. */
TEST(sched_random_mix_starves_nobody)
{
	struct bench b;
	struct seed s;
	int waited[NODES] = {0};

	seed_init(&s, 1);
	start(&b);
	for (int i = 0; i < NODES; i++)
		sched_add(&b.s, &b.n[i]);
	for (int i = 0; i < 20000; i++) {
		size_t turn;
		int n = next(&b, &turn);

		REQUIRE(n >= 0);
		for (int j = 0; j < NODES; j++)
			waited[j] = j == n ? 0 : waited[j] + 1;
		for (int j = 0; j < NODES; j++)
			REQUIRE(waited[j] <= NODES * (SCHED_SMALL_RUN + 2));
		sched_moved(&b.n[n], seed_below(&s, turn + 1), seed_one_in(&s, 2));
		sched_add(&b.s, &b.n[n]);
		REQUIRE_EQ(b.s.waiting, NODES);
	}
}
