/* SPDX-License-Identifier: ISC */
#include "conf/expand.h"

#include "harness.h"

static const char *env(void *ctx, const char *name)
{
	return strcmp(name, "COLOUR") == 0 ? "blue" : strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

static const struct conf_reader reader = {.env = env};
static const struct expand_token tokens[] = {{'h', "host"}, {'p', "22"}, {'\0', NULL}};
static char out[EXPAND_MAX];

static enum err expand(const char *text)
{
	return expand_text(text, tokens, &reader, out, NULL);
}

TEST(expand_tokens)
{
	REQUIRE_EQ(expand("a%h-%p%%%%h"), E_OK);
	CHECK_STR(out, "ahost-22%%h");
	CHECK_EQ(expand("a%x"), E_UNKNOWN);
	CHECK_EQ(expand("a%"), E_FORMAT);
	REQUIRE_EQ(expand(""), E_OK);
	CHECK_STR(out, "");
}

TEST(expand_environment)
{
	REQUIRE_EQ(expand("x${COLOUR}y${EMPTY}z$COLOUR$"), E_OK);
	CHECK_STR(out, "xblueyz$COLOUR$");
	CHECK_EQ(expand("${NONE}"), E_UNKNOWN);
	CHECK_EQ(expand("${COLOUR"), E_FORMAT);
	CHECK_EQ(expand("${}"), E_FORMAT);
}

TEST(r59_cve_2023_51385_cve_2025_61984_cve_2025_61985_expand_does_not_look_at_results)
{
	static const struct expand_token odd[] = {{'h', "%p${COLOUR}"}, {'p', "22"}, {'\0', NULL}};

	REQUIRE_EQ(expand_text("%h", odd, &reader, out, NULL), E_OK);
	CHECK_STR(out, "%p${COLOUR}");
}

TEST(expand_only_what_is_asked)
{
	REQUIRE_EQ(expand_text("%h${COLOUR}", NULL, &reader, out, NULL), E_OK);
	CHECK_STR(out, "%hblue");
	REQUIRE_EQ(expand_text("%h${COLOUR}", tokens, NULL, out, NULL), E_OK);
	CHECK_STR(out, "host${COLOUR}");
	CHECK_EQ(expand_text("${COLOUR}", tokens, &(struct conf_reader){0}, out, NULL), E_UNKNOWN);
}

TEST(expand_homes)
{
	REQUIRE_EQ(expand_home("~/.ssh/x", "/home/a", out, NULL), E_OK);
	CHECK_STR(out, "/home/a/.ssh/x");
	REQUIRE_EQ(expand_home("~", "/home/a", out, NULL), E_OK);
	CHECK_STR(out, "/home/a");
	REQUIRE_EQ(expand_home("/a/~", "/home/a", out, NULL), E_OK);
	CHECK_STR(out, "/a/~");
	CHECK_EQ(expand_home("~b/x", "/home/a", out, NULL), E_UNKNOWN);
}

TEST(expand_limit)
{
	static char text[EXPAND_MAX + 1];

	memset(text, 'a', EXPAND_MAX - 1);
	CHECK_EQ(expand(text), E_OK);
	CHECK_EQ(expand_home(text, "", out, NULL), E_OK);
	text[EXPAND_MAX - 1] = 'a';
	CHECK_EQ(expand(text), E_LIMIT);
	CHECK_EQ(expand_home(text, "", out, NULL), E_LIMIT);
	memcpy(text + EXPAND_MAX - 6, "%h%h", 5);
	CHECK_EQ(expand(text), E_LIMIT);
}
