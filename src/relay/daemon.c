/* SPDX-License-Identifier: ISC */
#include "relay/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"
#include "relay/file.h"

enum { READY = 0 }; /* the byte after the text that says all is well */

static bool write_whole(int fd, const void *from, size_t n)
{
	const char *at = from;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

/* The parent: passes the child's words on until READY; without it the child has failed and told why
 * on standard error already. */
static _Noreturn void wait_for(pid_t child, int report)
{
	char text[1024];
	int status = 0;

	for (;;) {
		ssize_t n = read(report, text, sizeof(text));
		const char *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		end = memchr(text, READY, (size_t)n);
		if (!write_whole(STDOUT_FILENO, text, end ? (size_t)(end - text) : (size_t)n))
			_exit(1);
		if (end)
			_exit(0);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1);
}

int daemon_fork(struct fault *f)
{
	int report[2];
	pid_t child;

	if (pipe2(report, O_CLOEXEC) != 0) {
		(void)fault_set(f, E_SYS, 0, "pipe: %s", strerror(errno));
		return -1;
	}
	fflush(NULL);
	child = fork();
	if (child < 0) {
		(void)fault_set(f, E_SYS, 0, "fork: %s", strerror(errno));
		close(report[0]);
		close(report[1]);
		return -1;
	}
	if (child > 0) {
		close(report[1]);
		wait_for(child, report[0]);
	}
	close(report[0]);
	setsid();
	return report[1];
}

enum err daemon_ready(int report, const char *text, struct fault *f)
{
	static const char ready = READY;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || chdir("/") != 0) {
		(void)fault_set(
			f, E_SYS, 0, "%s: %s", null < 0 ? "/dev/null" : "/", strerror(errno));
		close(report);
		if (null >= 0)
			close(null);
		return E_SYS;
	}
	/* A parent that was killed meanwhile is no reason to stop serving. */
	if (write_whole(report, text, strlen(text)) && !write_whole(report, &ready, 1))
		log_write(LOG_LEVEL_DEBUG1, "nobody waits for the start any more");
	close(report);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	return E_OK;
}

enum err daemon_write_pid(const char *path, struct fault *f)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (unlink(path) != 0 && errno != ENOENT)
		return fault_set(f, E_SYS, 0, "PidFile %s: %s", path, strerror(errno));
	return file_create(path, bytes_str(text), 0644, f);
}

void daemon_remove_pid(const char *path)
{
	struct file_text text;
	struct fault f = {0};
	uint64_t pid;

	if (file_read(path, 64, &text, &f) != E_OK)
		return;
	if (text.len > 0 && text_to_u64(bytes_of(text.ptr, text.len - 1), INT32_MAX, &pid) &&
		pid == (uint64_t)getpid())
		unlink(path);
	file_text_fini(&text);
}

void daemon_log_to_syslog(void *ctx, enum log_level level, const char *line)
{
	int priority = level == LOG_LEVEL_FATAL	    ? LOG_CRIT
		       : level == LOG_LEVEL_ERROR   ? LOG_ERR
		       : level <= LOG_LEVEL_VERBOSE ? LOG_INFO
						    : LOG_DEBUG;

	syslog(priority, "%s", line);
}
