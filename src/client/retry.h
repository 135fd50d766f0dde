/* SPDX-License-Identifier: ISC */
/* When something is tried again: backoff.h on a timer of the loop. */
#ifndef CLIENT_RETRY_H
#define CLIENT_RETRY_H

#include <uv.h>

#include "client/backoff.h"
#include "crypto/rand.h"

/* The time has come. Always from the loop. */
typedef void (*retry_fn)(void *ctx);

struct retry {
	uv_timer_t timer; /* private from here on */
	struct backoff backoff;
	struct rng *rng;
	retry_fn fn;
	void *ctx;
};

void retry_init(struct retry *r, uv_loop_t *loop, struct rng *rng, retry_fn fn, void *ctx);
/* No fn any more. The loop must run once more afterwards. */
void retry_close(struct retry *r);
/* Waits for the next try; returns how long. Again changes nothing while it waits. */
uint64_t retry_later(struct retry *r);
/* The same when the other side asked to be left alone for a while. */
uint64_t retry_much_later(struct retry *r);
/* Whoever waits waits no longer: what failed before says nothing any more. retry_soon keeps the
 * small jitter of a first try, for news that many hear at once. No effect while nothing waits. */
void retry_now(struct retry *r);
void retry_soon(struct retry *r);
bool retry_is_waiting(const struct retry *r);
/* Waits no more. */
void retry_stop(struct retry *r);
/* What failed before says nothing any more. */
void retry_reset(struct retry *r);
/* It works, it works no more: see backoff.h. */
void retry_up(struct retry *r);
void retry_down(struct retry *r);

#endif
