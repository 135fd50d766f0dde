/* SPDX-License-Identifier: ISC */
/* Bytes against the clock of the loop, which the throttle goes by. */
#include "bridge/throttle.h"

#include "harness.h"

#include <assert.h>

static uv_loop_t loop;
static struct hub hub;

struct taker {
	struct throttle_turn turn;
	struct throttle *throttle;
	uint64_t taken, most; /* in all; at a time */
	unsigned turns;
	bool is_done;
};

static void begin(void)
{
	REQUIRE_EQ(uv_loop_init(&loop), 0);
	REQUIRE_EQ(hub_init(&hub, &loop, 0), E_OK);
}

static void end(void)
{
	hub_fini(&hub);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
}

static void take(struct throttle_turn *turn)
{
	struct taker *t = list_entry(turn, struct taker, turn);
	uint64_t room = throttle_room(t->throttle);

	if (t->is_done)
		return;
	t->turns++;
	room = room < t->most ? room : t->most;
	throttle_spend(t->throttle, room);
	t->taken += room;
	throttle_wait(t->throttle, turn);
}

static struct taker taker(struct throttle *throttle, uint64_t most)
{
	return (struct taker){.turn.go = take, .throttle = throttle, .most = most};
}

static void start(struct taker *t)
{
	list_init(&t->turn.link);
	take(&t->turn);
}

static void run_for(uint64_t ms)
{
	uint64_t end_ms = uv_now(&loop) + ms;

	while (uv_now(&loop) < end_ms)
		uv_run(&loop, UV_RUN_ONCE);
}

static void stop(struct taker *t)
{
	t->is_done = true;
	list_remove(&t->turn.link);
}

TEST(throttle_keeps_its_rate)
{
	static const uint64_t rates[] = {1024, 10000, 1000000, 5ULL << 30};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t rate = rates[i], burst = rate / 20 > 256 ? rate / 20 : 256;
		struct taker t;
		uint64_t from, ms;

		harness_note("%llu", (unsigned long long)rate);
		begin();
		t = taker(throttle_new(&hub, rate), UINT64_MAX);
		REQUIRE(t.throttle != NULL);
		from = uv_now(&loop);
		start(&t);
		CHECK_EQ(t.taken, burst);
		run_for(300);
		ms = uv_now(&loop) - from;
		CHECK(t.taken <= burst + rate * ms / 1000);
		/* The last turn may be a wake-up's time away. */
		CHECK(t.taken + 128 + rate * 50 / 1000 >= rate * ms / 1000);
		CHECK(t.turns <= 2 + ms / 10);
		stop(&t);
		throttle_free(t.throttle);
		end();
	}
}

TEST(throttle_is_shared_evenly)
{
	enum { COUNT = 8 };
	struct taker t[COUNT];
	struct throttle *throttle;
	uint64_t least = UINT64_MAX, most = 0;

	begin();
	throttle = throttle_new(&hub, 1000 * 1000);
	REQUIRE(throttle != NULL);
	for (size_t i = 0; i < COUNT; i++) {
		t[i] = taker(throttle, 10 * 1000);
		start(&t[i]);
	}
	run_for(400);
	for (size_t i = 0; i < COUNT; i++) {
		least = t[i].taken < least ? t[i].taken : least;
		most = t[i].taken > most ? t[i].taken : most;
		stop(&t[i]);
	}
	CHECK(least > 0);
	CHECK(most - least <= 30 * 1000);
	throttle_free(throttle);
	end();
}

TEST(throttle_debts_are_paid)
{
	struct throttle *throttle;
	struct taker t;
	uint64_t from;

	begin();
	throttle = throttle_new(&hub, 1000 * 1000);
	REQUIRE(throttle != NULL);
	CHECK_EQ(throttle_room(throttle), 50 * 1000);
	throttle_spend(throttle, 150 * 1000);
	CHECK_EQ(throttle_room(throttle), 0);
	t = taker(throttle, UINT64_MAX);
	from = uv_now(&loop);
	start(&t);
	while (t.taken == 0)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK(uv_now(&loop) - from >= 100);
	stop(&t);
	throttle_free(throttle);
	end();
}

TEST(throttle_without_anybody_has_no_timer)
{
	struct throttle *throttle;

	begin();
	throttle = throttle_new(&hub, 4096);
	REQUIRE(throttle != NULL);
	throttle_spend(throttle, 100);
	CHECK_EQ(uv_run(&loop, UV_RUN_NOWAIT), 0); /* nothing to wait for */
	throttle_free(throttle);
	end();
}

TEST(throttle_gives_back)
{
	struct throttle *throttle;

	begin();
	throttle = throttle_new(&hub, 1000 * 1000);
	REQUIRE(throttle != NULL);
	throttle_spend(throttle, 250 * 1000);
	throttle_refund(throttle, 210 * 1000);
	CHECK_EQ(throttle_room(throttle), 10 * 1000);
	throttle_refund(throttle, SIZE_MAX);
	CHECK_EQ(throttle_room(throttle), 50 * 1000);
	throttle_free(throttle);
	end();
}

TEST(throttle_can_be_set_anew)
{
	struct throttle *throttle;

	begin();
	throttle = throttle_new(&hub, 1000 * 1000);
	REQUIRE(throttle != NULL);
	throttle_set(throttle, 20 * 1000);
	CHECK_EQ(throttle_room(throttle), 1000);
	throttle_set(throttle, UINT64_MAX);
	CHECK(throttle_room(throttle) > 0);
	throttle_free(throttle);
	throttle_free(NULL);
	end();
}

TEST(throttle_windows)
{
	CHECK_EQ(throttle_window(1024), 256);
	CHECK_EQ(throttle_window(1 << 20), 1 << 18);
	CHECK_EQ(throttle_window(UINT64_MAX), 2 << 20);
}
