/* SPDX-License-Identifier: ISC */
/* Processes that enter a role of the fence, and what they try it with. */
#ifndef UNIT_SANDBOX_CHILD_H
#define UNIT_SANDBOX_CHILD_H

#include "sandbox/sandbox.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { ALLOWED = 10, DENIED, NO_FENCE };

static const struct sandbox_user same = {.uid = (uid_t)SANDBOX_NO_USER};

/* Made before the fence. */
static struct {
	int tcp, udp, pair[2], listener, client, epoll;
	struct sockaddr_in addr; /* of the listener */
	pid_t other;
} have;

static inline int socket_bound(int kind, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, kind, 0);

	*at = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	REQUIRE(fd >= 0);
	REQUIRE_EQ(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	REQUIRE_EQ(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static inline void set_up(void)
{
	struct sockaddr_in ignored;

	have.tcp = socket(AF_INET, SOCK_STREAM, 0);
	have.udp = socket_bound(SOCK_DGRAM, &ignored);
	have.listener = socket_bound(SOCK_STREAM, &have.addr);
	have.client = socket(AF_INET, SOCK_STREAM, 0);
	have.epoll = epoll_create1(0);
	REQUIRE_EQ(listen(have.listener, 4), 0);
	REQUIRE_EQ(connect(have.client, (struct sockaddr *)&have.addr, sizeof(have.addr)), 0);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, have.pair), 0);
}

static inline void tear_down(void)
{
	int all[] = {have.tcp, have.udp, have.listener, have.client, have.epoll, have.pair[0],
		have.pair[1]};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		close(all[i]);
}

/* The wait status of a process that enters the role and then does its work. */
static inline int in_role(enum sandbox_role role, const struct sandbox_user *user, int (*work)(long (*)(void)),
	long (*call)(void))
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		struct fault f = {0};

		have.other = getppid();
		if (sandbox_enter(role, user, &f) != E_OK) {
			dprintf(STDERR_FILENO, "# no fence: %s\n", f.text);
			_exit(NO_FENCE);
		}
		_exit(work(call));
	}
	REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

#endif
