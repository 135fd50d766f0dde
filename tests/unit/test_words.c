/* SPDX-License-Identifier: ISC */
#include "client/words.h"

#include <stdio.h>
#include <string.h>

#include "harness.h"

static const char *all, *category, *lang;

static const char *env(const char *name)
{
	if (strcmp(name, "LC_ALL") == 0)
		return all;
	return strcmp(name, "LANG") == 0 ? lang : category;
}

static void set(const char *for_all, const char *for_category, const char *for_lang)
{
	all = for_all;
	category = for_category;
	lang = for_lang;
}

/* Every language has every message, and the same places in it. */
TEST(words_are_whole)
{
	for (enum word w = 0; w < WORDS_COUNT; w++) {
		harness_note("message %d", (int)w);
		for (enum words_language l = 0; l < WORDS_LANGUAGES; l++) {
			REQUIRE(words(l, w) != NULL);
			CHECK(words(l, w)[0] != '\0');
			for (char n = '1'; n <= '9'; n++) {
				char place[] = {'{', n, '}', '\0'};

				CHECK_EQ(strstr(words(l, w), place) != NULL,
					strstr(words(WORDS_ENGLISH, w), place) != NULL);
			}
		}
	}
}

TEST(words_puts_values_in_their_places)
{
	const char *const values[] = {"-R 1:h:2", "relay", "22"};
	char out[64], tight[8];

	CHECK_STR(words_fill(out, sizeof(out), WORDS_ENGLISH, WORD_THROUGH, values),
		"-R 1:h:2  through relay, port 22");
	CHECK_STR(words_fill(out, sizeof(out), WORDS_CHINESE, WORD_THROUGH, values),
		"-R 1:h:2  经由 relay，端口 22");
	CHECK_STR(words_fill(tight, sizeof(tight), WORDS_ENGLISH, WORD_THROUGH, values), "-R 1:h:");
}

TEST(words_of_the_environment)
{
	set(NULL, NULL, NULL);
	CHECK_EQ(words_language(env), WORDS_ENGLISH);
	CHECK(!words_is_utf8(env));
	set("", NULL, "zh_CN.UTF-8");
	CHECK_EQ(words_language(env), WORDS_CHINESE);
	CHECK(words_is_utf8(env));
	set("C.UTF-8", "zh_CN.UTF-8", "zh_CN.UTF-8");
	CHECK_EQ(words_language(env), WORDS_ENGLISH);
	CHECK(words_is_utf8(env));
	set(NULL, "zh_TW.utf8", "C");
	CHECK_EQ(words_language(env), WORDS_CHINESE);
	set(NULL, "de_DE.UTF-8", NULL);
	CHECK_EQ(words_language(env), WORDS_ENGLISH);
	/* A terminal that shows other bytes would show rubbish. */
	set(NULL, NULL, "zh_CN.GB18030");
	CHECK_EQ(words_language(env), WORDS_ENGLISH);
	CHECK(!words_is_utf8(env));
}
