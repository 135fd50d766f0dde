/* SPDX-License-Identifier: ISC */
/* What of a child can be told without one; the rest is tried with real ones (interop). */
#include "relay/child.h"

#include <string.h>

#include "harness.h"

TEST(a_child_that_does_not_stay_is_started_less_and_less_often)
{
	unsigned before = 0;

	CHECK_EQ(child_wait_ms(1), CHILD_AGAIN_MS);
	for (unsigned i = 1; i < 1000; i++) {
		unsigned ms = child_wait_ms(i);

		CHECK(ms >= before && ms >= CHILD_AGAIN_MS && ms <= CHILD_AGAIN_MAX_MS);
		before = ms;
	}
	CHECK_EQ(before, CHILD_AGAIN_MAX_MS);
}

TEST(a_role_is_the_first_word)
{
	char *words[] = {(char *)"sallyd", (char *)"--role=signer", (char *)"-d", NULL};
	char **argv = words;
	int argc = 3;
	const char *role = child_role(&argc, &argv);

	REQUIRE(role != NULL);
	CHECK_STR(role, "signer");
	CHECK_EQ(argc, 2);
	CHECK_STR(argv[1], "-d");
	CHECK(child_role(&argc, &argv) == NULL);
	argc = 1;
	CHECK(child_role(&argc, &argv) == NULL);
}
