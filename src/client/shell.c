/* SPDX-License-Identifier: ISC */
#include "client/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Both streams to nowhere; descriptors of ours are all close-on-exec. */
static int set_streams(posix_spawn_file_actions_t *streams)
{
	int e = posix_spawn_file_actions_addopen(streams, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	return e != 0 ? e
		      : posix_spawn_file_actions_addopen(
				streams, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
}

/* What we ignore is not ignored by it. */
static int set_signals(posix_spawnattr_t *how)
{
	sigset_t pipe;
	int e;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	e = posix_spawnattr_setsigdefault(how, &pipe);
	return e != 0 ? e : posix_spawnattr_setflags(how, POSIX_SPAWN_SETSIGDEF);
}

static int start(const char *shell, const char *command, pid_t *pid)
{
	char *args[] = {(char *)shell, (char *)"-c", (char *)command, NULL};
	posix_spawn_file_actions_t streams;
	posix_spawnattr_t how;
	int e = posix_spawn_file_actions_init(&streams);

	if (e != 0)
		return e;
	e = posix_spawnattr_init(&how);
	if (e == 0) {
		e = set_streams(&streams);
		if (e == 0)
			e = set_signals(&how);
		if (e == 0)
			e = posix_spawn(pid, shell, &streams, &how, args, environ);
		posix_spawnattr_destroy(&how);
	}
	posix_spawn_file_actions_destroy(&streams);
	return e;
}

enum err shell_run(const char *command, bool *ended_well, struct fault *f)
{
	const char *shell = getenv("SHELL");
	int e, status;
	pid_t pid;

	*ended_well = false;
	if (shell == NULL || shell[0] == '\0')
		shell = "/bin/sh";
	e = start(shell, command, &pid);
	if (e != 0)
		return fault_set(f, E_SYS, (uint32_t)e, "Shell \"%s\" is not executable: %s", shell,
			strerror(e));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fault_set(f, E_SYS, (uint32_t)errno, "waitpid: %s", strerror(errno));
	if (!WIFEXITED(status))
		return fault_set(f, E_SYS, 0, "command '%.500s' exited abnormally", command);
	*ended_well = WEXITSTATUS(status) == 0;
	return E_OK;
}
