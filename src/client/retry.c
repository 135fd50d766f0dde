/* SPDX-License-Identifier: ISC */
#include "client/retry.h"

static void on_timer(uv_timer_t *timer)
{
	struct retry *r = timer->data;

	r->fn(r->ctx);
}

void retry_init(struct retry *r, uv_loop_t *loop, struct rng *rng, retry_fn fn, void *ctx)
{
	*r = (struct retry){.rng = rng, .fn = fn, .ctx = ctx};
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
}

void retry_close(struct retry *r)
{
	uv_close((uv_handle_t *)&r->timer, NULL);
}

/* Without randomness there is no jitter, and that alone is no reason not to try. */
static uint32_t random_bits(struct retry *r)
{
	uint32_t bits;

	if (rng_bytes(r->rng, (uint8_t *)&bits, sizeof(bits)) != E_OK)
		bits = UINT32_MAX;
	return bits;
}

static uint64_t wait_for(struct retry *r, uint64_t ms)
{
	uv_update_time(r->timer.loop);
	uv_timer_start(&r->timer, on_timer, ms, 0);
	return ms;
}

uint64_t retry_later(struct retry *r)
{
	if (retry_is_waiting(r))
		return uv_timer_get_due_in(&r->timer);
	return wait_for(r, backoff_next(&r->backoff, random_bits(r)));
}

uint64_t retry_much_later(struct retry *r)
{
	return wait_for(r, backoff_penalty(&r->backoff, random_bits(r)));
}

void retry_now(struct retry *r)
{
	backoff_reset(&r->backoff);
	if (retry_is_waiting(r))
		wait_for(r, 0);
}

void retry_soon(struct retry *r)
{
	backoff_reset(&r->backoff);
	if (retry_is_waiting(r))
		wait_for(r, backoff_next(&r->backoff, random_bits(r)));
}

bool retry_is_waiting(const struct retry *r)
{
	return uv_is_active((const uv_handle_t *)&r->timer);
}

void retry_stop(struct retry *r)
{
	uv_timer_stop(&r->timer);
}

void retry_reset(struct retry *r)
{
	backoff_reset(&r->backoff);
}

void retry_up(struct retry *r)
{
	backoff_up(&r->backoff, uv_now(r->timer.loop));
}

void retry_down(struct retry *r)
{
	backoff_down(&r->backoff, uv_now(r->timer.loop));
}
