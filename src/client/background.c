/* SPDX-License-Identifier: ISC */
#include "client/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_ERROR = 255 };

bool background_sanitize(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool null_to(int first, int last)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	for (int to = first; to <= last; to++)
		if (dup2(fd, to) < 0) {
			close(fd);
			return false;
		}
	close(fd);
	return true;
}

bool background_null_input(void)
{
	return null_to(STDIN_FILENO, STDIN_FILENO);
}

/* Waits until the child says that it stands by itself, or is gone. */
static _Noreturn void wait_for(pid_t child, int fd)
{
	char byte;
	ssize_t n;
	int status;

	do {
		n = read(fd, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_ERROR);
}

enum err background_fork(struct background *b, struct fault *f)
{
	pid_t parent = getpid(), child;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return fault_set(f, E_SYS, 0, "fork: %s", strerror(errno));
	child = fork();
	if (child < 0) {
		int code = errno;

		close(ends[0]);
		close(ends[1]);
		return fault_set(f, E_SYS, 0, "fork: %s", strerror(code));
	}
	if (child > 0) {
		close(ends[1]);
		wait_for(child, ends[0]);
	}
	close(ends[0]);
	/* Whoever ends the parent means the program. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_ERROR);
	b->pipe = ends[1];
	return E_OK;
}

void background_release(struct background *b, bool keeps_stderr)
{
	ssize_t n;

	if (b->pipe < 0)
		return;
	prctl(PR_SET_PDEATHSIG, 0);
	setsid();
	if (!null_to(STDIN_FILENO, keeps_stderr ? STDOUT_FILENO : STDERR_FILENO))
		_exit(EXIT_ERROR);
	do {
		n = write(b->pipe, "", 1);
	} while (n < 0 && errno == EINTR);
	close(b->pipe);
	b->pipe = -1;
}
