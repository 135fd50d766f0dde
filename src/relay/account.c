/* SPDX-License-Identifier: ISC */
#include "relay/account.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int by_owner(const void *a, const void *b)
{
	return strcmp(((const struct account *)a)->owner, ((const struct account *)b)->owner);
}

struct account *account_take(struct accounts *all, const char *owner)
{
	struct account *a = calloc(1, sizeof(*a));
	struct account **at;

	if (!a || strlen(owner) >= sizeof(a->owner)) {
		free(a);
		return NULL;
	}
	strcpy(a->owner, owner);
	at = tsearch(a, &all->tree, by_owner);
	if (!at || *at != a)
		free(a);
	if (!at)
		return NULL;
	(*at)->links++;
	return *at;
}

void account_drop(struct accounts *all, struct account *a)
{
	if (!a || --a->links > 0)
		return;
	assert(a->forwards == 0 && a->visitors == 0);
	tdelete(a, &all->tree, by_owner);
	free(a);
}
