/* SPDX-License-Identifier: ISC */
#include "io/process.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"

TEST(process_takes_the_descriptors_it_may_have)
{
	struct rlimit before, after;

	REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
	REQUIRE(before.rlim_max > 64);
	before.rlim_cur = 64;
	REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
	process_prepare();
	REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
	CHECK_EQ(after.rlim_cur, before.rlim_max);
}

TEST(process_outlives_a_pipe_nobody_reads)
{
	int ends[2];

	process_prepare();
	REQUIRE_EQ(pipe(ends), 0);
	close(ends[0]);
	CHECK_EQ(write(ends[1], "x", 1), -1);
	close(ends[1]);
}
