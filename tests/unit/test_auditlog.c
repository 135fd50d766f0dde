/* SPDX-License-Identifier: ISC */
#include "relay/auditlog.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <signal.h>

#include "harness.h"
#include "tmpdir.h"

struct bench {
	struct tmpdir dir;
	uv_loop_t loop;
	struct feed feed;
	struct auditlog *log;
	char path[160];
};

static void start(struct bench *b, const char *to)
{
	struct fault f = {0};

	tmpdir_init(&b->dir);
	snprintf(b->path, sizeof(b->path), "%s", tmpdir_file(&b->dir, "audit"));
	REQUIRE_EQ(uv_loop_init(&b->loop), 0);
	feed_init(&b->feed);
	REQUIRE_EQ(auditlog_new(&b->loop, &b->feed, to ? to : b->path, AUDIT_LOGFMT, &b->log, &f),
		E_OK);
}

static void stop(struct bench *b)
{
	auditlog_end(b->log);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	auditlog_free(b->log);
	CHECK_EQ(uv_loop_close(&b->loop), 0);
	tmpdir_fini(&b->dir);
}

/* All that waits is written. The timer handle is not active, so the loop runs dry. */
static void settle(struct bench *b)
{
	uv_run(&b->loop, UV_RUN_DEFAULT);
}

static void say(struct bench *b, uint64_t n, const char *text)
{
	struct timespec at = {0};
	struct record r;

	record_init(&r, &at, "said");
	record_number(&r, "n", n);
	record_text(&r, "text", text);
	feed_say(&b->feed, &r);
}

static char *content(const char *path)
{
	static char text[4 * AUDITLOG_BUFFER];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

#define LINE(n) "time=1970-01-01T00:00:00.000Z event=said n=" #n "\n"

TEST(lines_are_appended)
{
	struct stat st;
	struct bench b;

	start(&b, NULL);
	say(&b, 1, NULL);
	say(&b, 2, NULL);
	settle(&b);
	CHECK_STR(content(b.path), LINE(1) LINE(2));
	REQUIRE_EQ(stat(b.path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	say(&b, 3, NULL);
	stop(&b); /* what waits at the end is written as well */
}

TEST(the_end_writes_what_waits)
{
	struct bench b;
	struct tmpdir keep;

	tmpdir_init(&keep);
	start(&b, tmpdir_file(&keep, "audit"));
	for (unsigned i = 0; i < 100; i++)
		say(&b, i, NULL);
	stop(&b);
	CHECK(strstr(content(tmpdir_file(&keep, "audit")), "n=99\n") != NULL);
	tmpdir_fini(&keep);
}

TEST(a_file_that_was_renamed_is_opened_anew)
{
	struct bench b;
	char old[160];

	start(&b, NULL);
	say(&b, 1, NULL);
	settle(&b);
	snprintf(old, sizeof(old), "%s", tmpdir_file(&b.dir, "audit.1"));
	REQUIRE_EQ(rename(b.path, old), 0);
	say(&b, 2, NULL); /* on its way already: into the old one */
	auditlog_reopen(b.log);
	say(&b, 3, NULL);
	settle(&b);
	CHECK_STR(content(old), LINE(1) LINE(2));
	CHECK_STR(content(b.path), LINE(3));
	/* Something else in its place: the open file stays in use. */
	REQUIRE_EQ(rename(b.path, old), 0);
	REQUIRE_EQ(mkfifo(b.path, 0600), 0);
	auditlog_reopen(b.log);
	settle(&b);
	say(&b, 4, NULL);
	settle(&b);
	CHECK_STR(content(old), LINE(3) LINE(4));
	stop(&b);
}

TEST(what_cannot_be_opened)
{
	struct tmpdir dir;
	struct fault f = {0};
	struct auditlog *log;
	struct feed feed;

	feed_init(&feed);
	tmpdir_init(&dir);
	CHECK_EQ(auditlog_new(NULL, &feed, tmpdir_file(&dir, "no/audit"), AUDIT_JSON, &log, &f),
		E_SYS);
	CHECK(strstr(f.text, "no/audit: No such file or directory") != NULL);
	f = (struct fault){0};
	REQUIRE_EQ(mkfifo(tmpdir_file(&dir, "fifo"), 0600), 0);
	CHECK_EQ(auditlog_new(NULL, &feed, dir.file, AUDIT_JSON, &log, &f), E_SYS);
	CHECK(strstr(f.text, "fifo: not a regular file") != NULL);
	f = (struct fault){0};
	REQUIRE_EQ(symlink("/dev/null", tmpdir_file(&dir, "link")), 0);
	CHECK_EQ(auditlog_new(NULL, &feed, dir.file, AUDIT_JSON, &log, &f), E_SYS);
	CHECK(strstr(f.text, "link: it is a symbolic link") != NULL);
	CHECK(!feed_is_heard(&feed));
	tmpdir_fini(&dir);
}

/* The standard error is a pipe nobody reads: the loop goes on, the buffer is bounded, and the
 * reader learns how many records it has missed. */
TEST(a_reader_that_is_stuck)
{
	unsigned long long lines = 0, lost = 0, n;
	static char text[16 * 1024];
	int saved = dup(STDERR_FILENO), p[2];
	enum { MANY = 20000 };
	struct bench b;
	FILE *in;

	memset(text, 'x', 200);
	text[200] = '\0';
	REQUIRE_EQ(pipe2(p, O_CLOEXEC), 0);
	dup2(p[1], STDERR_FILENO);
	start(&b, "stderr");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(p[1]);
	for (unsigned i = 0; i < MANY; i++) { /* would block for ever if the loop wrote */
		say(&b, i, text);
		uv_run(&b.loop, UV_RUN_NOWAIT);
	}
	in = fdopen(p[0], "r");
	auditlog_end(b.log);
	/* Read and run in turns: the worker waits for the one, its end for the other. */
	while (uv_run(&b.loop, UV_RUN_NOWAIT) != 0) {
		struct pollfd pfd = {.fd = p[0], .events = POLLIN};

		while (poll(&pfd, 1, 1) > 0 && fgets(text, sizeof(text), in)) {
			if (sscanf(text, "%*s event=dropped count=%llu", &n) == 1)
				lost += n;
			else
				lines++;
		}
	}
	auditlog_free(b.log);
	while (fgets(text, sizeof(text), in)) {
		if (sscanf(text, "%*s event=dropped count=%llu", &n) == 1)
			lost += n;
		else
			lines++;
	}
	fclose(in);
	CHECK_EQ(uv_loop_close(&b.loop), 0);
	tmpdir_fini(&b.dir);
	CHECK(lost > 0);
	CHECK_EQ(lines + lost, MANY);
}

/* A full disk, as a limit on the file's size: what did not fit is counted, a line that was cut has
 * an end before the next one. */
TEST(a_disk_that_is_full_for_a_while)
{
	struct rlimit before, small;
	struct bench b;
	char *text;

	signal(SIGXFSZ, SIG_IGN);
	REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = sizeof(LINE(1)) - 1 + 10;
	start(&b, NULL);
	say(&b, 1, NULL);
	settle(&b);
	REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
	say(&b, 2, NULL);
	settle(&b);
	say(&b, 3, NULL);
	settle(&b);
	REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
	say(&b, 4, NULL);
	settle(&b);
	text = content(b.path);
	CHECK(strncmp(text, LINE(1) "time=1970-\n" LINE(4),
		      sizeof(LINE(1) "time=1970-\n" LINE(4)) - 1) == 0);
	CHECK(strstr(text, " event=dropped count=2\n") != NULL);
	stop(&b);
}
