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

static enum err limit(struct throttle **t, struct hub *h, uint64_t bytes_a_second)
{
	if (*t)
		throttle_set(*t, bytes_a_second);
	else
		*t = throttle_new(h, bytes_a_second);
	return *t ? E_OK : E_NOMEM;
}

enum err account_limit(struct account *a, struct hub *h, uint64_t bytes_a_second)
{
	enum err e = limit(&a->to_agent, h, bytes_a_second);

	return e == E_OK ? limit(&a->to_visitors, h, bytes_a_second) : e;
}

void account_drop(struct accounts *all, struct account *a)
{
	if (!a || --a->links > 0)
		return;
	assert(a->forwards == 0 && a->visitors == 0);
	tdelete(a, &all->tree, by_owner);
	throttle_free(a->to_agent);
	throttle_free(a->to_visitors);
	free(a);
}
