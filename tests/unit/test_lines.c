/* SPDX-License-Identifier: ISC */
#include "keys/lines.h"

#include "harness.h"

static void expect(struct lines *l, const char *want, unsigned number)
{
	struct bytes line;
	size_t raw_len;

	REQUIRE(lines_next(l, &line, &raw_len));
	CHECK_BYTES(line, bytes_str(want));
	CHECK_EQ(l->number, number);
	CHECK(raw_len >= line.len);
}

static void expect_end(struct lines *l)
{
	struct bytes line;
	size_t raw_len;

	CHECK(!lines_next(l, &line, &raw_len));
	CHECK(!lines_next(l, &line, &raw_len));
}

TEST(lines_of_all_ends_are_counted)
{
	struct lines l;

	lines_init(&l, bytes_str("# first\n\n  one\ttwo \r\n\r\n \t\n#\n\tthree#\n last"));
	expect(&l, "one\ttwo", 3);
	expect(&l, "three#", 7);
	expect(&l, "last", 8);
	expect_end(&l);
}

TEST(nothing_has_no_lines)
{
	struct lines l;

	lines_init(&l, bytes_of(NULL, 0));
	expect_end(&l);
	lines_init(&l, bytes_str("\n\n"));
	expect_end(&l);
}

TEST(raw_length_has_the_blanks)
{
	struct lines l;
	struct bytes line;
	size_t raw_len;

	lines_init(&l, bytes_str("   x    \r\n"));
	REQUIRE(lines_next(&l, &line, &raw_len));
	CHECK_EQ(line.len, 1);
	CHECK_EQ(raw_len, 8);
}

TEST(words)
{
	struct bytes rest = lines_trim(bytes_str("  one \t two  "));

	CHECK_BYTES(lines_word(&rest), bytes_str("one"));
	CHECK_BYTES(lines_word(&rest), bytes_str("two"));
	CHECK_EQ(lines_word(&rest).len, 0);
	CHECK_EQ(lines_word(&rest).len, 0);
	rest = bytes_of(NULL, 0);
	CHECK_EQ(lines_word(&rest).len, 0);
}
