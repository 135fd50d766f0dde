/* SPDX-License-Identifier: ISC */
#include "io/handed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

enum { FIRST_FD = 3 }; /* by sd_listen_fds(3) */

/* 0: none, or they are another process's. */
static uint64_t count_of(const char *fds, const char *pid)
{
	uint64_t count, whose;

	if (!fds || !pid || !text_to_u64(bytes_str(pid), INT32_MAX, &whose) ||
		whose != (uint64_t)getpid() || !text_to_u64(bytes_str(fds), INT32_MAX, &count))
		return 0;
	return count;
}

static enum err prepare(int fd, struct fault *f)
{
	int type = 0, is_listening = 0, flags;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 || type != SOCK_STREAM ||
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &len) != 0 ||
		!is_listening)
		return fault_set(f, E_VALUE, 0,
			"LISTEN_FDS: descriptor %d is no stream socket that listens", fd);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
		fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return fault_set(f, E_SYS, 0, "LISTEN_FDS: descriptor %d cannot be used", fd);
	return E_OK;
}

enum err handed_take(struct handed *h, struct fault *f)
{
	uint64_t count = count_of(getenv("LISTEN_FDS"), getenv("LISTEN_PID"));
	enum err e = E_OK;

	h->count = 0;
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (count > HANDED_MAX)
		return fault_set(f, E_LIMIT, 0, "LISTEN_FDS: %llu sockets, more than %d",
			(unsigned long long)count, HANDED_MAX);
	for (int fd = FIRST_FD; e == E_OK && h->count < count; fd++) {
		e = prepare(fd, f);
		h->fd[h->count++] = fd;
	}
	return e;
}
