/* SPDX-License-Identifier: ISC */
/*
 * A child that makes the way to a host (ProxyCommand of ssh_config(5)): its standard input and output
 * are one socket, its standard error is ours. With ProxyUseFdpass it sends a connected socket over
 * that one instead. It is run by the user's shell, which it replaces, and ends with the connection:
 * SIGHUP, as ssh sends it, and SIGKILL if that does not help.
 */
#ifndef CLIENT_PROXYCOMMAND_H
#define CLIENT_PROXYCOMMAND_H

#include "io/dial.h"

struct proxycommand; /* opaque */

/* timeout_ms: for the socket that is passed; 0: as long as it takes. done: as dial_fn; E_CLOSED: the
 * child has ended without passing one. Never calls back before it returns. E_SYS, E_NOMEM, E_LIMIT. */
enum err proxycommand_start(uv_loop_t *loop, const char *command, bool passes_fd,
	uint64_t timeout_ms, dial_fn done, void *ctx, struct proxycommand **p, struct fault *f) MUST_USE;
/* The connection is over: how the child ended is told, in words ("" when it goes on), not later than
 * half a second from now and never before this returns. */
void proxycommand_await(struct proxycommand *p, void (*ended)(void *ctx, const char *how));
/* The child ends now; no callback any more. NULL ok. */
void proxycommand_free(struct proxycommand *p);

#endif
