/* SPDX-License-Identifier: ISC */
/*
 * Going to the background in order: the parent stays until the child serves, shows what the child
 * has to say, and leaves with its verdict. And the two things a daemon leaves lying about: its pid
 * file and its lines in the system log.
 */
#ifndef RELAY_DAEMON_H
#define RELAY_DAEMON_H

#include "base/err.h"
#include "base/log.h"

/* Returns in the child only: a descriptor to report on, -1 with a fault when it cannot fork. */
int daemon_fork(struct fault *f);
/* The child is up: text goes to the parent's standard output, the parent leaves with 0, and the
 * child lets go of terminal and folder. Standard error is gone after it: the log goes elsewhere. */
enum err daemon_ready(int report, const char *text, struct fault *f) MUST_USE;

enum err daemon_write_pid(const char *path, struct fault *f) MUST_USE;
void daemon_remove_pid(const char *path); /* only when it is ours */

/* A sink for base/log.h. */
void daemon_log_to_syslog(void *ctx, enum log_level level, const char *line);

#endif
