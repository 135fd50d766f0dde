/* SPDX-License-Identifier: ISC */
/*
 * A command of the user's settings, run to its end before anything else is done: for what has to be
 * known before there is a loop.
 */
#ifndef CLIENT_SHELL_H
#define CLIENT_SHELL_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

/* By $SHELL or /bin/sh, with nothing to read, and nothing to say but to the standard error. ended_well:
 * it ended with status 0. E_SYS: it could not be run, or a signal ended it. */
enum err shell_run(const char *command, bool *ended_well, struct fault *f) MUST_USE;

/* args: a program, by its path, and its words; NULL ends them. out: what it says to its standard output,
 * to be freed, if it ends with status 0 within the time and says no more than max bytes. */
enum err shell_output(char *const *args, size_t max, unsigned limit_ms, struct span *out,
	struct fault *f) MUST_USE;

#endif
