/* SPDX-License-Identifier: ISC */
#include "relay/later.h"

#include "harness.h"

enum { MANY = 8 };

struct chore {
	struct later later;
	uint64_t due_ms; /* not before */
	struct chore *cancels;
};

static struct laters laters;
static struct chore *done[2 * MANY];
static unsigned done_count;

static void on_due(struct later *l)
{
	struct chore *c = (struct chore *)(void *)l;

	CHECK(uv_now(laters.timer.loop) >= c->due_ms);
	done[done_count++] = c;
	if (c->cancels)
		later_cancel(&c->cancels->later);
}

static void add(struct chore *c, uint64_t wait_ms)
{
	*c = (struct chore){.cancels = NULL};
	later_init(&c->later, on_due);
	later_add(&laters, &c->later, wait_ms);
	c->due_ms = uv_now(laters.timer.loop) + wait_ms;
}

static void begin(uv_loop_t *loop)
{
	REQUIRE_EQ(uv_loop_init(loop), 0);
	laters_init(&laters, loop);
	done_count = 0;
}

static void end(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_DEFAULT); /* until nothing is due any more */
	laters_close(&laters);
	uv_run(loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(loop), 0);
}

TEST(each_when_it_is_due_the_earliest_first)
{
	static const unsigned wait_ms[MANY] = {5, 9, 1, 5, 0, 7, 9, 3};
	struct chore chore[MANY];
	uv_loop_t loop;

	begin(&loop);
	for (unsigned i = 0; i < MANY; i++)
		add(&chore[i], wait_ms[i]);
	CHECK_EQ(done_count, 0);
	end(&loop);
	REQUIRE_EQ(done_count, MANY);
	for (unsigned i = 1; i < MANY; i++)
		CHECK(done[i - 1]->due_ms <= done[i]->due_ms);
}

TEST(what_is_cancelled_is_not_done)
{
	struct chore chore[4];
	uv_loop_t loop;

	begin(&loop);
	for (unsigned i = 0; i < 4; i++)
		add(&chore[i], 2 + i / 2);
	later_cancel(&chore[0].later); /* the one the timer runs for */
	later_cancel(&chore[0].later);
	chore[1].cancels = &chore[2]; /* while others are done */
	end(&loop);
	REQUIRE_EQ(done_count, 2);
	CHECK(done[0] == &chore[1] && done[1] == &chore[3]);
}
