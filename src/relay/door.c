/* SPDX-License-Identifier: ISC */
#include "relay/door.h"

#include <stdio.h>
#include <stdlib.h>

#include "relay/audit.h"
#include "relay/notice.h"

struct door *door_new(struct link *l, struct bytes requested, bool is_chosen, uint16_t port)
{
	struct door *d = calloc(1, sizeof(*d));

	if (!d || !bytes_to_cstr(requested, d->requested, sizeof(d->requested))) {
		free(d);
		return NULL;
	}
	d->link = l;
	d->is_chosen = is_chosen;
	d->port = port;
	d->since = time(NULL);
	meter_init(&d->meter, hub_now(&l->relay->hub));
	list_init(&d->visitors);
	list_init(&d->standby);
	list_append(&l->doors, &d->node);
	l->door_count++;
	l->account->forwards++;
	return d;
}

static void free_if_empty(struct door *d)
{
	if (d->berth || d->visitors_now > 0)
		return;
	list_remove(&d->node);
	free(d);
}

void door_close(struct door *d, uint64_t lease_ms)
{
	if (d->berth)
		audit_forward_closed(d, lease_ms > 0 ? "its agent was lost" : "");
	if (d->berth)
		berth_leave(d, lease_ms);
	d->link->door_count--;
	d->link->account->forwards--;
	free_if_empty(d);
}

void door_shut(struct door *d, const char *why)
{
	char remark[FAULT_TEXT + 64];

	snprintf(remark, sizeof(remark), "port %u is closed: %s", d->port, why);
	link_log(d->link, LOG_LEVEL_INFO, "%s", remark);
	link_remark(d->link, remark);
	notices_door(d->link, d, false);
	door_close(d, 0);
}

void door_left(struct door *d)
{
	struct link *l = d->link;

	d->visitors_now--;
	free_if_empty(d);
	link_retire(l);
}

struct door *door_find(const struct link *l, struct bytes requested, uint32_t port)
{
	for (struct list *n = l->doors.next; n != &l->doors; n = n->next) {
		struct door *d = list_entry(n, struct door, node);

		if (d->berth && d->port == port && bytes_is(requested, d->requested))
			return d;
	}
	return NULL;
}

bool door_is_served(const struct door *d)
{
	return d->berth && d->berth->door == d;
}

bool door_stands_by(const struct door *d)
{
	return d->berth && d->berth->door != d;
}

void door_replaced(struct door *d, const struct link *by)
{
	struct link *l = d->link;
	char text[160];

	snprintf(text, sizeof(text),
		"port %u was taken over by another connection of your key, from %s", d->port,
		by->peer);
	link_log(l, LOG_LEVEL_INFO, "%s", text);
	link_remark(l, text);
	notices_door(l, d, false);
	audit_forward_closed(d, "taken over by another connection of the key");
	d->berth = NULL;
	l->door_count--;
	l->account->forwards--;
	l->is_displaced = true;
	free_if_empty(d);
	link_retire(l);
}

void door_promoted(struct door *d)
{
	char text[160];

	snprintf(text, sizeof(text), "port %u is served by this connection now", d->port);
	link_log(d->link, LOG_LEVEL_INFO, "%s", text);
	link_remark(d->link, text);
	notices_door(d->link, d, true);
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
	for (size_t i = 0; i < d->berth->count && used < cap; i++) {
		char one[SOCK_TEXT_MAX + 8];
		int n;

		place_text(&d->berth->at[i].hold.place, one);
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
	struct port_place at = d->berth->at[0].hold.place;
	char text[SOCK_TEXT_MAX + 8];
	bool is_any = is_wildcard(at.address);

	/* For all addresses: the one by which the agent found the relay is known to be good. */
	if (is_any)
		sock_host(conn_local(d->link->conn), at.address);
	place_text(&at, text);
	snprintf(out, cap, "%s%s", text,
		is_loopback(at.address) && !is_any ? " (from the relay itself only)" : "");
}
