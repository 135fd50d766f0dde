/* SPDX-License-Identifier: ISC */
#include "relay/account.h"

#include "harness.h"

#include <string.h>

TEST(one_account_a_key)
{
	struct accounts all = {NULL};
	struct account *a = account_take(&all, "SHA256:a");
	struct account *b = account_take(&all, "SHA256:b");
	struct account *again = account_take(&all, "SHA256:a");

	REQUIRE(a && b);
	CHECK(a != b);
	CHECK(a == again);
	CHECK_EQ(a->links, 2);
	a->visitors = 3;
	account_drop(&all, again);
	CHECK_EQ(account_take(&all, "SHA256:a")->visitors, 3);
	a->visitors = 0;
	account_drop(&all, a);
	account_drop(&all, a);
	account_drop(&all, b);
	account_drop(&all, NULL);
	CHECK(all.tree == NULL);
}

TEST(a_new_account_owes_nothing)
{
	struct accounts all = {NULL};
	struct account *a = account_take(&all, "SHA256:a");

	REQUIRE(a != NULL);
	a->forwards = 0;
	account_drop(&all, a);
	a = account_take(&all, "SHA256:a");
	REQUIRE(a != NULL);
	CHECK_EQ(a->links, 1);
	CHECK_EQ(a->forwards + a->visitors, 0);
	account_drop(&all, a);
}

TEST(owners_that_are_too_long)
{
	struct accounts all = {NULL};
	char owner[ACCOUNT_OWNER_MAX + 1];

	memset(owner, 'x', ACCOUNT_OWNER_MAX);
	owner[ACCOUNT_OWNER_MAX] = '\0';
	CHECK(account_take(&all, owner) == NULL);
	CHECK(all.tree == NULL);
}
