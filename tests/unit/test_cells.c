/* SPDX-License-Identifier: ISC */
#include "ctl/cells.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static void printable(const char *locale, const char *text, const char *want)
{
	char *got;

	REQUIRE(setlocale(LC_CTYPE, locale) != NULL);
	got = cells_printable(text);
	REQUIRE(got != NULL);
	CHECK_STR(got, want);
	free(got);
}

TEST(cells_printable_lets_nothing_through_that_a_terminal_would_obey)
{
	printable("C.UTF-8", "plain text", "plain text");
	printable("C.UTF-8", "", "");
	printable("C.UTF-8", "a\x1b[2Jb\r\n\t\x7f", "a\\x1b[2Jb\\x0d\\x0a\\x09\\x7f");
	printable("C.UTF-8",
		"\xc2\x9b"
		"31m",
		"\\xc2\\x9b31m"); /* CSI in one character */
	printable("C.UTF-8",
		"\xe2\x80\xae"
		"gpj.exe",
		"\\xe2\\x80\\xaegpj.exe");		  /* right to left */
	printable("C.UTF-8", "e\xcc\x81", "e\\xcc\\x81"); /* combines with what is before it */
}

TEST(cells_printable_keeps_what_the_locale_can_show)
{
	printable("C.UTF-8", "K\xc3\xb6ln \xe4\xb8\x9c\xe4\xba\xac",
		"K\xc3\xb6ln \xe4\xb8\x9c\xe4\xba\xac");
	printable("C", "K\xc3\xb6ln", "K\\xc3\\xb6ln");
	printable("C.UTF-8", "K\xc3", "K\\xc3"); /* broken off */
	printable("C.UTF-8", "\xff\xc0\x80z", "\\xff\\xc0\\x80z");
}

TEST(cells_width_counts_wide_characters_twice)
{
	REQUIRE(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	CHECK_EQ(cells_width(""), 0);
	CHECK_EQ(cells_width("abc"), 3);
	CHECK_EQ(cells_width("K\xc3\xb6ln"), 4);
	CHECK_EQ(cells_width("\xe4\xb8\x9c\xe4\xba\xac"), 4);
}

static void fits(const char *text, size_t columns, const char *shown, const char *want_mark)
{
	const char *mark;
	size_t len = cells_fit(text, columns, &mark);

	CHECK_MEM(text, len, shown);
	CHECK_EQ(len, strlen(shown));
	CHECK_STR(mark, want_mark);
}

TEST(cells_fit_cuts_between_characters)
{
	REQUIRE(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	fits("abcdef", 6, "abcdef", "");
	fits("abcdef", 5, "abcd", "\xe2\x80\xa6");
	fits("abcdef", 1, "", "\xe2\x80\xa6");
	fits("abcdef", 0, "", "");
	fits("\xe4\xb8\x9c\xe4\xba\xac\xe5\xb8\x82", 4, "\xe4\xb8\x9c", "\xe2\x80\xa6");
	REQUIRE(setlocale(LC_CTYPE, "C") != NULL);
	fits("abcdef", 5, "ab", "...");
	fits("abcdef", 2, "ab", "");
}
