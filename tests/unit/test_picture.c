/* SPDX-License-Identifier: ISC */
#include "client/picture.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static void collect(void *ctx, const char *text)
{
	char *all = ctx;
	size_t len = strlen(all);

	snprintf(all + len, 2048 - len, "%s\n", text);
}

static struct picture make(void)
{
	struct picture p = {.links = {{"TCP", false, false}, {"SSH", true, true}, {"unix", false, false}}};
	static const char *const cells[PICTURE_ROWS][PICTURE_COLUMNS] = {
		{"visitor", "relay", "agent", "target"},
		{"any program", "r.example", "this machine", "localhost"},
		{"dials", "listens on port 2222", "", "port 22"}};

	for (int row = 0; row < PICTURE_ROWS; row++)
		for (int i = 0; i < PICTURE_COLUMNS; i++)
			snprintf(p.cells[row][i], PICTURE_CELL, "%s", cells[row][i]);
	return p;
}

TEST(picture_stands_in_columns)
{
	struct picture p = make();
	char all[2048] = "";

	picture_draw(&p, true, collect, all);
	CHECK_STR(all,
		"    visitor                     relay                       agent                  target\n"
		"  any program  ──TCP──▶       r.example        ◀══SSH══  this machine  ──unix──▶  localhost\n"
		"     dials               listens on port 2222                                      port 22\n");
}

TEST(picture_in_ascii)
{
	struct picture p = make();
	char all[2048] = "";

	picture_draw(&p, false, collect, all);
	CHECK(strstr(all, "any program  --TCP-->       r.example        <==SSH==  this machine") != NULL);
	for (const char *s = all; *s != '\0'; s++)
		REQUIRE((*s & 0x80) == 0);
}

TEST(picture_counts_cells_and_not_bytes)
{
	struct picture p = make();
	char all[2048] = "";

	CHECK_EQ(picture_width(""), 0);
	CHECK_EQ(picture_width("abc"), 3);
	CHECK_EQ(picture_width("中继"), 4);
	CHECK_EQ(picture_width("──▶"), 3);
	CHECK_EQ(picture_width("端口 22。"), 9);
	strcpy(p.cells[0][1], "中继");
	picture_draw(&p, true, collect, all);
	CHECK(strstr(all, "    visitor                      中继 ") != NULL);
}
