/* SPDX-License-Identifier: ISC */
#include "io/process.h"

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>

static void ignore_signal(int signum)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&ignore.sa_mask);
	sigaction(signum, &ignore, NULL);
}

void process_leave_ends_to_parent(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		ignore_signal(ends[i]);
}

void process_prepare(void)
{
	struct rlimit files;

	ignore_signal(SIGPIPE);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}
