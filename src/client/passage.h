/* SPDX-License-Identifier: ISC */
/*
 * The way to a host through a jump host: a channel of a connection that is logged in, and a socket
 * that stands for it (bridge/inner.h), so that another connection can run inside.
 */
#ifndef CLIENT_PASSAGE_H
#define CLIENT_PASSAGE_H

#include "bridge/conn.h"
#include "io/dial.h"

struct passage; /* opaque */

/* host: as the jump host is to look it up. timeout_ms: for its answer; 0: as long as it takes. done:
 * as dial_fn, not when over is lost meanwhile; E_DENIED: the jump host forbids it. Freed before over
 * is gone. E_STATE, E_NOMEM, E_LIMIT. */
enum err passage_start(struct conn *over, const char *host, uint16_t port, uint64_t timeout_ms,
	dial_fn done, void *ctx, struct passage **p, struct fault *f) MUST_USE;
/* The socket was closed. True: bytes of it are still on their way into the channel; drained is called
 * when they have left, after a second at the latest. */
bool passage_drain(struct passage *p, void (*drained)(void *ctx));
/* No callback any more; a channel that is open is closed. NULL ok. */
void passage_free(struct passage *p);

#endif
