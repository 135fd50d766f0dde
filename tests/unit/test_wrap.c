/* SPDX-License-Identifier: ISC */
#include "client/wrap.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static void collect(void *ctx, const char *text)
{
	char *out = ctx;
	size_t len = strlen(out);

	CHECK(picture_width(text) <= WRAP_COLUMNS || strchr(text + 16, ' ') == NULL);
	snprintf(out + len, 4096 - len, "%s\n", text);
}

TEST(wrap_breaks_between_words)
{
	char out[4096] = "";

	wrap("Listens", 10, "The relay.", collect, out);
	CHECK_STR(out, "  Listens     The relay.\n");
	out[0] = '\0';
	wrap("Head", 10,
		"one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen",
		collect, out);
	CHECK_STR(out,
		"  Head        one two three four five six seven eight nine ten eleven twelve thirteen fourteen\n"
		"              fifteen\n");
}

TEST(wrap_leaves_long_words_whole)
{
	char word[201], out[4096] = "";

	memset(word, 'w', 200);
	word[200] = '\0';
	wrap("", 10, word, collect, out);
	CHECK_EQ(strlen(out), 14 + 200 + 1);
}

TEST(wrap_breaks_anywhere_in_chinese_but_before_a_mark)
{
	char out[4096] = "";
	const char *rest;

	/* 41 characters are 82 cells: the margin is 14, the line 96. */
	wrap("监听", 10,
		"一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一，二",
		collect, out);
	rest = strchr(out, '\n');
	REQUIRE(rest != NULL);
	CHECK(strncmp(rest - strlen("一，"), "一，", strlen("一，")) == 0);
	CHECK_STR(rest + 1, "              二\n");
}
