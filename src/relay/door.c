/* SPDX-License-Identifier: ISC */
#include "relay/door.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "relay/visitor.h"

static void on_accept(void *ctx, int fd, const struct sock_addr *peer)
{
	visitor_new(ctx, fd, peer);
}

static void on_complaint(void *ctx, const char *sentence)
{
	const struct door *d = ctx;

	link_log(d->link, LOG_LEVEL_ERROR, "port %u: %s", d->port, sentence);
}

static void free_if_empty(struct door *d)
{
	if (d->count > 0 || d->visitors_now > 0)
		return;
	list_remove(&d->node);
	free(d);
}

static void close_listeners(struct door *d)
{
	for (size_t i = 0; i < d->count; i++) {
		acceptor_free(d->at[i].acceptor);
		ports_release(
			d->link->relay->ports, &d->at[i].hold.place, d->at[i].hold.generation);
	}
	d->count = 0;
}

/* One address: the registry first, so that a listener without an owner never exists. */
static enum err add_listener(struct door *d, int *fd, const struct sock_addr *addr, struct fault *f)
{
	struct relay *r = d->link->relay;
	struct door_listener *at = &d->at[d->count];
	struct port_place place = {.port = sock_port(addr)};
	enum err e;

	sock_host(addr, place.address);
	e = ports_claim(
		r->ports, &place, d->link->identity->fingerprint, 0, hub_now(&r->hub), &at->hold);
	if (e == E_DENIED)
		return fault_set(
			f, e, 0, "port %u on %s is held by another key", place.port, place.address);
	if (e != E_OK)
		return fault_set(f, e, 0, "port %u: %s", place.port, err_text(e));
	e = acceptor_new(r->loop, *fd, on_accept, on_complaint, d, &at->acceptor);
	if (e != E_OK) {
		ports_release(r->ports, &place, at->hold.generation);
		return fault_set(f, e, 0, "port %u: %s", place.port, err_text(e));
	}
	ports_keep(r->ports, &place, at->hold.generation, d->link);
	*fd = -1;
	d->count++;
	return E_OK;
}

enum err door_open(struct link *l, struct bytes requested, bool is_chosen, struct binder_set *set,
	struct door **out, struct fault *f)
{
	struct door *d = calloc(1, sizeof(*d));
	enum err e = E_OK;

	if (!d || !bytes_to_cstr(requested, d->requested, sizeof(d->requested))) {
		e = fault_set(f, d ? E_LIMIT : E_NOMEM, 0, "no memory for another port");
		free(d);
		binder_fini(set);
		return e;
	}
	d->link = l;
	d->is_chosen = is_chosen;
	d->port = set->port;
	d->since = time(NULL);
	list_init(&d->visitors);
	for (size_t i = 0; i < set->count && e == E_OK; i++)
		e = add_listener(d, &set->fd[i], &set->addr[i], f);
	binder_fini(set);
	if (e != E_OK) {
		close_listeners(d);
		free(d);
		return e;
	}
	list_append(&l->doors, &d->node);
	l->door_count++;
	l->account->forwards++;
	if (l->is_crowded)
		door_pause(d, true);
	*out = d;
	return E_OK;
}

void door_close(struct door *d)
{
	if (d->count == 0)
		return;
	close_listeners(d);
	d->link->door_count--;
	d->link->account->forwards--;
	free_if_empty(d);
}

void door_left(struct door *d)
{
	d->visitors_now--;
	free_if_empty(d);
}

struct door *door_find(const struct link *l, struct bytes requested, uint32_t port)
{
	for (struct list *n = l->doors.next; n != &l->doors; n = n->next) {
		struct door *d = list_entry(n, struct door, node);

		if (d->count > 0 && d->port == port && bytes_is(requested, d->requested))
			return d;
	}
	return NULL;
}

void door_pause(struct door *d, bool is_paused)
{
	for (size_t i = 0; i < d->count; i++)
		acceptor_pause(d->at[i].acceptor, is_paused);
}

/* The address of a place as one would type it. */
static void place_text(const struct port_place *p, char out[static SOCK_TEXT_MAX + 8])
{
	bool is_v6 = strchr(p->address, ':') != NULL;

	snprintf(out, SOCK_TEXT_MAX + 8, "%s%s%s:%u", is_v6 ? "[" : "", p->address,
		is_v6 ? "]" : "", p->port);
}

void door_addresses(const struct door *d, char *out, size_t cap)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < d->count && used < cap; i++) {
		char one[SOCK_TEXT_MAX + 8];
		int n;

		place_text(&d->at[i].hold.place, one);
		n = snprintf(out + used, cap - used, "%s%s", i ? " " : "", one);
		used += n > 0 ? (size_t)n : 0;
	}
}

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool is_wildcard(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

void door_for_visitors(const struct door *d, char *out, size_t cap)
{
	struct port_place at = d->at[0].hold.place;
	char text[SOCK_TEXT_MAX + 8];
	bool is_any = is_wildcard(at.address);

	/* For all addresses: the one by which the agent found the relay is known to be good. */
	if (is_any)
		sock_host(conn_local(d->link->conn), at.address);
	place_text(&at, text);
	snprintf(out, cap, "%s%s", text,
		is_loopback(at.address) && !is_any ? " (from the relay itself only)" : "");
}
