/* SPDX-License-Identifier: ISC */
/*
 * A listening socket in the loop. Accepts a bounded number a turn; when descriptors run out it closes
 * nothing, pauses accepting for a moment, and says so through complain at most once a minute.
 */
#ifndef IO_ACCEPT_H
#define IO_ACCEPT_H

#include <uv.h>
#include "io/sock.h"

enum { ACCEPT_A_TURN = 64 };

struct acceptor; /* opaque */

/* fd: accepted, non-blocking, the callee's. */
typedef void (*accept_fn)(void *ctx, int fd, const struct sock_addr *peer);
typedef void (*accept_complain_fn)(void *ctx, const char *sentence);

/* Takes the listening fd on success. */
enum err acceptor_new(uv_loop_t *loop, int fd, accept_fn on_accept, accept_complain_fn complain, void *ctx,
	struct acceptor **a) MUST_USE;
void acceptor_pause(struct acceptor *a, bool is_paused); /* the backlog waits */
int acceptor_fd(const struct acceptor *a);
/* Closes the fd at once (unless it was taken out) and frees when the loop is done with it. NULL ok. */
void acceptor_free(struct acceptor *a);
/* The fd without closing it; the acceptor is freed. */
int acceptor_take(struct acceptor *a);

#endif
