/* SPDX-License-Identifier: ISC */
#include "relay/ports.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

/* One hold, in the list of its port: few addresses of a port are ever held. */
struct held {
	struct list node;
	struct port_hold hold;
};

struct number {
	uint16_t port;
	struct list holds; /* never empty */
};

struct ports {
	void *numbers; /* tsearch tree of struct number by port */
	uint64_t last_generation;
	struct list watches, mark;
};

static int number_order(const void *a, const void *b)
{
	return (int)((const struct number *)a)->port - (int)((const struct number *)b)->port;
}

struct ports *ports_new(void)
{
	struct ports *p = calloc(1, sizeof(*p));

	if (p) {
		list_init(&p->watches);
		list_init(&p->mark);
	}
	return p;
}

static struct held *held_at(struct list *n)
{
	return list_entry(n, struct held, node);
}

static void free_number(void *node)
{
	struct number *n = node;

	while (!list_is_empty(&n->holds)) {
		struct held *h = held_at(n->holds.next);

		list_remove(&h->node);
		free(h);
	}
	free(n);
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	tdestroy(p->numbers, free_number);
	free(p);
}

static struct number *find_number(const struct ports *p, uint16_t port)
{
	struct number key = {.port = port};
	struct number *const *node = tfind(&key, &p->numbers, number_order);

	return node ? *node : NULL;
}

static struct held *find(const struct ports *p, const struct port_place *at)
{
	struct number *n = find_number(p, at->port);

	for (struct list *l = n ? n->holds.next : NULL; n && l != &n->holds; l = l->next)
		if (strcmp(held_at(l)->hold.place.address, at->address) == 0)
			return held_at(l);
	return NULL;
}

/* Whether one address takes the other in: the kernel does not let both be listened on. */
static bool overlaps(const char *a, const char *b)
{
	bool is_v6 = strchr(a, ':') != NULL;
	const char *all = is_v6 ? "::" : "0.0.0.0";

	if (is_v6 != (strchr(b, ':') != NULL))
		return false;
	return strcmp(a, b) == 0 || strcmp(a, all) == 0 || strcmp(b, all) == 0;
}

static bool is_lapsed(const struct port_hold *h, uint64_t now_ms)
{
	return h->until_ms != 0 && h->until_ms <= now_ms;
}

static uint64_t lease_end(uint64_t lease_ms, uint64_t now_ms)
{
	return lease_ms == 0 ? 0 : now_ms + lease_ms;
}

static bool is_same(const struct port_place *a, const struct port_place *b)
{
	return a->port == b->port && strcmp(a->address, b->address) == 0;
}

/* A watcher may take itself or others off the list while it is told: the walk keeps its place by a
 * node of its own. */
static void tell(struct ports *p, enum port_news news, const struct port_hold *hold)
{
	struct list *n;
	struct port_hold copy = *hold;

	list_append(&p->watches, &p->mark);
	while ((n = p->watches.next) != &p->mark) {
		struct port_watch *w = list_entry(n, struct port_watch, link);

		list_remove(n);
		list_append(&p->watches, n);
		if (w->place.port == 0 || is_same(&w->place, &copy.place))
			w->told(w, news, &copy);
	}
	list_remove(&p->mark);
}

static void drop(struct ports *p, struct held *h, enum port_news news)
{
	struct number *n = find_number(p, h->hold.place.port);

	list_remove(&h->node);
	if (list_is_empty(&n->holds)) {
		tdelete(n, &p->numbers, number_order);
		free(n);
	}
	tell(p, news, &h->hold);
	free(h);
}

static struct number *need_number(struct ports *p, uint16_t port)
{
	struct number *n = find_number(p, port);

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->port = port;
	list_init(&n->holds);
	if (!tsearch(n, &p->numbers, number_order)) {
		free(n);
		return NULL;
	}
	return n;
}

/* The hold that keeps others from this place, also when its lease has lapsed. */
static struct held *find_in_the_way(const struct ports *p, const struct port_place *at)
{
	struct number *n = find_number(p, at->port);

	for (struct list *l = n ? n->holds.next : NULL; n && l != &n->holds; l = l->next)
		if (overlaps(held_at(l)->hold.place.address, at->address))
			return held_at(l);
	return NULL;
}

static void fill(struct ports *p, struct port_hold *h, const struct port_claim *c, uint64_t now_ms)
{
	*h = (struct port_hold){.place = c->place,
		.generation = ++p->last_generation,
		.since_ms = now_ms,
		.until_ms = lease_end(c->lease_ms, now_ms),
		.keeper = c->keeper};
	strcpy(h->owner, c->owner);
}

static enum err follow(
	struct ports *p, const struct port_claim *c, uint64_t now_ms, struct port_hold *hold)
{
	struct held *h = find(p, &c->place);

	if (!h || h->hold.generation != c->over)
		return E_CLOSED;
	if (strcmp(h->hold.owner, c->owner) != 0) {
		*hold = h->hold;
		return E_DENIED;
	}
	fill(p, &h->hold, c, now_ms);
	*hold = h->hold;
	tell(p, PORT_MOVED, &h->hold);
	return E_OK;
}

enum err ports_claim(
	struct ports *p, const struct port_claim *c, uint64_t now_ms, struct port_hold *hold)
{
	struct number *n;
	struct held *h;

	if (strlen(c->owner) >= sizeof(h->hold.owner))
		return E_LIMIT;
	if (c->over != 0)
		return follow(p, c, now_ms, hold);
	while ((h = find_in_the_way(p, &c->place)) != NULL) {
		if (!is_lapsed(&h->hold, now_ms)) {
			*hold = h->hold;
			return E_DENIED;
		}
		drop(p, h, PORT_LAPSED);
	}
	h = calloc(1, sizeof(*h));
	n = h ? need_number(p, c->place.port) : NULL;
	if (!n) {
		free(h);
		return E_NOMEM;
	}
	fill(p, &h->hold, c, now_ms);
	list_append(&n->holds, &h->node);
	*hold = h->hold;
	tell(p, PORT_CLAIMED, &h->hold);
	return E_OK;
}

enum err ports_renew(struct ports *p, const struct port_place *at, uint64_t generation,
	uint64_t lease_ms, uint64_t now_ms)
{
	struct held *h = find(p, at);

	if (!h || h->hold.generation != generation || is_lapsed(&h->hold, now_ms))
		return E_CLOSED;
	h->hold.until_ms = lease_end(lease_ms, now_ms);
	return E_OK;
}

bool ports_release(struct ports *p, const struct port_place *at, uint64_t generation)
{
	struct held *h = find(p, at);

	if (!h || h->hold.generation != generation)
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
	struct number *n = find_number(p, at->port);

	for (struct list *l = n ? n->holds.next : NULL; n && l != &n->holds; l = l->next) {
		const struct port_hold *h = &held_at(l)->hold;

		if (overlaps(h->place.address, at->address) && !is_lapsed(h, now_ms))
			return h;
	}
	return NULL;
}
