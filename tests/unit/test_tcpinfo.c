/* SPDX-License-Identifier: ISC */
#include "io/tcpinfo.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

static void tcp_pair(int fd[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	REQUIRE_EQ(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	REQUIRE_EQ(listen(listener, 1), 0);
	REQUIRE_EQ(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	REQUIRE_EQ(connect(fd[0], (struct sockaddr *)&at, sizeof(at)), 0);
	fd[1] = accept(listener, NULL, NULL);
	REQUIRE(fd[1] >= 0);
	close(listener);
}

TEST(tcpinfo_of_a_connection)
{
	static char much[1 << 16];
	struct tcpinfo info;
	int fd[2];

	tcp_pair(fd);
	tcpinfo_get(fd[0], &info);
	CHECK(info.rtt_us > 0 && info.least_rtt_us > 0 && info.least_rtt_us <= info.rtt_us);
	CHECK_EQ(info.unsent, 0);
	/* The other side does not read: what both kernels cannot hold on the way stays here. */
	REQUIRE_EQ(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	while (send(fd[0], much, sizeof(much), MSG_NOSIGNAL) > 0)
		;
	tcpinfo_get(fd[0], &info);
	CHECK(info.unsent > sizeof(much));
	close(fd[0]);
	close(fd[1]);
}

TEST(tcpinfo_of_something_else)
{
	struct tcpinfo info;
	int fd[2];

	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	tcpinfo_get(fd[0], &info);
	CHECK_EQ(info.rtt_us, -1);
	CHECK_EQ(info.least_rtt_us, -1);
	CHECK_EQ(info.unsent, 0);
	close(fd[0]);
	close(fd[1]);
	tcpinfo_get(-1, &info);
	CHECK_EQ(info.rtt_us, -1);
}
