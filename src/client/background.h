/* SPDX-License-Identifier: ISC */
/*
 * -f: the program forks before it makes a loop, a thread or a connection. The child does everything
 * at the terminal it was started from and leaves it when the forwards stand; the parent waits for
 * that, and ends with the child's exit code when it ends before.
 */
#ifndef CLIENT_BACKGROUND_H
#define CLIENT_BACKGROUND_H

#include <stdbool.h>

#include "base/err.h"

struct background {
	int pipe; /* to the parent; -1: there is none */
};

/* Descriptors 0 to 2 exist afterwards, so that no file or socket gets their number. */
bool background_sanitize(void);
/* Standard input from /dev/null. */
bool background_null_input(void);
/* In the child: E_OK. The parent does not return from it. */
enum err background_fork(struct background *b, struct fault *f) MUST_USE;
/* The child leaves the terminal and lets the parent go. Nothing when it did so, or never forked. */
void background_release(struct background *b, bool keeps_stderr);

#endif
