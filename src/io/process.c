/* SPDX-License-Identifier: ISC */
#include "io/process.h"

#include <signal.h>
#include <sys/resource.h>

void process_prepare(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit files;

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, NULL);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}
