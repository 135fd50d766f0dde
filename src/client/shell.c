/* SPDX-License-Identifier: ISC */
#include "client/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READ_STEP = 16 * 1024 };

/* Nothing to read; out: where it speaks to, -1: nowhere. Descriptors of ours are all close-on-exec.
 */
static int set_streams(posix_spawn_file_actions_t *streams, int out)
{
	int e = posix_spawn_file_actions_addopen(streams, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (e != 0)
		return e;
	if (out >= 0)
		return posix_spawn_file_actions_adddup2(streams, out, STDOUT_FILENO);
	return posix_spawn_file_actions_addopen(streams, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
}

/* What we ignore or hold back it does not. */
static int set_signals(posix_spawnattr_t *how)
{
	sigset_t pipe, none;
	int e;

	sigemptyset(&none);
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	e = posix_spawnattr_setsigdefault(how, &pipe);
	if (e == 0)
		e = posix_spawnattr_setsigmask(how, &none);
	if (e == 0)
		e = posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return e;
}

/* 0 or an errno. */
static int start(char *const *args, int out, pid_t *pid)
{
	posix_spawn_file_actions_t streams;
	posix_spawnattr_t how;
	int e = posix_spawn_file_actions_init(&streams);

	if (e != 0)
		return e;
	e = posix_spawnattr_init(&how);
	if (e == 0) {
		e = set_streams(&streams, out);
		if (e == 0)
			e = set_signals(&how);
		if (e == 0)
			e = posix_spawn(pid, args[0], &streams, &how, args, environ);
		posix_spawnattr_destroy(&how);
	}
	posix_spawn_file_actions_destroy(&streams);
	return e;
}

static enum err await(pid_t pid, int *status, struct fault *f)
{
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return fault_set(f, E_SYS, (uint32_t)errno, "waitpid: %s", strerror(errno));
	return E_OK;
}

enum err shell_run(const char *command, bool *ended_well, struct fault *f)
{
	const char *shell = getenv("SHELL");
	int e, status = 0;
	pid_t pid;

	*ended_well = false;
	if (shell == NULL || shell[0] == '\0')
		shell = "/bin/sh";
	char *args[] = {(char *)shell, (char *)"-c", (char *)command, NULL};
	e = start(args, -1, &pid);
	if (e != 0)
		return fault_set(f, E_SYS, (uint32_t)e, "Shell \"%s\" is not executable: %s", shell,
			strerror(e));
	if (await(pid, &status, f) != E_OK)
		return E_SYS;
	if (!WIFEXITED(status))
		return fault_set(f, E_SYS, 0, "command '%.500s' exited abnormally", command);
	*ended_well = WEXITSTATUS(status) == 0;
	return E_OK;
}

/* --- what a program says ------------------------------------------------------------------------
 */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum err make_room(struct span *text, size_t *cap, size_t used, size_t max, struct fault *f)
{
	uint8_t *more;

	if (used > max)
		return fault_set(f, E_LIMIT, 0, "said more than %zu bytes", max);
	if (*cap - used >= READ_STEP)
		return E_OK;
	more = realloc(text->ptr, *cap * 2 + READ_STEP);
	if (more == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	text->ptr = more;
	*cap = *cap * 2 + READ_STEP;
	return E_OK;
}

/* To the end, or until it is too late or too much. */
static enum err listen_to(int fd, size_t max, unsigned limit_ms, struct span *out, struct fault *f)
{
	uint64_t end = now_ms() + limit_ms;
	size_t cap = 0;
	ssize_t n = 1;

	while (n != 0) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = now_ms();
		enum err e = make_room(out, &cap, out->len, max, f);

		if (e != E_OK)
			return e;
		if (now >= end || poll(&p, 1, (int)(end - now)) == 0)
			return fault_set(f, E_LIMIT, 0, "did not end within %u s", limit_ms / 1000);
		n = read(fd, out->ptr + out->len, READ_STEP);
		if (n > 0)
			out->len += (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fault_set(f, E_SYS, (uint32_t)errno, "%s", strerror(errno));
	}
	return E_OK;
}

enum err shell_output(
	char *const *args, size_t max, unsigned limit_ms, struct span *out, struct fault *f)
{
	int ends[2], started, status = 0;
	enum err e = E_OK;
	pid_t pid;

	*out = (struct span){0};
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return fault_set(f, E_SYS, (uint32_t)errno, "pipe: %s", strerror(errno));
	/* Its own end blocks, as it may expect. */
	if (fcntl(ends[1], F_SETFL, 0) != 0)
		e = fault_set(f, E_SYS, (uint32_t)errno, "fcntl: %s", strerror(errno));
	started = e == E_OK ? start(args, ends[1], &pid) : EIO;
	close(ends[1]);
	if (e == E_OK && started != 0)
		e = fault_set(f, E_SYS, (uint32_t)started, "%s", strerror(started));
	if (e == E_OK) {
		e = listen_to(ends[0], max, limit_ms, out, f);
		if (e != E_OK)
			kill(pid, SIGKILL);
	}
	close(ends[0]);
	if (started == 0 && await(pid, &status, f) != E_OK)
		e = E_SYS;
	if (e == E_OK && WIFSIGNALED(status))
		e = fault_set(f, E_SYS, 0, "killed by signal %d", WTERMSIG(status));
	else if (e == E_OK && WEXITSTATUS(status) != 0)
		e = fault_set(f, E_SYS, 0, "exit status %d", WEXITSTATUS(status));
	if (e != E_OK) {
		free(out->ptr);
		*out = (struct span){0};
	}
	return e;
}
