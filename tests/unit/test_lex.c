/* SPDX-License-Identifier: ISC */
#include "conf/lex.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

/* A line as "keyword|arg|arg", or the trouble in words. */
static const char *cut(const char *text)
{
	static struct lex_line line;
	static char out[LEX_LINE_MAX + 512];
	static const char *const troubles[] = {[LEX_NO_ARGUMENT] = "no argument",
		[LEX_QUOTES] = "quotes",
		[LEX_TOO_LONG] = "too long",
		[LEX_NUL] = "nul"};
	size_t len;

	if (!lex_option(bytes_str(text), &line))
		return "nothing";
	if (line.trouble != LEX_FINE)
		return troubles[line.trouble];
	len = (size_t)snprintf(out, sizeof(out), "%s", line.keyword);
	for (size_t i = 0; i < line.count; i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "|%s", line.args[i]);
	return out;
}

TEST(lex_keyword)
{
	CHECK_STR(cut("Port 22"), "Port|22");
	CHECK_STR(cut("Port=22"), "Port|22");
	CHECK_STR(cut("Port =22"), "Port|22");
	CHECK_STR(cut("Port= 22"), "Port|22");
	CHECK_STR(cut(" \tPort \t = \t 22 \r"), "Port|22");
	CHECK_STR(cut("Port = =22"), "Port|=22");
	CHECK_STR(cut("\"Port\" 22"), "Port|22");
	CHECK_STR(cut("Port 22 \f"), "Port|22");
}

TEST(lex_nothing)
{
	CHECK_STR(cut(""), "nothing");
	CHECK_STR(cut(" \t\r"), "nothing");
	CHECK_STR(cut("# Port 22"), "nothing");
	CHECK_STR(cut("  #"), "nothing");
}

TEST(lex_arguments)
{
	CHECK_STR(cut("K a  b\tc"), "K|a|b|c");
	CHECK_STR(cut("K a # b"), "K|a");
	CHECK_STR(cut("K a#b"), "K|a#b");
	CHECK_STR(cut("K \"a b\" c"), "K|a b|c");
	CHECK_STR(cut("K 'a \"b' c"), "K|a \"b|c");
	CHECK_STR(cut("K a\"b c\"d"), "K|ab cd");
	CHECK_STR(cut("K \"\" x"), "K||x");
	CHECK_STR(cut("K a\\ b"), "K|a b");
	CHECK_STR(cut("K \"a\\ b\""), "K|a\\ b");
	CHECK_STR(cut("K \\\"a\\' \\\\ \\n"), "K|\"a'|\\|\\n");
	CHECK_STR(cut("K \"#\" b"), "K|#|b");
	CHECK_STR(cut("K a\\"), "K|a\\");
}

TEST(lex_troubles)
{
	CHECK_STR(cut("Port"), "no argument");
	CHECK_STR(cut("Port ="), "no argument");
	CHECK_STR(cut("Port #22"), "no argument");
	CHECK_STR(cut("K \"a"), "quotes");
	CHECK_STR(cut("K 'a\""), "quotes");
	CHECK_STR(cut("K a\"b c"), "quotes");
	CHECK_STR(cut("\"K a"), "quotes");
}

TEST(lex_zero_byte)
{
	struct lex_line line;

	REQUIRE(lex_option(bytes_of("Port 2\0 2", 9), &line));
	CHECK_EQ(line.trouble, LEX_NUL);
	CHECK_STR(line.keyword, "");
	REQUIRE(lex_option(bytes_of("Port 22\0", 8), &line));
	CHECK_EQ(line.trouble, LEX_NUL);
}

TEST(lex_limits)
{
	static char text[LEX_LINE_MAX + 8];
	struct lex_line line;

	memset(text, 'a', sizeof(text));
	memcpy(text, "K ", 2);
	REQUIRE(lex_option(bytes_of(text, LEX_LINE_MAX), &line));
	CHECK_EQ(line.trouble, LEX_FINE);
	CHECK_EQ(strlen(line.args[0]), LEX_LINE_MAX - 2);
	REQUIRE(lex_option(bytes_of(text, LEX_LINE_MAX + 1), &line));
	CHECK_EQ(line.trouble, LEX_TOO_LONG);

	for (size_t i = 1; i < LEX_LINE_MAX; i++)
		text[i] = i % 2 == 0 ? 'a' : ' ';
	REQUIRE(lex_option(bytes_of(text, 1 + 2 * LEX_ARGS_MAX), &line));
	CHECK_EQ(line.trouble, LEX_FINE);
	CHECK_EQ(line.count, LEX_ARGS_MAX);
	REQUIRE(lex_option(bytes_of(text, 3 + 2 * LEX_ARGS_MAX), &line));
	CHECK_EQ(line.trouble, LEX_TOO_LONG);
}

TEST(lex_numbers_lines)
{
	struct lex_line line;
	struct lex l;

	lex_init(&l, bytes_str("\n# one\nA 1\r\n\n  B 2\nC\nD 4"));
	REQUIRE(lex_next(&l, &line));
	CHECK_EQ(line.number, 3);
	CHECK_STR(line.keyword, "A");
	CHECK_STR(line.args[0], "1");
	REQUIRE(lex_next(&l, &line));
	CHECK_EQ(line.number, 5);
	REQUIRE(lex_next(&l, &line));
	CHECK_EQ(line.number, 6);
	CHECK_EQ(line.trouble, LEX_NO_ARGUMENT);
	REQUIRE(lex_next(&l, &line));
	CHECK_EQ(line.number, 7);
	CHECK_STR(line.args[0], "4");
	CHECK(!lex_next(&l, &line));
	CHECK(!lex_next(&l, &line));
}

TEST(lex_reads_no_byte_past_its_text)
{
	/* Exactly sized, for a sanitizer to see. */
	char *text = malloc(6);
	struct lex_line line;

	REQUIRE(text != NULL);
	memcpy(text, "Port 7", 6);
	CHECK(lex_option(bytes_of(text, 6), &line));
	CHECK_STR(line.args[0], "7");
	free(text);
}
