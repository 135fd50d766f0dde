/* SPDX-License-Identifier: ISC */
#include "relay/paths.h"

#include <string.h>

#include "harness.h"

static struct paths paths = {.home = "/home/me", .cwd = "/here"};
static char out[PLACES_PATH_MAX];

static const char *resolve(const char *path, enum paths_base base)
{
	REQUIRE_EQ(paths_resolve(&paths, path, base, out, NULL), E_OK);
	return out;
}

TEST(words_become_paths)
{
	CHECK_STR(resolve("/etc/x", PATHS_FROM_CWD), "/etc/x");
	CHECK_STR(resolve("x/y", PATHS_FROM_CWD), "/here/x/y");
	CHECK_STR(
		resolve(".ssh/authorized_keys", PATHS_FROM_HOME), "/home/me/.ssh/authorized_keys");
	CHECK_STR(resolve("~/k", PATHS_FROM_CWD), "/home/me/k");
	CHECK_STR(resolve("%h/k", PATHS_FROM_CWD), "/home/me/k");
	CHECK_STR(resolve("/a/%%b/%h", PATHS_FROM_CWD), "/a/%b//home/me");
	CHECK_STR(resolve("~other/k", PATHS_FROM_CWD), "/here/~other/k");
}

TEST(the_user_of_a_key_file)
{
	CHECK_STR(resolve("/keys/%u", PATHS_FROM_HOME), "/keys/\1");
	CHECK_STR(resolve("%u/%%u", PATHS_FROM_HOME), "/home/me/\1/%u");
}

TEST(unknown_tokens_are_refused)
{
	struct fault f = {0};

	CHECK_EQ(paths_resolve(&paths, "/keys/%u", PATHS_FROM_CWD, out, &f), E_UNKNOWN);
	CHECK_STR(f.text, "/keys/%u: of the tokens only %h and %% are known here");
	CHECK_EQ(paths_resolve(&paths, "/keys/%", PATHS_FROM_CWD, out, NULL), E_UNKNOWN);
}

TEST(what_does_not_fit_is_refused)
{
	char longest[PLACES_PATH_MAX + 8];

	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[PLACES_PATH_MAX] = '\0';
	CHECK_EQ(paths_resolve(&paths, longest, PATHS_FROM_CWD, out, NULL), E_LIMIT);
	longest[PLACES_PATH_MAX - 1] = '\0';
	CHECK_EQ(paths_resolve(&paths, longest, PATHS_FROM_CWD, out, NULL), E_OK);
	CHECK_EQ(paths_resolve(&paths, longest + 1, PATHS_FROM_CWD, out, NULL), E_LIMIT);
}
