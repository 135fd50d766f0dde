/* SPDX-License-Identifier: ISC */
#include "relay/pace.h"

#include <stdio.h>

#include "harness.h"

TEST(exchanges_that_nothing_earned_have_a_rate)
{
	struct pace p = {0};
	uint64_t now_ms = 1000000, wait_ms;

	for (unsigned i = 0; i < PACE_BURST; i++)
		CHECK_EQ(pace_exchange(&p, 100, now_ms), 0);
	/* From here on each waits for its turn, and its turn comes. */
	for (unsigned i = 0; i < 1000; i++) {
		wait_ms = pace_exchange(&p, 100, now_ms);
		CHECK_EQ(wait_ms, PACE_STEP_MS);
		now_ms += wait_ms;
	}
	/* Who is quiet for a while has its handful again, and no more than that. */
	now_ms += 1000 * 1000;
	for (unsigned i = 0; i < PACE_BURST; i++)
		CHECK_EQ(pace_exchange(&p, 100, now_ms), 0);
	CHECK(pace_exchange(&p, 100, now_ms) > 0);
}

TEST(exchanges_that_data_earned_are_free)
{
	struct pace p = {0};
	uint64_t bytes = 0;

	for (unsigned i = 0; i < 1000; i++) {
		bytes += PACE_EARNED_BYTES;
		CHECK_EQ(pace_exchange(&p, bytes, 5), 0);
	}
	for (unsigned i = 0; i < PACE_BURST; i++)
		CHECK_EQ(pace_exchange(&p, bytes += PACE_EARNED_BYTES - 1, 5), 0);
	CHECK_EQ(pace_exchange(&p, bytes += PACE_EARNED_BYTES - 1, 5), PACE_STEP_MS);
	CHECK_EQ(pace_exchange(&p, bytes += PACE_EARNED_BYTES, 5), 0);
}

TEST(r48_a_name_has_its_wait)
{
	uint8_t secret[PACE_SECRET] = {1}, other[PACE_SECRET] = {2};
	unsigned differ = 0, met[PACE_KEY_MORE_MS + 1] = {0};

	for (unsigned i = 0; i < 200; i++) {
		char user[16];
		uint64_t ms;

		snprintf(user, sizeof(user), "user%u", i);
		ms = pace_key(secret, user);
		REQUIRE(ms >= PACE_KEY_FLOOR_MS && ms <= PACE_KEY_FLOOR_MS + PACE_KEY_MORE_MS);
		CHECK_EQ(pace_key(secret, user), ms);
		met[ms - PACE_KEY_FLOOR_MS]++;
		differ += pace_key(other, user) != ms;
	}
	CHECK(differ > 100);
	for (unsigned i = 0; i <= PACE_KEY_MORE_MS; i++)
		CHECK(met[i] > 0);
}
