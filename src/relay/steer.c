/* SPDX-License-Identifier: ISC */
#include "relay/steer.h"

#include "base/log.h"
#include "base/text.h"
#include "relay/link.h"
#include "relay/visitor.h"

static json_t *no(const char *what, const char *name)
{
	char text[FAULT_TEXT], word[128];

	text_escape(word, sizeof(word), bytes_str(name));
	snprintf(text, sizeof(text), "%s %s", what, word);
	return json_pack("{ss}", "error", text);
}

/* --- kick ------------------------------------------------------------------------------------- */

static bool is_meant(const struct link *l, const char *agent)
{
	const char *hash = strrchr(agent, '#');
	uint64_t n;

	if (strcmp(agent, l->identity->key_name) == 0 ||
		strcmp(agent, l->identity->fingerprint) == 0)
		return true;
	return text_to_u64(bytes_str(hash ? hash + 1 : agent), UINT32_MAX, &n) && n == l->number;
}

json_t *steer_kick(struct relay *r, const char *agent)
{
	json_t *kicked = json_array();
	struct list *n, *next;

	for (n = r->links.next; n != &r->links; n = next) {
		struct link *l = list_entry(n, struct link, node);

		next = n->next;
		if (!l->identity || l->is_over || !is_meant(l, agent))
			continue;
		json_array_append_new(kicked,
			json_pack("{sI ss ss ss}", "number", (json_int_t)l->number, "user",
				l->identity->user, "key", l->identity->key_name, "peer", l->peer));
		link_log(l, LOG_LEVEL_INFO, "sent away with sallyctl kick");
		link_end(l, "the relay's operator ended this connection");
	}
	if (json_array_size(kicked) > 0)
		return json_pack("{so}", "kicked", kicked);
	json_decref(kicked);
	return no("no agent is connected that goes by", agent);
}

/* --- close ------------------------------------------------------------------------------------ */

struct closed {
	unsigned forwards, visitors, leases;
};

static void stop_visitor(struct visitor *v, struct closed *c)
{
	link_log(v->door->link, LOG_LEVEL_INFO, "visitor %s of port %u: closed with sallyctl close",
		v->from, v->door->port);
	pump_stop(v->pump);
	c->visitors++;
}

/* A door that was closed before goes with its last visitor. */
static void shut_door(struct door *d, struct closed *c)
{
	for (unsigned left = d->visitors_now; left > 0; left--)
		stop_visitor(list_entry(d->visitors.next, struct visitor, node), c);
}

static void close_port(struct relay *r, uint16_t port, struct closed *c)
{
	struct list *n, *d, *next;

	for (n = r->links.next; n != &r->links; n = n->next) {
		struct link *l = list_entry(n, struct link, node);

		for (d = l->doors.next; d != &l->doors; d = next) {
			struct door *door = list_entry(d, struct door, node);
			bool is_open = door->berth != NULL;

			next = d->next;
			if (door->port != port)
				continue;
			shut_door(door, c);
			if (!is_open)
				continue;
			door_shut(door, "the relay's operator closed it");
			c->forwards++;
		}
	}
	for (n = r->leased.next; n != &r->leased; n = next) {
		struct berth *b = list_entry(n, struct berth, leased);

		next = n->next;
		if (b->port != port)
			continue;
		berth_close(b);
		c->leases++;
	}
}

static struct visitor *find_visitor(const struct relay *r, const char *from)
{
	for (struct list *n = r->links.next; n != &r->links; n = n->next) {
		struct link *l = list_entry(n, struct link, node);

		for (struct list *d = l->doors.next; d != &l->doors; d = d->next) {
			struct list *all = &list_entry(d, struct door, node)->visitors;

			for (struct list *v = all->next; v != all; v = v->next)
				if (strcmp(list_entry(v, struct visitor, node)->from, from) == 0)
					return list_entry(v, struct visitor, node);
		}
	}
	return NULL;
}

json_t *steer_close(struct relay *r, const char *what)
{
	struct closed c = {0};
	struct visitor *v;
	uint64_t port;

	if (text_to_u64(bytes_str(what), UINT16_MAX, &port))
		close_port(r, (uint16_t)port, &c);
	else /* to one port of the relay an address comes once, to two it may come twice */
		while ((v = find_visitor(r, what)) != NULL)
			stop_visitor(v, &c);
	if (c.forwards + c.visitors + c.leases == 0)
		return no("no port is open and no visitor inside by the name of", what);
	return json_pack("{s{sI sI sI}}", "closed", "forwards", (json_int_t)c.forwards, "visitors",
		(json_int_t)c.visitors, "leases", (json_int_t)c.leases);
}

/* --- the whole -------------------------------------------------------------------------------- */

json_t *steer_drain(struct relay *r, uint64_t limit_ms)
{
	if (limit_ms == 0)
		limit_ms = r->settings->drain_time_ms;
	relay_drain(r, limit_ms, "drained with sallyctl");
	return json_pack("{sb sI sI}", "draining", true, "visitors", (json_int_t)r->visitors_now,
		"limit_s", (json_int_t)(limit_ms / 1000));
}
