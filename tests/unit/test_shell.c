/* SPDX-License-Identifier: ISC */
#include "client/shell.h"

#include <stdlib.h>

#include "harness.h"

static struct fault fault;
static struct span out;

static enum err output(const char *script, size_t max, unsigned limit_ms)
{
	char *args[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};

	fault = (struct fault){0};
	free(out.ptr);
	return shell_output(args, max, limit_ms, &out, &fault);
}

static bool said(const char *text)
{
	return bytes_is(bytes_of(out.ptr, out.len), text);
}

enum { LONG_MS = 60 * 1000 };

TEST(shell_runs_and_tells_how_it_ended)
{
	bool ended_well = false;

	REQUIRE_EQ(shell_run("test -z \"$(cat)\"", &ended_well, &fault), E_OK);
	CHECK(ended_well);
	REQUIRE_EQ(shell_run("exit 3", &ended_well, &fault), E_OK);
	CHECK(!ended_well);
	CHECK_EQ(shell_run("kill -9 $$", &ended_well, &fault), E_SYS);
	CHECK(strstr(fault.text, "exited abnormally") != NULL && !ended_well);
	REQUIRE_EQ(setenv("SHELL", "/nonexistent/shell", 1), 0);
	fault = (struct fault){0};
	CHECK_EQ(shell_run("true", &ended_well, &fault), E_SYS);
	CHECK(strstr(fault.text, "Shell \"/nonexistent/shell\" is not executable") != NULL);
	unsetenv("SHELL");
}

TEST(shell_hears_what_a_program_says)
{
	REQUIRE_EQ(output("cat; echo a; echo b >&1", 100, LONG_MS), E_OK);
	CHECK(said("a\nb\n"));
	REQUIRE_EQ(output("true", 100, LONG_MS), E_OK);
	CHECK_EQ(out.len, 0);
	/* Larger than a pipe. */
	REQUIRE_EQ(output("head -c 300000 /dev/zero", 300000, LONG_MS), E_OK);
	CHECK_EQ(out.len, 300000);
}

TEST(shell_bounds_what_a_program_does)
{
	CHECK_EQ(output("exit 4", 100, LONG_MS), E_SYS);
	CHECK_STR(fault.text, "exit status 4");
	CHECK_EQ(output("echo a; kill -9 $$", 100, LONG_MS), E_SYS);
	CHECK_STR(fault.text, "killed by signal 9");
	CHECK_EQ(output("cat /dev/zero", 1000, LONG_MS), E_LIMIT);
	CHECK_STR(fault.text, "said more than 1000 bytes");
	CHECK_EQ(output("echo a; exec sleep 600", 100, 50), E_LIMIT);
	CHECK(strstr(fault.text, "did not end within") != NULL);
	CHECK(out.ptr == NULL);
	char *nobody[] = {(char *)"/nonexistent/program", NULL};
	fault = (struct fault){0};
	CHECK_EQ(shell_output(nobody, 1, LONG_MS, &out, &fault), E_SYS);
	CHECK_STR(fault.text, "No such file or directory");
}
