/* SPDX-License-Identifier: ISC */
/*
 * Errands (-O): what a process that runs already, a sally or an ssh, is asked for through its control
 * socket, in ssh's words and with its exit codes. And -W over a connection that somebody else has.
 */
#ifndef CLIENT_ERRAND_H
#define CLIENT_ERRAND_H

#include "client/cmdline.h"

enum { ERRAND_TIMEOUT_MS = 10 * 1000, ERRAND_FORWARD_MS = 60 * 1000, ERRAND_ELSEWHERE = -1 };

/* The exit code: 0, or 255 after a sentence to the log. */
int errand_run(enum cmdline_errand errand, const struct client_settings *s);
/* -W through the master at ControlPath, until it has ended: the exit code. ERRAND_ELSEWHERE: there is
 * none that would do it. */
int errand_stdio(const struct client_settings *s);

#endif
