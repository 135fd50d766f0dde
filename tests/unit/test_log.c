/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	unsigned lines;
	enum log_level level;
	char last[2048];
} got;

static void capture(void *ctx, enum log_level level, const char *line)
{
	CHECK(ctx == &got);
	got.lines++;
	got.level = level;
	snprintf(got.last, sizeof(got.last), "%s", line);
	errno = EIO;
}

static void start(enum log_level level)
{
	memset(&got, 0, sizeof(got));
	log_setup(level, capture, &got);
}

TEST(log_starts_at_info)
{
	CHECK_EQ(log_level_now(), LOG_LEVEL_INFO);
}

TEST(log_writes_up_to_its_level)
{
	for (int at = LOG_LEVEL_QUIET; at <= LOG_LEVEL_DEBUG3; at++) {
		start((enum log_level)at);
		CHECK_EQ(log_level_now(), at);
		for (int level = LOG_LEVEL_QUIET; level <= LOG_LEVEL_DEBUG3; level++)
			log_write((enum log_level)level, "x");
		CHECK_EQ(got.lines, at);
		if (at > LOG_LEVEL_QUIET)
			CHECK_EQ(got.level, at);
	}
}

TEST(log_prefixes_debug_lines)
{
	start(LOG_LEVEL_DEBUG3);
	log_write(LOG_LEVEL_INFO, "port %d", 2222);
	CHECK_STR(got.last, "port 2222");
	log_write(LOG_LEVEL_DEBUG1, "a");
	CHECK_STR(got.last, "debug1: a");
	log_write(LOG_LEVEL_DEBUG3, "b");
	CHECK_STR(got.last, "debug3: b");
}

TEST(log_lets_no_control_byte_through)
{
	start(LOG_LEVEL_INFO);
	log_write(LOG_LEVEL_INFO, "a\x1b[31m\nb \\x1b");
	CHECK_STR(got.last, "a\\x1b[31m\\nb \\x1b");
}

TEST(log_cuts_long_lines)
{
	char text[3000];

	start(LOG_LEVEL_INFO);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_write(LOG_LEVEL_INFO, "%s", text);
	CHECK_EQ(strlen(got.last), 1023);
	CHECK_STR(got.last + 1019, "a...");
}

TEST(log_keeps_errno)
{
	start(LOG_LEVEL_INFO);
	errno = ENOENT;
	log_write(LOG_LEVEL_INFO, "x");
	CHECK_EQ(errno, ENOENT);
}

TEST(log_level_words)
{
	enum log_level level;

	for (int i = LOG_LEVEL_QUIET; i <= LOG_LEVEL_DEBUG3; i++) {
		CHECK(log_level_parse(log_level_name((enum log_level)i), &level));
		CHECK_EQ(level, i);
	}
	CHECK(log_level_parse("debug", &level));
	CHECK_EQ(level, LOG_LEVEL_DEBUG1);
	CHECK(log_level_parse("Verbose", &level));
	CHECK_EQ(level, LOG_LEVEL_VERBOSE);
	CHECK(!log_level_parse("DEBUG4", &level));
	CHECK(!log_level_parse("", &level));
}

TEST(log_to_file_writes_lines)
{
	FILE *f = tmpfile();
	char back[64] = {0};

	REQUIRE(f != NULL);
	log_setup(LOG_LEVEL_INFO, log_to_file, f);
	log_write(LOG_LEVEL_INFO, "one");
	log_write(LOG_LEVEL_ERROR, "two");
	rewind(f);
	CHECK_EQ(fread(back, 1, sizeof(back), f), 8);
	CHECK_STR(back, "one\ntwo\n");
	fclose(f);
}

TEST(log_to_stderr_writes_one_line_a_call)
{
	int ends[2], kept = dup(STDERR_FILENO);
	char back[64] = {0};

	REQUIRE(kept >= 0 && pipe2(ends, O_DIRECT | O_CLOEXEC) == 0);
	dup2(ends[1], STDERR_FILENO);
	log_setup(LOG_LEVEL_INFO, log_to_stderr, NULL);
	log_write(LOG_LEVEL_INFO, "one");
	log_write(LOG_LEVEL_INFO, "two");
	dup2(kept, STDERR_FILENO);
	/* A pipe in packet mode yields each write by itself. */
	CHECK_EQ(read(ends[0], back, sizeof(back)), 4);
	CHECK_STR(back, "one\n");
	close(ends[0]);
	close(ends[1]);
	close(kept);
}
