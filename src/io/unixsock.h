/* SPDX-License-Identifier: ISC */
/* Unix sockets by path (unix(7)), non-blocking and close-on-exec like all sockets here. */
#ifndef IO_UNIXSOCK_H
#define IO_UNIXSOCK_H

#include <stdbool.h>
#include <sys/stat.h>
#include "base/err.h"

/* A socket file that was made here. */
struct unixsock_file {
	dev_t dev;
	ino_t ino;
};

/* Listens. mask: the umask its file is made with. is_replaced: whatever file stands there is taken
 * away first. f: "cannot bind to path P: reason", code is errno. file may be NULL. */
enum err unixsock_listen(const char *path, unsigned mask, bool is_replaced, int *fd,
	struct unixsock_file *file, struct fault *f) MUST_USE;
/* Takes the file away, if it is still the one that was made. */
void unixsock_remove(const char *path, const struct unixsock_file *file);
/* Connects, at once or not at all. f: "connect to P: reason", code is errno. */
enum err unixsock_connect(const char *path, int *fd, struct fault *f) MUST_USE;

#endif
