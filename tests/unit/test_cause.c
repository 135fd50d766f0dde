/* SPDX-License-Identifier: ISC */
#include "relay/cause.h"

#include "harness.h"

#define MIB (1024 * 1024)

static struct cause_way way;
static struct cause_view view;

/* A second of it. */
static void waited(enum stall what, uint64_t rate)
{
	way = (struct cause_way){.rtt_us = 100000, .least_rtt_us = 99000};
	view = (struct cause_view){.way = &way, .rate = rate, .window = 2 * MIB};
	view.ms[what] = 700;
	view.ms[STALL_SOURCE] += 300;
}

TEST(cause_of_what_is_seen_at_once)
{
	waited(STALL_SOURCE, 0);
	CHECK_EQ(cause_in(&view), CAUSE_IDLE);
	CHECK_EQ(cause_out(&view), CAUSE_IDLE);
	waited(STALL_SOURCE, 1000);
	CHECK_EQ(cause_in(&view), CAUSE_VISITOR);
	CHECK_EQ(cause_out(&view), CAUSE_TARGET);
	waited(STALL_LINE, 1000);
	CHECK_EQ(cause_in(&view), CAUSE_AGENT);
	waited(STALL_RATE, 1000);
	CHECK_EQ(cause_in(&view), CAUSE_RATE);
	CHECK_EQ(cause_out(&view), CAUSE_RATE);
	waited(STALL_NO, 1000);
	CHECK_EQ(cause_in(&view), CAUSE_RELAY);
	waited(STALL_SINK, 0);
	CHECK_EQ(cause_out(&view), CAUSE_VISITOR);
}

TEST(cause_of_a_window_that_comes_back_in_a_round_trip)
{
	waited(STALL_WINDOW, 20 * MIB);
	CHECK_EQ(cause_in(&view), CAUSE_WINDOW);
	view.rate = 11 * MIB;
	CHECK_EQ(cause_in(&view), CAUSE_WINDOW);
	view.rate = 9 * MIB; /* it takes more than two */
	CHECK_EQ(cause_in(&view), CAUSE_TARGET);
	view.rate = 0;
	CHECK_EQ(cause_in(&view), CAUSE_TARGET);
	view.rate = 20 * MIB;
	way.rtt_us = -1;
	CHECK_EQ(cause_in(&view), CAUSE_TARGET);
	/* Not confirmed yet: the agent waits for its target. */
	waited(STALL_WINDOW, 0);
	view.window = 0;
	CHECK_EQ(cause_in(&view), CAUSE_TARGET);
}

TEST(cause_of_a_window_that_the_line_keeps)
{
	waited(STALL_WINDOW, MIB);
	way.unsent = MIB;
	CHECK_EQ(cause_in(&view), CAUSE_AGENT);
	waited(STALL_WINDOW, 2 * MIB);
	way.rtt_us = 1000000;
	CHECK_EQ(cause_in(&view), CAUSE_AGENT);
	way.least_rtt_us = 400000; /* a way that is long, and no queue on it */
	CHECK_EQ(cause_in(&view), CAUSE_WINDOW);
}

TEST(cause_of_a_window_on_the_way_back)
{
	waited(STALL_SOURCE, 20 * MIB);
	CHECK_EQ(cause_out(&view), CAUSE_WINDOW);
	way.rtt_us = 1000000;
	CHECK_EQ(cause_out(&view), CAUSE_TARGET);
	way.rtt_us = -1;
	CHECK_EQ(cause_out(&view), CAUSE_TARGET);
}

TEST(cause_of_an_agent_that_does_not_answer)
{
	for (int i = 0; i < STALL_KINDS; i++) {
		waited((enum stall)i, 0);
		way.is_silent = true;
		CHECK_EQ(cause_in(&view), CAUSE_AGENT);
		CHECK_EQ(cause_out(&view), CAUSE_AGENT);
	}
}

TEST(cause_names)
{
	CHECK_STR(cause_name(CAUSE_IDLE), "idle");
	CHECK_STR(cause_name(CAUSE_RELAY), "relay");
}
