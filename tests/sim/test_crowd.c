/* SPDX-License-Identifier: ISC */
/*
 * F6: a thousand channels of one connection whose readers take nothing, at both ends. What stands
 * in the queues of each end keeps its budget, the connection lives, who comes later is served, and
 * when the readers begin to read each gets its bytes (pair.c compares them).
 */
#include "sim/pair.h"

#include "support/harness.h"
#include "wire/msgs.h"

enum { SLOW = 1000, CHANNELS = SLOW + 1, BYTES = 96 * 1024, BYTES_LAST = 5 << 20, STEPS = 3000 };

/* What a side has granted and not got back: what it may have to hold. The whole of it, and of those
 * that are stuck. */
static uint64_t credit_out(struct side *d, uint64_t *stuck)
{
	struct mux *m = session_mux(d->s);
	uint64_t sum = 0;

	*stuck = 0;
	for (unsigned i = 0; i < d->opened; i++) {
		struct mux_channel_info info;
		uint64_t one;

		if (!d->streams[i].is_live || !mux_channel_info(m, d->streams[i].channel, &info))
			continue;
		one = (uint64_t)info.recv_left + d->streams[i].owed;
		REQUIRE(one <= WINDOW_START);
		sum += one;
		if (i < SLOW)
			*stuck += one;
	}
	return sum;
}

static void check_budget(struct pair *p)
{
	struct side *sides[] = {&p->client, &p->server};
	uint64_t stuck;

	for (int i = 0; i < 2; i++) {
		if (session_mux(sides[i]->s) == NULL)
			continue;
		REQUIRE(credit_out(sides[i], &stuck) <= WINDOW_BUDGET);
		/* Less than eight windows, and a floor each. */
		REQUIRE(p->is_draining || stuck < 8 * (uint64_t)WINDOW_START + SLOW * 8 * 1024);
	}
}

static bool last_is_over(const struct pair *p)
{
	return p->client.streams[SLOW].is_closed && p->server.streams[SLOW].is_closed;
}

static void run(unsigned freeze_one_in, unsigned rekey_one_in)
{
	struct pair_options o = {.seed = 6,
		.channels = CHANNELS,
		.bytes = BYTES,
		.bytes_last = BYTES_LAST,
		.stuck = SLOW,
		.freeze_one_in = freeze_one_in,
		.rekey_one_in = rekey_one_in};
	static struct pair p;
	unsigned steps = 0, before;

	REQUIRE(pair_init(&p, &o));
	while (!last_is_over(&p) && steps++ < STEPS && pair_step(&p))
		check_budget(&p);
	CHECK(last_is_over(&p) && !p.client.dead && !p.server.dead);
	CHECK_EQ(p.client.closed + p.server.closed, 2);
	/* Whatever more time passes, the others stand still. */
	for (before = 0; before < 5; before++)
		pair_step(&p);
	CHECK_EQ(p.client.closed, 1);
	p.is_draining = true;
	while (steps++ < STEPS && pair_step(&p))
		check_budget(&p);
	CHECK(pair_is_done(&p) && !p.client.dead && !p.server.dead);
	pair_fini(&p);
}

TEST(a_thousand_slow_readers)
{
	run(0, 0);
}

TEST(a_thousand_slow_readers_frozen_and_with_new_keys)
{
	run(40, 60);
}
