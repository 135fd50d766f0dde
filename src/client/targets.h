/* SPDX-License-Identifier: ISC */
/*
 * The way of a visitor to the target of a forward, or to the first of several that takes the
 * connection. Nobody waits for anybody else: a target that refuses, hangs or whose name is looked up
 * slowly harms only those who want to go there. A target that failed is tried last for a while.
 */
#ifndef CLIENT_TARGETS_H
#define CLIENT_TARGETS_H

#include "base/list.h"
#include "client/forwards.h"
#include "io/dial.h"

enum { TARGETS_SHUN_MS = 10 * 1000, TARGETS_MAX = 1 + FORWARD_MORE_MAX };

struct targets {
	uv_loop_t *loop; /* private from here on */
	int family;
	uint64_t timeout_ms;
	struct list routes; /* of the forwards that had visitors */
};

struct way; /* opaque */

/* fd >= 0: connected to place ("host:port"), the callee's. fd < 0: f says why the last of them did not
 * take it; what was tried before was told to the log. The way is gone when this is called. */
typedef void (*targets_fn)(void *ctx, int fd, const char *place, const struct fault *f);

/* timeout_ms: for each target, lookup included; not 0. */
void targets_init(struct targets *t, uv_loop_t *loop, int family, uint64_t timeout_ms);
/* No way is under way. The loop must run once more afterwards. */
void targets_close(struct targets *t);
/* No way leads there, and what comes next under this address is another forward. */
void targets_forget(struct targets *t, const struct forward *to);
/* Never calls back before it returns. E_NOMEM and what a first step may fail with. */
enum err targets_connect(struct targets *t, const struct forward *to, targets_fn done, void *ctx,
	struct way **way, struct fault *f) MUST_USE;
void targets_cancel(struct way *way); /* no callback any more */

#endif
