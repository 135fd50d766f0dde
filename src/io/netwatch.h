/* SPDX-License-Identifier: ISC */
/*
 * Tells when the network of this machine comes back: a link starts to carry, or an address can be
 * used. Over a netlink socket (rtnetlink(7)) in the loop; it sends nothing, and does not keep the
 * loop alive. That something went away is not told: nobody can act on it.
 */
#ifndef IO_NETWATCH_H
#define IO_NETWATCH_H

#include <uv.h>
#include "base/err.h"

struct netwatch; /* opaque */

/* May be called for changes that are none; also when messages were lost. */
typedef void (*netwatch_fn)(void *ctx);

enum err netwatch_new(uv_loop_t *loop, netwatch_fn on_back, void *ctx, struct netwatch **w,
	struct fault *f) MUST_USE;
/* No callback any more; memory goes when the loop is done with it. NULL ok. */
void netwatch_free(struct netwatch *w);

#endif
