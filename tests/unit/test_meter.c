/* SPDX-License-Identifier: ISC */
#include "relay/meter.h"

#include "harness.h"

TEST(meter_tells_what_went_between_two_readings)
{
	struct meter m;

	meter_init(&m, 5000);
	CHECK_EQ(m.rate_in + m.rate_out, 0);
	meter_read(&m, 3000, 10, 6000);
	CHECK_EQ(m.rate_in, 3000);
	CHECK_EQ(m.rate_out, 10);
	meter_read(&m, 4000, 10, 6500);
	CHECK_EQ(m.rate_in, 2000);
	CHECK_EQ(m.rate_out, 0);
	meter_read(&m, 9000, 10, 6500); /* no time went by: told at the next reading */
	CHECK_EQ(m.rate_in, 2000);
	meter_read(&m, 9000, 10, 7500);
	CHECK_EQ(m.rate_in, 5000);
}

TEST(meter_of_a_counter_that_begins_anew)
{
	struct meter m;

	meter_init(&m, 0);
	meter_read(&m, 1000, 1000, 1000);
	meter_read(&m, 10, 2000, 2000);
	CHECK_EQ(m.rate_in, 0);
	CHECK_EQ(m.rate_out, 1000);
}

TEST(meter_counts_nothing_of_a_time_it_skipped)
{
	struct meter m;

	meter_init(&m, 0);
	meter_read(&m, 1000, 0, 1000);
	meter_skip(&m, 1500, 0, 100000);
	CHECK_EQ(m.rate_in, 0);
	meter_read(&m, 2500, 0, 101000);
	CHECK_EQ(m.rate_in, 1000);
}

TEST(meter_of_a_great_deal)
{
	struct meter m;

	meter_init(&m, 0);
	meter_read(&m, 1ULL << 60, 0, 1000);
	CHECK_EQ(m.rate_in, 1ULL << 60);
}
