/* SPDX-License-Identifier: ISC */
#include "relay/lowports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { NOBODY = 65534 };

/* The errno of binding a low port; 0 when it went well. */
static int try_port(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), code;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	code = bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0 ? 0 : errno;
	close(fd);
	return code;
}

/* What the kernel refuses anyway needs no guard of ours, and what it lets through has one. */
static bool agrees_with_kernel(void)
{
	uint32_t end = lowports_end();

	return end == 0 || (end <= 65536 && (end == 1 || try_port(1) != EACCES));
}

TEST(lowports_are_those_this_process_may_bind)
{
	CHECK(agrees_with_kernel());
	CHECK(lowports_barred() == 0 || try_port(1) == EACCES);
}

TEST(lowports_without_rights_are_the_kernels)
{
	pid_t child = fork();
	int status = -1;

	REQUIRE(child >= 0);
	if (child == 0) {
		if (getuid() == 0 && setuid(NOBODY) != 0)
			_exit(2);
		_exit(lowports_end() == 0 && (lowports_barred() <= 1 || try_port(1) == EACCES) ? 0
											       : 1);
	}
	REQUIRE_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
}
