/* SPDX-License-Identifier: ISC */
#include "client/backoff.h"

#include "harness.h"

static const uint64_t bounds[] = {200, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000};

enum { BOUNDS = sizeof(bounds) / sizeof(*bounds) };

TEST(backoff_waits_up_to_a_bound_that_doubles_to_the_cap)
{
	struct backoff most = {0}, least = {0}, middle = {0};

	for (unsigned i = 0; i < BOUNDS; i++) {
		harness_note("try %u", i);
		CHECK_EQ(backoff_next(&most, UINT32_MAX), bounds[i]);
		CHECK_EQ(backoff_next(&least, 0), 0);
		CHECK_EQ(backoff_next(&middle, UINT32_C(1) << 31), bounds[i] / 2);
	}
}

TEST(backoff_stays_at_the_cap_for_ever)
{
	struct backoff b = {0};

	for (unsigned i = 0; i < 100000; i++)
		backoff_next(&b, 7);
	CHECK_EQ(backoff_next(&b, UINT32_MAX), BACKOFF_CAP_MS);
}

TEST(backoff_spreads_over_the_whole_range)
{
	unsigned quarters[4] = {0};

	for (uint32_t i = 0; i < 4000; i++) {
		struct backoff b = {0};
		uint64_t wait_ms = backoff_next(&b, i * (UINT32_MAX / 4000));

		REQUIRE(wait_ms <= BACKOFF_FIRST_MS);
		quarters[wait_ms < BACKOFF_FIRST_MS ? wait_ms * 4 / BACKOFF_FIRST_MS : 3]++;
	}
	for (unsigned i = 0; i < 4; i++)
		CHECK(quarters[i] > 950 && quarters[i] < 1050);
}

TEST(backoff_is_fresh_after_what_held)
{
	struct backoff b = {0};

	for (unsigned i = 0; i < 4; i++)
		backoff_next(&b, 0);
	backoff_up(&b, 1000);
	backoff_up(&b, 20000); /* it was up already */
	backoff_down(&b, 1000 + BACKOFF_STABLE_MS);
	CHECK_EQ(backoff_next(&b, UINT32_MAX), BACKOFF_FIRST_MS);
}

TEST(backoff_goes_on_after_what_did_not_hold)
{
	struct backoff b = {0};

	for (unsigned i = 0; i < 4; i++)
		backoff_next(&b, 0);
	backoff_up(&b, 1000);
	backoff_down(&b, 1000 + BACKOFF_STABLE_MS - 1);
	CHECK_EQ(backoff_next(&b, UINT32_MAX), bounds[4]);
	/* A try that never came up is no time of stability either. */
	backoff_down(&b, 1000 + 10 * BACKOFF_STABLE_MS);
	CHECK_EQ(backoff_next(&b, UINT32_MAX), bounds[5]);
}

TEST(backoff_reset_makes_it_fresh)
{
	struct backoff b = {0};

	for (unsigned i = 0; i < 10; i++)
		backoff_next(&b, 0);
	backoff_reset(&b);
	CHECK_EQ(backoff_next(&b, UINT32_MAX), BACKOFF_FIRST_MS);
	CHECK_EQ(backoff_next(&b, UINT32_MAX), BACKOFF_BASE_MS);
}

TEST(backoff_penalty_is_never_below_the_cap)
{
	struct backoff b = {0};

	CHECK_EQ(backoff_penalty(&b, 0), BACKOFF_CAP_MS);
	CHECK_EQ(backoff_penalty(&b, UINT32_MAX), BACKOFF_CAP_MS + BACKOFF_BASE_MS);
	CHECK_EQ(backoff_next(&b, UINT32_MAX), BACKOFF_CAP_MS);
}
