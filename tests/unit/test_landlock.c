/* SPDX-License-Identifier: ISC */
/* Landlock alone, without the filter: files and TCP are denied by it and not by the other. */
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

#include "sandbox_child.h"

enum { ABI_TCP = 4, ABI_SIGNALS = 6 };

static long open_file(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long bind_tcp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return bind(have.tcp, (struct sockaddr *)&a, sizeof(a));
}

static long dial_tcp(void)
{
	return connect(have.tcp, (struct sockaddr *)&have.addr, sizeof(have.addr));
}

static long signal_other(void)
{
	return kill(getppid(), 0);
}

static int behind_landlock(long (*call)(void))
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0 ||
			landlock_enter(NULL) != E_OK)
			_exit(NO_FENCE);
		_exit(call() >= 0 ? ALLOWED : errno == EACCES || errno == EPERM ? DENIED : errno);
	}
	REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	REQUIRE(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(files_and_tcp_are_denied)
{
	int abi = landlock_abi();

	if (abi == 0)
		SKIP("no Landlock in this kernel");
	set_up();
	CHECK_EQ(behind_landlock(open_file), DENIED);
	CHECK_EQ(behind_landlock(bind_tcp), abi >= ABI_TCP ? DENIED : ALLOWED);
	CHECK_EQ(behind_landlock(dial_tcp), abi >= ABI_TCP ? DENIED : ALLOWED);
	CHECK_EQ(behind_landlock(signal_other), abi >= ABI_SIGNALS ? DENIED : ALLOWED);
	tear_down();
}

/* A program without it is what an old kernel makes of ours. */
TEST(they_are_not_without_it)
{
	set_up();
	CHECK(open_file() >= 0);
	CHECK_EQ(bind_tcp(), 0);
	CHECK_EQ(dial_tcp(), 0);
	CHECK_EQ(signal_other(), 0);
	tear_down();
}
