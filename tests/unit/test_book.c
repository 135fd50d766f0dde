/* SPDX-License-Identifier: ISC */
#include "relay/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "harness.h"
#include "tmpdir.h"

static struct book *from(const char *text, unsigned *line)
{
	struct book *b = book_new(NULL, NULL);

	REQUIRE(b != NULL);
	book_take(b, bytes_str(text), line);
	return b;
}

static void check_text(const struct book *b, const char *want)
{
	char *text = book_text(b);

	REQUIRE(text != NULL);
	CHECK_STR(text, want);
	free(text);
}

TEST(ports_come_back_in_the_order_in_which_they_came)
{
	unsigned line;
	struct book *b = from("5001 bob\n5003 alice\n5002 alice\n", &line);

	CHECK_EQ(line, 0);
	CHECK_EQ(book_port(b, "alice", 0), 5003);
	CHECK_EQ(book_port(b, "alice", 1), 5002);
	CHECK_EQ(book_port(b, "alice", 2), 0);
	CHECK_EQ(book_port(b, "carol", 0), 0);
	CHECK_STR(book_owner(b, 5001), "bob");
	CHECK(book_owner(b, 5004) == NULL);
	book_note(b, "alice", 5004);
	check_text(b, "5001 bob\n5003 alice\n5002 alice\n5004 alice\n");
	book_free(b);
}

TEST(a_port_has_one_owner)
{
	unsigned line;
	struct book *b = from("5001 bob\n", &line);

	book_note(b, "alice", 5001);
	book_note(b, "bob", 5001);
	check_text(b, "5001 bob\n");
	CHECK_EQ(book_port(b, "alice", 0), 0);
	book_free(b);
}

TEST(an_owner_has_not_too_many)
{
	struct book *b = book_new(NULL, NULL);

	for (uint16_t i = 0; i < BOOK_PORTS_MAX + 5; i++)
		book_note(b, "alice", 5000 + i);
	CHECK_EQ(book_port(b, "alice", BOOK_PORTS_MAX - 1), 5000 + BOOK_PORTS_MAX - 1);
	CHECK_EQ(book_port(b, "alice", BOOK_PORTS_MAX), 0);
	CHECK(book_owner(b, 5000 + BOOK_PORTS_MAX) == NULL);
	book_free(b);
}

TEST(lines_that_are_none_are_left_out)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *left;
	} cases[] = {
		{"", 0, ""},
		{"\n", 1, ""},
		{"5001\n", 1, ""},
		{"5001 \n", 1, ""},
		{" alice\n", 1, ""},
		{"0 alice\n", 1, ""},
		{"65535 alice\n", 0, "65535 alice\n"},
		{"65536 alice\n", 1, ""},
		{"99999999999999999999999 alice\n", 1, ""},
		{"-1 alice\n", 1, ""},
		{"5001 alice bob\n", 1, ""},
		{"5001 al\x1b[2Jice\n", 1, ""},
		{"5001 al\x80ice\n", 1, ""},
		{"5001 alice\n5001 bob\n5002 bob\n", 2, "5001 alice\n5002 bob\n"},
		{"5001 alice\n5002 ali", 2, "5001 alice\n"}, /* cut */
		{"5001 0123456789012345678901234567890123456789012345678901234567890123\n", 1, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned line;
		struct book *b = from(cases[i].text, &line);

		harness_note("case %zu", i);
		CHECK_EQ(line, cases[i].line);
		check_text(b, cases[i].left);
		book_free(b);
	}
}

/* Every port there is, one owner each: the most the book can hold. */
TEST(a_full_book)
{
	struct book *b = book_new(NULL, NULL), *again = book_new(NULL, NULL);
	char *text, owner[16];
	unsigned line;

	for (unsigned port = 1; port < 65536; port++) {
		snprintf(owner, sizeof(owner), "key%u", port);
		book_note(b, owner, (uint16_t)port);
	}
	text = book_text(b);
	CHECK(book_take(again, bytes_str(text), &line));
	check_text(again, text);
	free(text);
	book_free(b);
	book_free(again);
}

static void lines_of(void *ctx, enum log_level level, const char *text)
{
	(*(unsigned *)ctx)++;
}

/* Written in a thread while the loop runs, and what came too late for that at the end. */
TEST(the_file_outlives_the_book)
{
	struct tmpdir t;
	struct book *b;
	struct stat st;
	uv_loop_t loop;
	const char *path;

	tmpdir_init(&t);
	path = tmpdir_file(&t, "new/folder/ports");
	REQUIRE_EQ(uv_loop_init(&loop), 0);
	b = book_new(&loop, path);
	book_load(b);
	book_note(b, "alice", 5001);
	book_note(b, "alice", 5002); /* goes with the next writing */
	uv_run(&loop, UV_RUN_DEFAULT);
	REQUIRE_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_EQ(st.st_size, 2 * (off_t)strlen("5001 alice\n"));
	book_note(b, "bob", 5003);
	book_note(b, "bob", 5004);
	uv_run(&loop, UV_RUN_NOWAIT);
	uv_run(&loop, UV_RUN_DEFAULT);
	book_free(b);
	b = book_new(&loop, path);
	book_load(b);
	check_text(b, "5001 alice\n5002 alice\n5003 bob\n5004 bob\n");
	book_free(b);
	CHECK_EQ(uv_loop_close(&loop), 0);
	tmpdir_fini(&t);
}

TEST(a_file_that_cannot_be_written_is_complained_about_once)
{
	struct book *b;
	uv_loop_t loop;
	unsigned lines = 0;

	REQUIRE_EQ(uv_loop_init(&loop), 0);
	log_setup(LOG_LEVEL_INFO, lines_of, &lines);
	b = book_new(&loop, "/dev/null/ports");
	book_load(b);
	CHECK_EQ(lines, 0); /* there is no such file, as before the first port */
	for (uint16_t port = 5001; port < 5004; port++) {
		book_note(b, "alice", port);
		uv_run(&loop, UV_RUN_DEFAULT);
	}
	CHECK_EQ(lines, 1);
	CHECK_EQ(book_port(b, "alice", 2), 5003);
	book_free(b);
	CHECK_EQ(lines, 1);
	log_setup(LOG_LEVEL_INFO, log_to_stderr, NULL);
	CHECK_EQ(uv_loop_close(&loop), 0);
}
