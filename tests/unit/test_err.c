/* SPDX-License-Identifier: ISC */
#include "base/err.h"

#include "harness.h"

#include <string.h>

TEST(err_every_error_has_its_own_words)
{
	for (int a = 0; a < E_COUNT; a++) {
		harness_note("error %d", a);
		REQUIRE(err_text((enum err)a) != NULL);
		CHECK(strlen(err_text((enum err)a)) > 0);
		for (int b = 0; b < a; b++)
			CHECK(strcmp(err_text((enum err)a), err_text((enum err)b)) != 0);
	}
	CHECK_STR(err_text(E_NOMEM), "out of memory");
	CHECK_STR(err_text(E_COUNT), "unknown error");
	CHECK_STR(err_text((enum err) - 1), "unknown error");
}

TEST(fault_keeps_the_first)
{
	struct fault f = {.err = E_OK};

	CHECK_EQ(fault_set(&f, E_MAC, 5, "packet %d is wrong", 7), E_MAC);
	CHECK_EQ(fault_set(&f, E_CLOSED, 10, "later"), E_CLOSED);
	CHECK_EQ(f.err, E_MAC);
	CHECK_EQ(f.code, 5);
	CHECK_STR(f.text, "packet 7 is wrong");
}

TEST(fault_may_be_missing)
{
	CHECK_EQ(fault_set(NULL, E_AUTH, 0, "nobody listens"), E_AUTH);
}

TEST(fault_text_is_printable_and_fits)
{
	struct fault f = {.err = E_OK};
	char name[1000];

	CHECK_EQ(fault_set(&f, E_PROTO, 2, "user %s", "a\x1b[2J\nb\xff"), E_PROTO);
	CHECK_STR(f.text, "user a\\x1b[2J\\nb\\xff");

	f.err = E_OK;
	memset(name, '\x01', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK_EQ(fault_set(&f, E_PROTO, 2, "%s", name), E_PROTO);
	CHECK(strlen(f.text) < FAULT_TEXT);
	CHECK_STR(f.text + strlen(f.text) - 7, "\\x01...");

	f.err = E_OK;
	memset(name, 'a', sizeof(name) - 1);
	CHECK_EQ(fault_set(&f, E_PROTO, 2, "%s", name), E_PROTO);
	CHECK_EQ(strlen(f.text), FAULT_TEXT - 1);
	CHECK_STR(f.text + FAULT_TEXT - 5, "a...");
}

TEST(r43_cve_2023_2283_cve_2023_6918_verdict_is_no_error_and_no_bool)
{
	CHECK((int)VERDICT_GOOD > E_COUNT && (int)VERDICT_BAD > E_COUNT);
	CHECK((int)VERDICT_GOOD != (int)VERDICT_BAD);
}
