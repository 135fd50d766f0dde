/* SPDX-License-Identifier: ISC */
/* The two halves of a channel and the sub-table of messages, walked as a whole. */
#include "mux/channel.h"

#include "harness.h"
#include "seed.h"
#include "wire/msgs.h"

#include <stdlib.h>

TEST(channel_is_small)
{
	CHECK(sizeof(struct channel) <= 160);
}

TEST(channel_moves_of_the_incoming_half)
{
	static const bool allowed[IN_COUNT][IN_COUNT] = {
		[IN_WAITS] = {[IN_FLOWS] = true},
		[IN_FLOWS] = {[IN_EOF] = true, [IN_CLOSED] = true},
		[IN_EOF] = {[IN_CLOSED] = true},
	};

	for (unsigned from = 0; from < IN_COUNT; from++) {
		for (unsigned to = 0; to < IN_COUNT; to++) {
			struct channel c = {.in = (uint8_t)from};
			enum err e = channel_set_in(&c, (enum channel_in)to);

			harness_note("%u to %u", from, to);
			CHECK_EQ(e, allowed[from][to] ? E_OK : E_PROTO);
			CHECK_EQ(c.in, allowed[from][to] ? to : from);
		}
	}
}

TEST(channel_moves_of_the_outgoing_half)
{
	static const bool allowed[OUT_COUNT][OUT_COUNT] = {
		[OUT_WAITS] = {[OUT_FLOWS] = true},
		[OUT_FLOWS] = {[OUT_EOF] = true, [OUT_CLOSED] = true},
		[OUT_EOF] = {[OUT_CLOSED] = true},
	};

	for (unsigned from = 0; from < OUT_COUNT; from++) {
		for (unsigned to = 0; to < OUT_COUNT; to++) {
			struct channel c = {.out = (uint8_t)from};
			enum err e = channel_set_out(&c, (enum channel_out)to);

			harness_note("%u to %u", from, to);
			CHECK_EQ(e, allowed[from][to] ? E_OK : E_STATE);
			CHECK_EQ(c.out, allowed[from][to] ? to : from);
		}
	}
}

/* One letter a message, 91..100: t taken, d dropped, - illegal. */
static void check_row(enum channel_in in, enum channel_out out, bool is_ours, const char *row)
{
	struct channel c = {.in = (uint8_t)in, .out = (uint8_t)out, .is_ours = is_ours};
	char got[11] = {0};

	for (uint8_t msg = 91; msg <= 100; msg++)
		got[msg - 91] = "-td"[channel_judge(&c, msg)];
	harness_note("in %d, out %d, ours %d", in, out, is_ours);
	CHECK_STR(got, row);
	for (int msg = 0; msg < 256; msg++) {
		if (msg < 91 || msg > 100)
			CHECK_EQ(channel_judge(&c, (uint8_t)msg), FATE_ILLEGAL);
	}
}

TEST(channel_sub_table)
{
	/* 91 confirm, 92 refuse, 93 adjust, 94 data, 95 extended, 96 EOF, 97 CLOSE, 98 request,
	 * 99 success, 100 failure */
	check_row(IN_WAITS, OUT_WAITS, true, "ttd-----dd");
	check_row(IN_WAITS, OUT_WAITS, false, "--d-----dd");
	for (int ours = 0; ours < 2; ours++) {
		check_row(IN_FLOWS, OUT_FLOWS, ours, "--tttttttt");
		check_row(IN_FLOWS, OUT_EOF, ours, "--tttttttt");
		check_row(IN_FLOWS, OUT_CLOSED, ours, "--dddttddd");
		check_row(IN_EOF, OUT_FLOWS, ours, "--t---tttt");
		check_row(IN_EOF, OUT_EOF, ours, "--t---tttt");
		check_row(IN_EOF, OUT_CLOSED, ours, "--d---tddd");
		check_row(IN_CLOSED, OUT_CLOSED, ours, "----------");
	}
}

TEST(channel_starts_half_open)
{
	struct channel *c = channel_new(true);

	REQUIRE(c != NULL);
	CHECK(c->is_ours && c->in == IN_WAITS && c->out == OUT_WAITS);
	CHECK_EQ(c->recv.left, 0);
	CHECK(channel_is_sane(c));
	free(c);
}

TEST(channel_pays_replies_in_order)
{
	struct channel c = {0};

	CHECK(!channel_pay(&c));
	CHECK(!channel_pay_refused(&c));
	/* The program's, ours, ours, the program's. */
	REQUIRE_EQ(channel_owe(&c, false), E_OK);
	REQUIRE_EQ(channel_owe(&c, true), E_OK);
	REQUIRE_EQ(channel_owe(&c, true), E_OK);
	REQUIRE_EQ(channel_owe(&c, false), E_OK);
	CHECK(!channel_pay_refused(&c));
	CHECK(channel_pay(&c));
	CHECK(!channel_pay(&c));
	CHECK(channel_pay_refused(&c));
	CHECK(channel_pay_refused(&c));
	CHECK(!channel_pay_refused(&c));
	CHECK(channel_pay(&c));
	CHECK_EQ(c.owed, 0);
	CHECK_EQ(c.owed_here, 0);
	for (int i = 0; i < CHANNEL_REPLIES_MAX; i++)
		REQUIRE_EQ(channel_owe(&c, true), E_OK);
	CHECK_EQ(channel_owe(&c, true), E_LIMIT);
	CHECK_EQ(channel_owe(&c, false), E_LIMIT);
	for (int i = 0; i < CHANNEL_REPLIES_MAX; i++)
		CHECK(channel_pay_refused(&c));
	CHECK(!channel_pay_refused(&c));
}

static struct channel open_one(void)
{
	return (struct channel){.in = IN_FLOWS,
		.out = OUT_FLOWS,
		.peer_packet_max = 1,
		.recv = {.size = 100, .left = 60, .held = 40}};
}

/* Each of these could not have come about. */
TEST(channel_sanity)
{
	struct channel c = open_one();

	CHECK(channel_is_sane(&c));
	c.in = IN_CLOSED;
	CHECK(!channel_is_sane(&c));
	c.in = IN_WAITS;
	CHECK(!channel_is_sane(&c));
	c = open_one();
	c.out = OUT_COUNT;
	CHECK(!channel_is_sane(&c));
	c.out = OUT_WAITS;
	CHECK(!channel_is_sane(&c));
	c = open_one();
	c.peer_packet_max = 0;
	CHECK(!channel_is_sane(&c));
	c = open_one();
	c.is_unwanted = true;
	CHECK(!channel_is_sane(&c));
	c = open_one();
	c.in = IN_EOF; /* nothing more can come */
	CHECK(!channel_is_sane(&c));
	c.recv.left = 0;
	CHECK(channel_is_sane(&c));
	c = open_one();
	c.asked = CHANNEL_REPLIES_MAX + 1;
	CHECK(!channel_is_sane(&c));
	c = open_one();
	c.owed = CHANNEL_REPLIES_MAX + 1;
	CHECK(!channel_is_sane(&c));
	c.owed = CHANNEL_REPLIES_MAX;
	c.owed_here = 0x80000000;
	CHECK(channel_is_sane(&c));
	c.owed = 31;
	CHECK(!channel_is_sane(&c));
	c.owed_here = 1;
	CHECK(!channel_is_sane(&c));
	c = (struct channel){.in = IN_WAITS, .out = OUT_WAITS, .is_ours = true};
	CHECK(channel_is_sane(&c));
	c.is_unwanted = true;
	CHECK(channel_is_sane(&c));
	c.is_ours = false;
	c.peer_packet_max = 1;
	CHECK(!channel_is_sane(&c));
	c.is_unwanted = false;
	CHECK(channel_is_sane(&c));
	c.bytes_in = 1;
	CHECK(!channel_is_sane(&c));
}
