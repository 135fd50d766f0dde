/* SPDX-License-Identifier: ISC */
/*
 * A child that makes the way to a host (ProxyCommand of ssh_config(5)): its standard input and output
 * are one socket, its standard error is ours. With ProxyUseFdpass it sends a connected socket over
 * that one instead. It ends with the connection: SIGHUP, and SIGKILL when that does not help.
 */
#ifndef CLIENT_PROXYCOMMAND_H
#define CLIENT_PROXYCOMMAND_H

#include "io/dial.h"

enum { PROXYCOMMAND_EXIT_MS = 500, PROXYCOMMAND_KILL_MS = 2000 };

struct proxycommand; /* opaque */

/* command: for the user's shell, which it replaces. done: the socket; with passes_fd the one that was
 * passed. timeout_ms: for that one; 0: as long as it takes. Never calls back before it returns. E_SYS, E_NOMEM. */
enum err proxycommand_start(uv_loop_t *loop, const char *command, bool passes_fd,
	uint64_t timeout_ms, dial_fn done, void *ctx, struct proxycommand **p, struct fault *f) MUST_USE;
/* The connection ended: how the child did is told, "exit status 1", "" when it runs on; not later
 * than PROXYCOMMAND_EXIT_MS, and never before this returns. */
void proxycommand_await(struct proxycommand *p, void (*ended)(void *ctx, const char *how));
/* The child ends now; no callback any more. NULL ok. */
void proxycommand_free(struct proxycommand *p);

#endif
