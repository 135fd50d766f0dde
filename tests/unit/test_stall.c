/* SPDX-License-Identifier: ISC */
#include "bridge/stall.h"

#include "harness.h"

static uint64_t ms[STALL_KINDS];

static uint64_t sum(void)
{
	uint64_t all = 0;

	for (int i = 0; i < STALL_KINDS; i++)
		all += ms[i];
	return all;
}

TEST(stall_counts_what_it_was_told)
{
	struct stall_clock s;

	stall_init(&s, STALL_WINDOW, 1000, 0);
	stall_tell(&s, STALL_SOURCE, 1300, 0);
	stall_tell(&s, STALL_SOURCE, 1350, 0); /* no news: it goes on */
	stall_tell(&s, STALL_SINK, 1500, 0);
	stall_tell(&s, STALL_WINDOW, 1500, 0);
	stall_sums(&s, 1507, 0, ms);
	CHECK_EQ(ms[STALL_WINDOW], 307);
	CHECK_EQ(ms[STALL_SOURCE], 200);
	CHECK_EQ(ms[STALL_SINK], 0);
	CHECK_EQ(sum(), 507);
	/* Looking changes nothing. */
	stall_sums(&s, 1507, 0, ms);
	CHECK_EQ(sum(), 507);
}

TEST(stall_gives_the_line_its_share_of_the_wait_while_ready)
{
	struct stall_clock s;

	stall_init(&s, STALL_SOURCE, 0, 0);
	stall_tell(
		&s, STALL_NO, 100, 40); /* the line stood still for 40 before: none of this one's */
	stall_sums(&s, 200, 100, ms);
	CHECK_EQ(ms[STALL_NO], 40);
	CHECK_EQ(ms[STALL_LINE], 60);
	stall_tell(&s, STALL_SOURCE, 300, 110);
	stall_sums(&s, 400, 190, ms); /* nor what comes after */
	CHECK_EQ(ms[STALL_NO], 130);
	CHECK_EQ(ms[STALL_LINE], 70);
	CHECK_EQ(ms[STALL_SOURCE], 200);
}

TEST(stall_never_counts_more_than_the_time_that_went_by)
{
	struct stall_clock s;

	stall_init(&s, STALL_NO, 100, 0);
	stall_sums(&s, 150, 500, ms);
	CHECK_EQ(ms[STALL_LINE], 50);
	CHECK_EQ(sum(), 50);
	stall_sums(&s, 90, 0, ms); /* a clock that was not read again */
	CHECK_EQ(sum(), 0);
}
