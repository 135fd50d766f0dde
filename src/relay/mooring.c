/* SPDX-License-Identifier: ISC */
#include "relay/mooring.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct mooring *)a)->id, y = ((const struct mooring *)b)->id;

	return x < y ? -1 : x > y;
}

void moorings_init(struct moorings *s, uv_loop_t *loop)
{
	*s = (struct moorings){0};
	list_init(&s->all);
	laters_init(&s->lapses, loop);
}

void moorings_end(struct moorings *s)
{
	while (!list_is_empty(&s->all))
		mooring_close(list_entry(s->all.next, struct mooring, node));
	laters_close(&s->lapses);
}

void mooring_close(struct mooring *t)
{
	binder_fini(&t->set);
	later_cancel(&t->lapse);
	list_remove(&t->node);
	tdelete(t, &t->moorings->tree, by_id);
	free(t);
}

static void on_lapse(struct later *l)
{
	struct mooring *t = list_entry(l, struct mooring, lapse);
	char owner[PORTS_TEXT_MAX];
	uint16_t port = t->set.port;

	strcpy(owner, t->owner);
	mooring_close(t); /* before the log: who reads the line may want the port */
	log_write(LOG_LEVEL_INFO, "port %u is free: the key it was kept for, %s, did not come back",
		port, owner);
}

struct mooring *mooring_new(struct moorings *s, const char *owner, struct binder_set *set)
{
	struct mooring *t = calloc(1, sizeof(*t));

	if (t)
		t->id = ++s->last_id;
	if (!t || !bytes_to_cstr(bytes_str(owner), t->owner, sizeof(t->owner)) ||
		!tsearch(t, &s->tree, by_id)) {
		free(t);
		return NULL;
	}
	t->moorings = s;
	t->set = *set;
	set->count = 0;
	later_init(&t->lapse, on_lapse);
	list_append(&s->all, &t->node);
	return t;
}

struct mooring *mooring_find(const struct moorings *s, uint64_t id)
{
	struct mooring key = {.id = id}, *const *node = tfind(&key, &s->tree, by_id);

	return node ? *node : NULL;
}

/* --- where it listens ------------------------------------------------------------------------- */

static bool is_wildcard(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* All addresses of a family are in the way of each of it. */
static bool collide(const struct sock_addr *a, const struct sock_addr *b)
{
	char one[SOCK_TEXT_MAX], other[SOCK_TEXT_MAX];

	if (a->ss.ss_family != b->ss.ss_family)
		return false;
	sock_host(a, one);
	sock_host(b, other);
	return strcmp(one, other) == 0 || is_wildcard(one) || is_wildcard(other);
}

static bool is_in_the_way(const struct mooring *t, const struct binder_wish *wish)
{
	for (size_t i = 0; i < t->set.count; i++)
		for (size_t k = 0; k < wish->count; k++)
			if (collide(&t->set.addr[i], &wish->addr[k]))
				return true;
	return false;
}

struct mooring *mooring_left_at(const struct moorings *s, const struct binder_wish *wish)
{
	for (struct list *n = s->all.next; n != &s->all; n = n->next) {
		struct mooring *t = list_entry(n, struct mooring, node);

		if (t->is_left && t->set.port == wish->port && is_in_the_way(t, wish))
			return t;
	}
	return NULL;
}

static bool listens_on(const struct mooring *t, const struct sock_addr *addr)
{
	char one[SOCK_TEXT_MAX], other[SOCK_TEXT_MAX];

	sock_host(addr, one);
	for (size_t i = 0; i < t->set.count; i++) {
		sock_host(&t->set.addr[i], other);
		if (strcmp(one, other) == 0)
			return true;
	}
	return false;
}

bool mooring_fits(const struct mooring *t, const struct binder_wish *wish)
{
	size_t found = 0;

	for (size_t i = 0; i < wish->count; i++) {
		if (listens_on(t, &wish->addr[i]))
			found++;
		else if (!sock_family_is_absent(wish->addr[i].ss.ss_family))
			return false;
	}
	return found == t->set.count;
}

/* --- without a process ------------------------------------------------------------------------ */

void mooring_resume(struct mooring *t)
{
	later_cancel(&t->lapse);
	t->is_left = false;
}

void moorings_left(struct moorings *s, uint64_t lease_ms)
{
	struct list *n, *next;

	for (n = s->all.next; n != &s->all; n = next) {
		struct mooring *t = list_entry(n, struct mooring, node);

		next = n->next;
		if (lease_ms == 0) {
			mooring_close(t);
		} else if (!t->is_left) {
			t->is_left = true;
			t->until_ms = uv_now(s->lapses.timer.loop) + lease_ms;
			later_add(&s->lapses, &t->lapse, lease_ms);
		}
	}
}
