/* SPDX-License-Identifier: ISC */
/*
 * Listening sockets that a service manager opened for us (sd_listen_fds(3)): they are ours to accept
 * from and not ours to shut, since clients queue in them while we are restarted.
 */
#ifndef IO_HANDED_H
#define IO_HANDED_H

#include <stddef.h>

#include "base/err.h"

enum { HANDED_MAX = 64 };

struct handed {
	int fd[HANDED_MAX]; /* non-blocking, closed at exec */
	size_t count;
};

/* Takes LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES out of the environment: children of ours are not
 * meant. Nothing else may have opened a descriptor before. E_VALUE: what was handed over is no
 * listening stream socket, f says which; descriptors stay open then. */
enum err handed_take(struct handed *h, struct fault *f) MUST_USE;

#endif
