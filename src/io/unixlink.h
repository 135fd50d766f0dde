/* SPDX-License-Identifier: ISC */
/*
 * A connection to a service behind a Unix socket that answers each request with one message, as key
 * agents do. One request at a time; an answer that does not come in time, is too long or makes no
 * sense ends the link, and so does an error: what would come later could not be told apart.
 */
#ifndef IO_UNIXLINK_H
#define IO_UNIXLINK_H

#include <uv.h>
#include "base/bytes.h"
#include "base/err.h"

struct unixlink; /* opaque */

/* The first message in what has come so far. E_AGAIN: not whole yet, it takes *want bytes in all, as
 * far as one can tell. Any other error ends the link. */
typedef enum err (*unixlink_framing)(struct bytes in, struct bytes *message, size_t *want);
/* E_OK: the answer, which holds until this returns. Else f says why in one sentence; E_TIMEOUT. */
typedef void (*unixlink_fn)(void *ctx, enum err e, struct bytes answer, const struct fault *f);

/* Connects. E_UNKNOWN: nobody is there; E_LIMIT: the path is too long for a socket. */
enum err unixlink_new(uv_loop_t *loop, const char *path, unixlink_framing framing,
	struct unixlink **l, struct fault *f) MUST_USE;
/* No callback any more. NULL is fine. */
void unixlink_free(struct unixlink *l);
/* The request is copied. Never calls back before it returns. E_STATE: one is open, or the link has
 * ended. */
enum err unixlink_ask(struct unixlink *l, struct bytes request, uint64_t timeout_ms,
	unixlink_fn done, void *ctx) MUST_USE;
bool unixlink_has_ended(const struct unixlink *l);

#endif
