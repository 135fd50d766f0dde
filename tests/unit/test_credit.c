/* SPDX-License-Identifier: ISC */
#include "mux/credit.h"

#include "harness.h"
#include "seed.h"
#include "wire/msgs.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static struct credit as_configured(void)
{
	struct credit c;

	credit_init(&c, WINDOW_START, WINDOW_BUDGET, LIMIT_CHANNELS);
	return c;
}

static uint32_t out(const struct recv_window *w)
{
	return w->left + w->held;
}

/* The peer sends n, the program consumes m of what is there. Returns what was granted. */
static uint32_t move(
	struct credit *c, struct recv_window *w, uint32_t n, uint32_t m, uint32_t channels)
{
	REQUIRE_EQ(recv_window_take(w, n), E_OK);
	credit_consume(c, w, m);
	return credit_grant(c, w, channels);
}

/* All that is granted is sent and consumed at once, for some rounds. */
static void stream(struct credit *c, struct recv_window *w, uint32_t channels, int rounds)
{
	for (int i = 0; i < rounds; i++)
		REQUIRE(move(c, w, w->left, w->left, channels) > 0);
}

TEST(credit_floors_and_the_shared_part_make_the_budget)
{
	struct credit c = as_configured();

	CHECK_EQ(c.floor, 8 * KIB);
	CHECK_EQ((uint64_t)c.floor * LIMIT_CHANNELS + c.shared, WINDOW_BUDGET);
	credit_init(&c, 1000, 200 * 1000, 10); /* a whole window for each */
	CHECK_EQ(c.floor, 1000);
	CHECK_EQ(c.shared, 190 * 1000);
	credit_init(&c, 1000, 0, 10);
	CHECK_EQ(c.floor, 1000);
	CHECK_EQ(c.shared, 0);
}

static void no_budget_worth_the_name(void *arg)
{
	credit_init(arg, 1000, 19, 10);
}

TEST(credit_budget_is_our_own_duty)
{
	struct credit c;

	CHECK_ABORTS(no_budget_worth_the_name, &c);
	credit_init(&c, 1000, 20, 10);
	CHECK_EQ(c.floor, 1);
}

TEST(credit_without_a_budget_is_a_whole_window_each)
{
	struct recv_window w[50];
	struct credit c;

	credit_init(&c, 1000, 0, 50);
	for (uint32_t i = 0; i < 50; i++) {
		credit_start(&c, &w[i], i + 1);
		CHECK_EQ(w[i].left, 1000);
	}
	CHECK_EQ(move(&c, &w[7], 1000, 1000, 50), 1000);
	CHECK_EQ(c.spent, 0);
}

TEST(credit_of_one_channel_is_a_whole_window)
{
	struct credit c = as_configured();
	struct recv_window w;

	credit_start(&c, &w, 1);
	CHECK_EQ(w.left, WINDOW_START);
	stream(&c, &w, 1, 10);
	CHECK_EQ(w.size, WINDOW_START);
	/* Alone even a slow one keeps it: nobody else needs it. */
	REQUIRE_EQ(recv_window_take(&w, w.left), E_OK);
	for (int i = 0; i < 100; i++)
		(void)move(&c, &w, 0, 1000, 1);
	CHECK_EQ(w.size, WINDOW_START);
	credit_end(&c, &w);
	CHECK_EQ(c.spent, 0);
}

/* Eight windows at most for a thousand that nobody reads, and less than ten for all there can be;
 * who comes then has its floor, and grows to a whole window. */
TEST(credit_of_a_crowd_starts_small)
{
	static struct recv_window w[LIMIT_CHANNELS];
	struct credit c = as_configured();
	uint64_t sum = 0;

	for (uint32_t i = 0; i < LIMIT_CHANNELS; i++) {
		credit_start(&c, &w[i], i + 1);
		CHECK(w[i].left >= c.floor);
		sum += w[i].left;
		if (i + 1 == 1000) {
			struct recv_window late;

			CHECK(sum < 11 * (uint64_t)WINDOW_START);
			CHECK(c.spent < 8 * (uint64_t)WINDOW_START);
			credit_start(&c, &late, 1001);
			CHECK_EQ(late.left, c.floor);
			stream(&c, &late, 1001, 8);
			CHECK_EQ(late.left, WINDOW_START);
			credit_end(&c, &late);
		}
	}
	CHECK(sum <= WINDOW_BUDGET);
}

/* A size is doubled only by a stream that its window holds back. */
TEST(credit_grows_while_the_reader_keeps_up)
{
	struct credit c = as_configured();
	struct recv_window w;

	credit_start(&c, &w, 1000);
	CHECK_EQ(w.size, 8 * KIB);
	(void)move(&c, &w, 3 * KIB, 3 * KIB, 1000); /* less than half: it has what it needs */
	CHECK_EQ(w.size, 8 * KIB);
	(void)move(&c, &w, w.left, 4 * KIB, 1000); /* its reader is behind */
	CHECK_EQ(w.size, 8 * KIB);
	(void)move(
		&c, &w, 0, w.held, 1000); /* and has caught up, while the peer has nothing left */
	CHECK_EQ(w.size, 16 * KIB);
	CHECK_EQ(w.left, 16 * KIB);
	stream(&c, &w, 1000, 6);
	CHECK_EQ(w.size, 1 * MIB);
	stream(&c, &w, 1000, 1);
	CHECK_EQ(w.left, WINDOW_START);
}

/* Streams that all keep up come to equal parts when there is not enough for whole windows, and
 * grow again when the others have gone. */
TEST(credit_is_shared_when_it_is_short)
{
	enum { MANY = 100 };
	struct recv_window w[MANY];
	struct credit c = as_configured();
	uint64_t equal = c.floor + c.shared / MANY;

	for (uint32_t i = 0; i < MANY; i++)
		credit_start(&c, &w[i], i + 1);
	for (int round = 0; round < 50; round++)
		for (uint32_t i = 0; i < MANY; i++)
			stream(&c, &w[i], MANY, 1);
	CHECK(c.spent <= c.shared);
	CHECK(c.spent > c.shared / 2);
	for (uint32_t i = 0; i < MANY; i++)
		CHECK(out(&w[i]) >= equal / 2 && out(&w[i]) <= WINDOW_START);
	for (uint32_t i = 1; i < MANY; i++)
		credit_end(&c, &w[i]);
	stream(&c, &w[0], 1, 6);
	CHECK_EQ(w[0].left, WINDOW_START);
}

/* Slow ones give back what others need, as fast as they consume. */
TEST(credit_of_slow_readers_shrinks_when_others_need_it)
{
	enum { SLOW = 30 };
	struct recv_window w[SLOW + 1];
	struct credit c;

	credit_init(&c, 1 * MIB, 32 * MIB, 2048);
	for (uint32_t i = 0; i < SLOW; i++) {
		credit_start(&c, &w[i], 1);
		REQUIRE_EQ(recv_window_take(&w[i], w[i].left), E_OK);
	}
	CHECK(c.spent > c.shared * 9 / 10);
	for (int round = 0; round < 300; round++)
		for (uint32_t i = 0; i < SLOW; i++) {
			uint32_t n = w[i].held < 4 * KIB ? w[i].held : 4 * KIB;

			(void)move(&c, &w[i], 0, n, SLOW + 1);
			(void)move(&c, &w[i], w[i].left, 0, SLOW + 1);
		}
	CHECK(c.spent < c.shared * 3 / 4);
	credit_start(&c, &w[SLOW], SLOW + 1);
	stream(&c, &w[SLOW], SLOW + 1, 10);
	CHECK_EQ(w[SLOW].left, 1 * MIB);
}

/* With less than half free they are the first to give, and only they. */
TEST(credit_is_taken_from_slow_readers_first)
{
	struct recv_window w[10];
	struct credit c;

	credit_init(&c, 1 * MIB, 32 * MIB, 2048);
	for (uint32_t i = 0; i < 10; i++)
		credit_start(&c, &w[i], 1);
	CHECK(c.shared - c.spent < c.shared / 2 && c.shared - c.spent > c.shared / 4);
	REQUIRE_EQ(recv_window_take(&w[0], w[0].left), E_OK);
	for (int i = 0; i < 100; i++) {
		(void)move(&c, &w[0], w[0].left, 1, 10);
		stream(&c, &w[1], 10, 1);
	}
	CHECK_EQ(w[0].size, c.floor);
	CHECK_EQ(w[1].left, 1 * MIB);
}

TEST(credit_pressed_is_the_floor)
{
	struct credit c = as_configured();
	struct recv_window old, new;

	credit_start(&c, &old, 1);
	c.is_pressed = true;
	credit_start(&c, &new, 2);
	CHECK_EQ(new.left, c.floor);
	(void)move(&c, &new, new.left, new.left, 2);
	CHECK_EQ(new.left, c.floor);
	for (int i = 0; i < 1000; i++) {
		uint32_t n = old.left < 32 * KIB ? old.left : 32 * KIB;

		(void)move(&c, &old, n, n, 2);
	}
	CHECK(out(&old) <= c.floor);
	CHECK_EQ(c.spent, 0);
	c.is_pressed = false;
	stream(&c, &old, 2, 8);
	CHECK_EQ(old.left, WINDOW_START);
}

TEST(credit_of_an_ended_stream_is_void)
{
	struct credit c = as_configured();
	struct recv_window w;

	credit_start(&c, &w, 1);
	REQUIRE_EQ(recv_window_take(&w, 100 * KIB), E_OK);
	credit_void(&c, &w);
	CHECK_EQ(w.left, 0);
	CHECK_EQ(c.spent, 92 * KIB);
	credit_consume(&c, &w, 100 * KIB);
	CHECK_EQ(c.spent, 0);
	credit_end(&c, &w);
	CHECK_EQ(c.spent, 0);
}

TEST(credit_adopts_what_could_have_been_granted)
{
	struct recv_window w = {.size = 1 * MIB, .left = 1 * MIB, .held = 1 * MIB};
	struct credit c = as_configured();
	int count = 0;

	while (credit_adopt(&c, &w) == E_OK)
		count++;
	CHECK_EQ(count, 16); /* 32 MiB are shared, and a floor each comes on top */
	CHECK(c.spent <= c.shared);
	w = (struct recv_window){.left = 8 * KIB};
	CHECK_EQ(credit_adopt(&c, &w), E_OK);
	c = as_configured();
	w = (struct recv_window){.left = 1 * MIB, .held = 1 * MIB + 1};
	CHECK_EQ(credit_adopt(&c, &w), E_FORMAT);
	w = (struct recv_window){.left = UINT32_MAX, .held = UINT32_MAX};
	CHECK_EQ(credit_adopt(&c, &w), E_FORMAT);
	w = (struct recv_window){.size = WINDOW_START + 1};
	CHECK_EQ(credit_adopt(&c, &w), E_FORMAT);
	CHECK_EQ(c.spent, 0);
}

/* --- whatever happens ------------------------------------------------------------------------- */

enum { CHANNELS = 40 };

struct walk {
	struct credit c;
	struct recv_window w[CHANNELS];
	struct send_window peer[CHANNELS];
	bool is_there[CHANNELS], has_ended[CHANNELS];
	uint32_t count;
};

static void check_sums(const struct walk *k, uint64_t budget)
{
	uint64_t sum = 0, beyond = 0;

	for (int i = 0; i < CHANNELS; i++) {
		const struct recv_window *w = &k->w[i];

		REQUIRE(out(w) <= k->c.window);
		sum += out(w);
		beyond += out(w) > k->c.floor ? out(w) - k->c.floor : 0;
		if (!k->is_there[i])
			REQUIRE_EQ(out(w), 0);
		else if (!k->has_ended[i])
			REQUIRE_EQ(k->peer[i].left, w->left); /* never less than was granted */
	}
	REQUIRE_EQ(beyond, k->c.spent);
	REQUIRE(k->c.spent <= k->c.shared);
	REQUIRE(sum <= budget);
}

static void begin(struct walk *k, int i)
{
	k->is_there[i] = true;
	k->has_ended[i] = false;
	credit_start(&k->c, &k->w[i], ++k->count);
	REQUIRE(k->w[i].left > 0);
	k->peer[i].left = k->w[i].left;
}

static void end(struct walk *k, int i)
{
	credit_end(&k->c, &k->w[i]);
	k->is_there[i] = false;
	k->count--;
}

static void consume(struct walk *k, int i, uint32_t n)
{
	credit_consume(&k->c, &k->w[i], n);
	if (!k->has_ended[i])
		REQUIRE_EQ(send_window_grow(&k->peer[i], credit_grant(&k->c, &k->w[i], k->count)),
			E_OK);
}

static void step(struct walk *k, struct seed *s)
{
	int i = (int)seed_below(s, CHANNELS);
	struct recv_window *w = &k->w[i];
	uint32_t n;

	if (!k->is_there[i]) {
		begin(k, i);
		return;
	}
	switch (seed_below(s, 40)) {
	case 0:
		end(k, i);
		return;
	case 1:
		k->has_ended[i] = true;
		credit_void(&k->c, w);
		return;
	case 2:
		k->c.is_pressed = !k->c.is_pressed;
		return;
	default:
		break;
	}
	n = (uint32_t)seed_below(s, (uint64_t)w->left + 1);
	REQUIRE_EQ(recv_window_take(w, n), E_OK);
	k->peer[i].left -= n;
	/* The first ones are slow. */
	if (i > CHANNELS / 2 || seed_one_in(s, 10))
		consume(k, i, seed_one_in(s, 3) ? w->held : (uint32_t)seed_below(s, w->held + 1));
}

/* The sum keeps its budget, each channel its window; and whoever's reader has taken all there is
 * can be sent something. */
TEST(credit_random_walk)
{
	struct seed s;

	seed_init(&s, 42545);
	for (int round = 0; round < 100; round++) {
		uint32_t window = 1 + (uint32_t)seed_below(&s, 5000);
		size_t budget = 2 * CHANNELS + seed_below(&s, 40 * window);
		struct walk k = {.count = 0};

		credit_init(&k.c, window, budget, CHANNELS);
		for (int i = 0; i < 2000; i++) {
			harness_note("round %d step %d", round, i);
			step(&k, &s);
			check_sums(&k, budget);
		}
		for (int i = 0; i < CHANNELS; i++) {
			if (!k.is_there[i])
				continue;
			consume(&k, i, k.w[i].held);
			REQUIRE(k.has_ended[i] || k.w[i].left > 0);
		}
		check_sums(&k, budget);
		for (int i = 0; i < CHANNELS; i++)
			if (k.is_there[i])
				end(&k, i);
		CHECK_EQ(k.c.spent, 0);
	}
}

/* A crowd of narrow windows has little more out than one of them. */
TEST(credit_of_a_narrow_window)
{
	struct recv_window w[1000];
	struct credit c;
	uint64_t out = 0;

	credit_init(&c, 2 << 20, 64 << 20, 1024);
	credit_narrow(&c, 256 << 10);
	for (uint32_t i = 0; i < 1000; i++) {
		credit_start(&c, &w[i], i + 1);
		CHECK(w[i].left > 0 && w[i].left <= 256 << 10);
		out += w[i].left;
	}
	CHECK_EQ(w[0].left, 256 << 10);
	CHECK(out < 20ull * (256 << 10));
	credit_init(&c, 2 << 20, 0, 1024);
	credit_narrow(&c, 4 << 20); /* no wider than it was */
	credit_start(&c, &w[0], 1);
	CHECK_EQ(w[0].left, 2 << 20);
	credit_init(&c, 2 << 20, 64 << 20, 1024);
	credit_narrow(&c, 100);
	credit_start(&c, &w[0], 1);
	credit_start(&c, &w[1], 2);
	CHECK_EQ(w[0].left, 100);
	CHECK_EQ(w[1].left, 100);
}

TEST(one_channel_may_be_narrower_than_the_others)
{
	struct recv_window narrow, wide;
	struct credit c;

	credit_init(&c, 1 << 20, 8 << 20, 64);
	credit_narrow_next(&c, 5000);
	credit_start(&c, &narrow, 1);
	credit_start(&c, &wide, 2);
	CHECK_EQ(narrow.left, 5000);
	CHECK(wide.left > 5000);
	/* However well it is read, it does not grow. */
	for (int i = 0; i < 1000; i++) {
		uint32_t n = narrow.left;

		REQUIRE_EQ(recv_window_take(&narrow, n), E_OK);
		credit_consume(&c, &narrow, n);
		(void)credit_grant(&c, &narrow, 2);
		CHECK_EQ(narrow.left, 5000);
	}
	credit_end(&c, &narrow);
	credit_end(&c, &wide);
	CHECK_EQ(c.spent, 0);
}
