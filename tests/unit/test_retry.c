/* SPDX-License-Identifier: ISC */
#include "client/retry.h"

#include "harness.h"

struct bench {
	uv_loop_t loop;
	struct rng rng;
	struct retry retry;
	unsigned times;
};

/* The longest of the waits, always. */
static enum err fill(void *ctx, uint8_t *dst, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = 0xff;
	return E_OK;
}

static void on_time(void *ctx)
{
	struct bench *b = ctx;

	b->times++;
}

static void begin(struct bench *b)
{
	*b = (struct bench){.times = 0};
	REQUIRE_EQ(uv_loop_init(&b->loop), 0);
	rng_init(&b->rng, fill, NULL);
	retry_init(&b->retry, &b->loop, &b->rng, on_time, b);
}

static void end(struct bench *b)
{
	retry_close(&b->retry);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&b->loop), 0);
	rng_fini(&b->rng);
}

TEST(retry_waits_once_and_tells_how_long)
{
	struct bench b;

	begin(&b);
	CHECK_EQ(retry_later(&b.retry), BACKOFF_FIRST_MS);
	CHECK(retry_later(&b.retry) <= BACKOFF_FIRST_MS); /* still the same wait */
	CHECK(retry_is_waiting(&b.retry));
	CHECK_EQ(b.times, 0);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	CHECK_EQ(b.times, 1);
	CHECK(!retry_is_waiting(&b.retry));
	CHECK_EQ(retry_later(&b.retry), BACKOFF_BASE_MS);
	end(&b);
}

TEST(retry_now_cuts_the_wait_short_and_starts_nothing_by_itself)
{
	struct bench b;

	begin(&b);
	retry_now(&b.retry);
	CHECK(!retry_is_waiting(&b.retry));
	CHECK(retry_much_later(&b.retry) >= BACKOFF_CAP_MS);
	retry_now(&b.retry);
	CHECK_EQ(b.times, 0); /* from the loop only */
	uv_run(&b.loop, UV_RUN_DEFAULT);
	CHECK_EQ(b.times, 1);
	CHECK_EQ(retry_later(&b.retry), BACKOFF_FIRST_MS); /* afresh */
	end(&b);
}

TEST(retry_soon_keeps_the_jitter)
{
	struct bench b;

	begin(&b);
	retry_much_later(&b.retry);
	retry_soon(&b.retry);
	CHECK(uv_timer_get_due_in(&b.retry.timer) <= BACKOFF_FIRST_MS);
	CHECK(uv_timer_get_due_in(&b.retry.timer) > BACKOFF_FIRST_MS / 2);
	end(&b);
}

TEST(retry_stopped_tells_nothing)
{
	struct bench b;

	begin(&b);
	retry_later(&b.retry);
	retry_stop(&b.retry);
	uv_run(&b.loop, UV_RUN_DEFAULT);
	CHECK_EQ(b.times, 0);
	end(&b);
}
