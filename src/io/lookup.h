/* SPDX-License-Identifier: ISC */
/*
 * A name looked up on a thread of its own. libuv's pool has few threads, and two names whose servers
 * do not answer would hold up all others; here a slow name holds up nobody, nor the end of the loop.
 * How many may run at once is the caller's to bound.
 */
#ifndef IO_LOOKUP_H
#define IO_LOOKUP_H

#include <netdb.h>
#include <uv.h>

#include "base/err.h"

struct lookup; /* opaque */

/* list: what getaddrinfo found, until the call returns; NULL: f says why there is nothing, in ssh's
 * words. The lookup is gone when this is called, always from the loop. */
typedef void (*lookup_fn)(void *ctx, const struct addrinfo *list, const struct fault *f);

/* port: number or service name. Copies both. */
enum err lookup_start(uv_loop_t *loop, const char *host, const char *port, int family,
	lookup_fn done, void *ctx, struct lookup **l, struct fault *f) MUST_USE;
/* No callback any more; what the thread still finds is thrown away. NULL ok. The loop must run once
 * more before it is closed. */
void lookup_cancel(struct lookup *l);

#endif
