/* SPDX-License-Identifier: ISC */
#include "ctl/spark.h"

#include <locale.h>
#include <string.h>

#include "harness.h"

static char text[SPARK_TEXT_MAX];
static char want[SPARK_TEXT_MAX + 64];

/* Blanks until the last ones. */
static const char *ends_in(const char *end, size_t signs)
{
	memset(want, ' ', SPARK_VALUES - signs);
	strcpy(want + SPARK_VALUES - signs, end);
	return want;
}

TEST(spark_of_nothing_is_blank)
{
	struct spark s = {0};

	CHECK_STR(spark_text(&s, text), ends_in("", 0));
}

TEST(spark_puts_the_newest_last_and_the_largest_on_top)
{
	struct spark s = {0};

	REQUIRE(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	spark_take(&s, 1);
	spark_take(&s, 0);
	spark_take(&s, 400);
	spark_take(&s, 800);
	CHECK_STR(spark_text(&s, text), ends_in("\u2581 \u2584\u2588", 4));
	/* What is older than the row goes, and with it its height. */
	for (int i = 0; i < SPARK_VALUES - 1; i++)
		spark_take(&s, 0);
	spark_take(&s, 3);
	CHECK_STR(spark_text(&s, text), ends_in("\u2588", 1));
}

TEST(spark_in_ascii)
{
	struct spark s = {0};

	REQUIRE(setlocale(LC_CTYPE, "C") != NULL);
	spark_take(&s, UINT64_MAX);
	spark_take(&s, UINT64_MAX / 2);
	spark_take(&s, 1);
	CHECK_STR(spark_text(&s, text), ends_in("#-.", 3));
}
