/* SPDX-License-Identifier: ISC */
/* Liveness on a made-up clock. */
#include "session/alive.h"

#include "support/harness.h"

TEST(silence_is_probed_then_given_up)
{
	struct alive a;

	alive_init(&a, 15000, 3, 1000);
	CHECK_EQ(alive_deadline(&a), 16000);
	CHECK_EQ(alive_tick(&a, 15999), ALIVE_FINE);
	CHECK_EQ(alive_tick(&a, 16000), ALIVE_PROBE);
	CHECK_EQ(alive_deadline(&a), 31000);
	CHECK_EQ(alive_tick(&a, 16001), ALIVE_FINE);
	CHECK_EQ(alive_tick(&a, 31000), ALIVE_PROBE);
	CHECK_EQ(alive_tick(&a, 46000), ALIVE_PROBE);
	CHECK_EQ(alive_tick(&a, 60999), ALIVE_FINE);
	CHECK_EQ(alive_tick(&a, 61000), ALIVE_DEAD);
}

TEST(anything_heard_counts_as_life)
{
	struct alive a;

	alive_init(&a, 10, 1, 0);
	CHECK_EQ(alive_tick(&a, 10), ALIVE_PROBE);
	alive_heard(&a, 19);
	CHECK_EQ(alive_tick(&a, 20), ALIVE_FINE);
	CHECK_EQ(alive_deadline(&a), 29);
	CHECK_EQ(alive_tick(&a, 29), ALIVE_PROBE);
	CHECK_EQ(alive_tick(&a, 39), ALIVE_DEAD);
}

TEST(interval_zero_never_probes)
{
	struct alive a;

	alive_init(&a, 0, 3, 5);
	CHECK_EQ(alive_deadline(&a), UINT64_MAX);
	CHECK_EQ(alive_tick(&a, UINT64_MAX - 1), ALIVE_FINE);
}

TEST(count_zero_never_gives_up)
{
	struct alive a;

	alive_init(&a, 10, 0, 0);
	for (uint64_t t = 10; t <= 1000; t += 10)
		CHECK_EQ(alive_tick(&a, t), ALIVE_PROBE);
}

TEST(a_clock_that_steps_back_changes_nothing)
{
	struct alive a;

	alive_init(&a, 10, 3, 100);
	alive_heard(&a, 50);
	CHECK_EQ(alive_deadline(&a), 110);
	CHECK_EQ(alive_tick(&a, 60), ALIVE_FINE);
}
