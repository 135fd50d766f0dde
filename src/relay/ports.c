/* SPDX-License-Identifier: ISC */
#include "relay/ports.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct ports {
	void *holds; /* tsearch tree of struct port_hold by place */
	uint64_t last_generation;
	struct list watches;
};

static int place_order(const struct port_place *a, const struct port_place *b)
{
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return strcmp(a->address, b->address);
}

static int hold_order(const void *a, const void *b)
{
	return place_order(
		&((const struct port_hold *)a)->place, &((const struct port_hold *)b)->place);
}

struct ports *ports_new(void)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (p)
		list_init(&p->watches);
	return p;
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	tdestroy(p->holds, free);
	free(p);
}

static struct port_hold *find(const struct ports *p, const struct port_place *at)
{
	struct port_hold key = {.place = *at};
	struct port_hold *const *node = tfind(&key, &p->holds, hold_order);

	return node ? *node : NULL;
}

static bool is_lapsed(const struct port_hold *h, uint64_t now_ms)
{
	return h->until_ms != 0 && h->until_ms <= now_ms;
}

static uint64_t lease_end(uint64_t lease_ms, uint64_t now_ms)
{
	return lease_ms == 0 ? 0 : now_ms + lease_ms;
}

/* A watcher may take itself or others off the list while it is told: the walk keeps its place by a
 * node of its own. */
static void tell(struct ports *p, enum port_news news, const struct port_hold *hold)
{
	struct list mark, *n;
	struct port_hold copy = *hold;

	list_init(&mark);
	list_append(&p->watches, &mark);
	while ((n = p->watches.next) != &mark) {
		struct port_watch *w = list_entry(n, struct port_watch, link);

		list_remove(n);
		list_append(&p->watches, n);
		if (w->place.port == 0 || place_order(&w->place, &copy.place) == 0)
			w->told(w, news, &copy);
	}
	list_remove(&mark);
}

static void drop(struct ports *p, struct port_hold *h, enum port_news news)
{
	tdelete(h, &p->holds, hold_order);
	tell(p, news, h);
	free(h);
}

enum err ports_claim(struct ports *p, const struct port_place *at, const char *owner,
	uint64_t lease_ms, uint64_t now_ms, struct port_hold *hold)
{
	struct port_hold *h = find(p, at);

	if (strlen(owner) >= sizeof(h->owner))
		return E_LIMIT;
	if (h && !is_lapsed(h, now_ms)) {
		*hold = *h;
		return E_DENIED;
	}
	if (h)
		drop(p, h, PORT_LAPSED);
	h = calloc(1, sizeof(*h));
	if (!h)
		return E_NOMEM;
	h->place = *at;
	strcpy(h->owner, owner);
	h->generation = p->last_generation + 1;
	h->since_ms = now_ms;
	h->until_ms = lease_end(lease_ms, now_ms);
	if (!tsearch(h, &p->holds, hold_order)) {
		free(h);
		return E_NOMEM;
	}
	p->last_generation = h->generation;
	*hold = *h;
	tell(p, PORT_CLAIMED, h);
	return E_OK;
}

enum err ports_renew(struct ports *p, const struct port_place *at, uint64_t generation,
	uint64_t lease_ms, uint64_t now_ms)
{
	struct port_hold *h = find(p, at);

	if (!h || h->generation != generation || is_lapsed(h, now_ms))
		return E_CLOSED;
	h->until_ms = lease_end(lease_ms, now_ms);
	return E_OK;
}

bool ports_keep(struct ports *p, const struct port_place *at, uint64_t generation, void *keeper)
{
	struct port_hold *h = find(p, at);

	if (!h || h->generation != generation)
		return false;
	h->keeper = keeper;
	return true;
}

bool ports_release(struct ports *p, const struct port_place *at, uint64_t generation)
{
	struct port_hold *h = find(p, at);

	if (!h || h->generation != generation)
		return false;
	drop(p, h, PORT_RELEASED);
	return true;
}

void ports_watch(struct ports *p, struct port_watch *w)
{
	list_append(&p->watches, &w->link);
}

void ports_unwatch(struct port_watch *w)
{
	list_remove(&w->link);
}

const struct port_hold *ports_find(
	const struct ports *p, const struct port_place *at, uint64_t now_ms)
{
	const struct port_hold *h = find(p, at);

	return h && !is_lapsed(h, now_ms) ? h : NULL;
}
