/* SPDX-License-Identifier: ISC */
#include "ctl/table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static const struct table_column columns[] = {
	{"NAME", false, 4, 0}, {"SIZE", true, 0, 1}, {"PLACE", false, 5, 2}};

static struct table *made(void)
{
	struct table *t;

	REQUIRE(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	t = table_new(columns, 3);
	REQUIRE(t != NULL);
	table_add(t, "short");
	table_add(t, "12");
	table_add(t, "");
	table_add(t, "a name that is long");
	table_add(t, "3456789");
	table_add(t, "the place \xe4\xb8\x9c\xe4\xba\xac");
	return t;
}

static void prints(struct table *t, unsigned width, const char *want)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	REQUIRE(out != NULL);
	table_fit(t, width);
	table_head(t, out);
	for (size_t i = 0; i < table_rows(t); i++) {
		fputc('\n', out);
		table_line(t, i, out);
	}
	fclose(out);
	CHECK_STR(text, want);
	free(text);
}

TEST(table_is_as_wide_as_its_cells)
{
	struct table *t = made();

	CHECK_EQ(table_rows(t), 2);
	CHECK(table_is_whole(t));
	prints(t, 0,
		"NAME                    SIZE  PLACE\n"
		"short                     12\n"
		"a name that is long  3456789  the place \xe4\xb8\x9c\xe4\xba\xac");
	table_free(t);
}

TEST(table_shrinks_the_widest)
{
	struct table *t = made();

	prints(t, 38,
		"NAME              SIZE  PLACE\n"
		"short               12\n"
		"a name that \xe2\x80\xa6  3456789  the place \xe4\xb8\x9c\xe4\xba\xac");
	prints(t, 36,
		"NAME             SIZE  PLACE\n"
		"short              12\n"
		"a name that\xe2\x80\xa6  3456789  the place \xe4\xb8\x9c\xe2\x80\xa6");
	table_free(t);
}

TEST(table_leaves_columns_out_when_shrinking_is_not_enough)
{
	struct table *t = made();

	prints(t, 16,
		"NAME       PLACE\n"
		"short\n"
		"a name t\xe2\x80\xa6  the \xe2\x80\xa6");
	prints(t, 6,
		"NAME\n"
		"short\n"
		"a nam\xe2\x80\xa6");
	prints(t, 1,
		"NAME\n" /* no narrower than that */
		"sho\xe2\x80\xa6\n"
		"a n\xe2\x80\xa6");
	prints(t, 1000,
		"NAME                    SIZE  PLACE\n"
		"short                     12\n"
		"a name that is long  3456789  the place \xe4\xb8\x9c\xe4\xba\xac");
	table_free(t);
}

TEST(table_shows_no_control_characters)
{
	struct table *t = made();

	table_add(t, "\x1b[31mred");
	table_add(t, NULL);
	CHECK(!table_is_whole(t)); /* a row that is not complete */
	table_add(t, "\n");
	prints(t, 0,
		"NAME                    SIZE  PLACE\n"
		"short                     12\n"
		"a name that is long  3456789  the place \xe4\xb8\x9c\xe4\xba\xac\n"
		"\\x1b[31mred                   \\x0a");
	table_free(t);
}
