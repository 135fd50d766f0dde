/* SPDX-License-Identifier: ISC */
#include "conf/keywords.h"

#include <strings.h>

#include "conf/harmless.h"
#include "harness.h"

static bool is_without_effect(const struct keyword *one)
{
	return one->kind == KEYWORD_ACCEPT || one->kind == KEYWORD_REFUSE;
}

/* What no test of single keywords would see: the tables as a whole. */
static void check_table(const struct keyword *table)
{
	struct keywords k = {.table = table};

	for (const struct keyword *one = table; one->name != NULL; one++) {
		harness_note("%s", one->name);
		for (const struct keyword *other = table; other < one; other++)
			CHECK(strcasecmp(other->name, one->name) != 0);
		CHECK(keywords_find(&k, one->name) != NULL);
		CHECK(keywords_find(&k, one->name)->kind != KEYWORD_ALIAS);
		CHECK((one->kind == KEYWORD_REFUSE) == (one->harmless != NULL));
		CHECK((one->kind == KEYWORD_WORD || one->kind == KEYWORD_WORD_FLAG ||
			      (is_without_effect(one) && one->what == HARMLESS_WORD)) ==
			(one->words != NULL));
		CHECK((one->kind == KEYWORD_FILES || one->kind == KEYWORD_FILE) == (one->max > 0));
		if (one->same != NULL)
			CHECK(keywords_find(&k, one->same) != NULL);
	}
}

TEST(keywords_client_table)
{
	check_table(client_keywords);
}

TEST(keywords_relay_table)
{
	check_table(relay_keywords);
}

TEST(keywords_first_value)
{
	struct keywords k = {.table = client_keywords};
	const struct keyword *real = keywords_find(&k, "identityfile");

	REQUIRE(real != NULL && real == keywords_find(&k, "IDENTITYFILE2"));
	CHECK(!keywords_is_set(&k, real));
	keywords_set(&k, keywords_find(&k, "IdentityFile2"));
	CHECK(keywords_is_set(&k, real));
	CHECK(!keywords_is_set(&k, keywords_find(&k, "user")));
	CHECK(keywords_find(&k, "nothing") == NULL);
}
