/* SPDX-License-Identifier: ISC */
/* Which well-formed lines are told of, and that the sound ones are not. */
#include "keys/keylint.h"

#include "harness.h"
#include "keys/authoptions.h"

#include <stdio.h>
#include <string.h>

static char said[4096];
static unsigned told;

static void hear(void *ctx, unsigned line, const char *sentence)
{
	size_t used = strlen(said);

	CHECK_EQ(line, 7);
	told++;
	snprintf(said + used, sizeof said - used, "%s\n", sentence);
}

static void lint(const char *list)
{
	struct arena arena;
	struct authkey k;
	struct fault f = {0};

	harness_note("%s", list);
	said[0] = '\0';
	told = 0;
	arena_init(&arena);
	authoptions_init(&k);
	k.line = 7;
	REQUIRE_EQ(authoptions_parse(bytes_str(list), &arena, &k, &f), E_OK);
	keylint(&k, hear, NULL);
	arena_fini(&arena);
}

TEST(sound_lines)
{
	static const char *const rows[] = {
		"restrict",
		"restrict,port-forwarding,permitlisten=\"8000-8099\",max-visitors=\"3\"",
		"permitlisten=\"localhost:80\",permitopen=\"a:1\",rate=\"1M\",takeover=\"refuse\"",
		"from=\"!192.0.2.1,192.0.2.0/24\",visitors-from=\"*,!192.0.2.7\"",
		"cert-authority,principals=\"a\"",
		"tunnel=\"1\"",
		"name=\"Lab\"",
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		lint(rows[i]);
		CHECK_EQ(told, 0);
	}
}

TEST(dead_lines)
{
	static const struct {
		const char *list, *words;
		unsigned count;
	} rows[] = {
		{"restrict,permitlisten=\"80\"", "permitlisten= has no effect", 1},
		{"port-forwarding,restrict,permitlisten=\"80\"", "permitlisten= has no effect", 1},
		{"no-port-forwarding,permitopen=\"a:1\"", "permitopen= has no effect", 1},
		{"restrict,max-visitors=\"1\",max-forwards=\"1\",rate=\"1K\","
		 "visitors-from=\"*\",takeover=\"standby\"",
			"rate= has no effect", 5},
		{"from=\"!192.0.2.1\"", "from= admits nobody", 1},
		{"visitors-from=\"!192.0.2.1,!10.0.0.0/8\"", "visitors-from= admits nobody", 1},
		{"principals=\"a\"", "principals= without cert-authority: the line admits nobody", 1},
		{"restrict,tunnel=\"1\"", "tunnel= has no effect after restrict", 1},
		{"permitlisten=\"Localhost:80\",permitlisten=\"localhost:80\"",
			"permitlisten=\"Localhost:80\" admits nothing", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		lint(rows[i].list);
		CHECK_EQ(told, rows[i].count);
		CHECK(strstr(said, rows[i].words) != NULL);
	}
}
