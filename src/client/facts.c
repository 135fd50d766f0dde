/* SPDX-License-Identifier: ISC */
#include "client/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/reach.h"
#include "wire/msgs.h"

enum { VISITORS_MAX = 512, ADDRESS_TEXT = FORWARD_HOST_MAX + 32 };

static const char *state_word(enum forward_state state)
{
	switch (state) {
	case FORWARD_UP:
		return "up";
	case FORWARD_REFUSED:
		return "refused";
	case FORWARD_WANTED:
	case FORWARD_ASKED:
	case FORWARD_GONE:
		break;
	}
	return "wanted";
}

json_t *facts_remote(const struct forward *one)
{
	char target[LOCALS_SPEC_TEXT];

	forward_spec_print_target(one->spec, target, sizeof(target));
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "kind", "remote", "listen",
		one->spec->listen_path[0] != '\0' ? one->spec->listen_path
						  : forward_spec_wire_bind(one->spec),
		"port", (int)one->port, "target", target, "state", state_word(one->state), "reason",
		one->state == FORWARD_REFUSED ? one->reason : "");
}

/* A Unix socket has port 0. */
json_t *facts_local(const struct local *one)
{
	const struct forward_spec *s = one->spec;
	char target[LOCALS_SPEC_TEXT];

	forward_spec_print_target(s, target, sizeof(target));
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "kind",
		s->is_socks ? "dynamic" : "local", "listen",
		s->listen_path[0] != '\0' ? s->listen_path : forward_spec_wire_bind(s), "port",
		(int)s->listen_port, "target", target, "state", one->count > 0 ? "up" : "wanted",
		"reason", "");
}

/* --- what goes through --------------------------------------------------------------------------
 */

struct telling {
	const struct herald *herald;
	uint64_t now_ms;
	time_t now;
	size_t visitors_left;
	bool has_failed; /* no memory */
};

/* Takes value. */
static void put(struct telling *t, json_t *into, const char *name, json_t *value)
{
	if (json_object_set_new(into, name, value) != 0)
		t->has_failed = true;
}

static json_t *visitor_object(const struct telling *t, const struct passage *p)
{
	uint64_t to, from;

	passage_bytes(p, &to, &from);
	return json_pack("{s:s, s:s, s:I, s:I, s:I}", "from", p->from, "to", p->to, "since",
		(json_int_t)(t->now - (time_t)((t->now_ms - p->since_ms) / 1000)), "bytes_to_relay",
		(json_int_t)to, "bytes_from_relay", (json_int_t)from);
}

static void put_traffic(
	struct telling *t, json_t *into, const struct traffic *traffic, uint64_t rate_bytes)
{
	json_t *list = json_array();
	uint64_t to, from;

	traffic_bytes(traffic, &to, &from);
	put(t, into, "rate", json_integer((json_int_t)rate_bytes));
	put(t, into, "visitors_now", json_integer(traffic->now));
	put(t, into, "visitors_ever", json_integer((json_int_t)traffic->ever));
	put(t, into, "bytes_to_relay", json_integer((json_int_t)to));
	put(t, into, "bytes_from_relay", json_integer((json_int_t)from));
	for (struct list *n = traffic->passages.next; n != &traffic->passages; n = n->next) {
		if (t->visitors_left == 0)
			break;
		t->visitors_left--;
		if (json_array_append_new(
			    list, visitor_object(t, list_entry(n, struct passage, link))) != 0)
			t->has_failed = true;
	}
	put(t, into, "visitors", list);
}

/* "web.example:80", or "localhost:80 on the relay": where visitors come in. */
static void remote_address(
	const struct telling *t, const struct forward *one, char out[static ADDRESS_TEXT])
{
	const char *bind = forward_spec_wire_bind(one->spec);

	if (one->spec->listen_path[0] != '\0') {
		snprintf(out, ADDRESS_TEXT, "%s", one->spec->listen_path);
		return;
	}
	reach_place(reach_is_wildcard(bind) ? t->herald->settings->hostname : bind, one->port, out,
		ADDRESS_TEXT);
}

static json_t *remote_object(struct telling *t, const struct forward *one)
{
	json_t *o = facts_remote(one);
	bool is_up = one->state == FORWARD_UP;
	char address[ADDRESS_TEXT], reach[REACH_TEXT];

	remote_address(t, one, address);
	if (is_up)
		reach_text(one, t->herald->settings,
			t->herald->forwards->relay_tells ? one->reason : NULL, reach);
	put(t, o, "address", json_string(is_up ? address : ""));
	put(t, o, "reach", json_string(is_up ? reach : ""));
	put_traffic(t, o, &one->traffic, one->spec->rate_bytes);
	return o;
}

static json_t *local_object(struct telling *t, const struct local *one)
{
	const struct forward_spec *s = one->spec;
	const char *bind = s->has_bind				? s->bind
			   : t->herald->settings->gateway_ports ? ""
								: "localhost";
	char address[ADDRESS_TEXT];
	json_t *o = facts_local(one);

	if (s->listen_path[0] != '\0')
		snprintf(address, sizeof(address), "%s", s->listen_path);
	else
		reach_place(bind[0] == '\0' ? "*" : bind, s->listen_port, address, sizeof(address));
	put(t, o, "address", json_string(one->count > 0 ? address : ""));
	put(t, o, "reach", json_string(""));
	put_traffic(t, o, &one->traffic, s->rate_bytes);
	return o;
}

static json_t *forward_list(struct telling *t)
{
	const struct forwards *f = t->herald->forwards;
	const struct locals *l = t->herald->locals;
	json_t *list = json_array();

	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].state != FORWARD_GONE &&
			json_array_append_new(list, remote_object(t, &f->items[i])) != 0)
			t->has_failed = true;
	for (size_t i = 0; i < l->count; i++)
		if (!l->items[i].is_gone &&
			json_array_append_new(list, local_object(t, &l->items[i])) != 0)
			t->has_failed = true;
	return list;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static char *tell(const struct herald *h, uint64_t now_ms, size_t visitors)
{
	struct telling t = {h, now_ms, time(NULL), visitors, false};
	const struct client_settings *s = h->settings;
	json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:i, s:s, s:s, s:I, s:I, s:b, s:I, s:s, s:I}",
		"version", IDENT_SOFTWARE, "pid", (int)getpid(), "user", s->user, "relay",
		s->hostname, "relay_port", (int)s->port, "state", herald_word(h->state), "reason",
		h->reason, "since", (json_int_t)h->since, "started", (json_int_t)h->started,
		"ready", (int)h->is_ready, "reconnects",
		(json_int_t)(h->logins > 0 ? h->logins - 1 : 0), "last_error", h->last_error,
		"last_error_at", (json_int_t)h->last_error_at);
	char *text = NULL;

	put(&t, o, "forwards", forward_list(&t));
	if (!t.has_failed)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

char *facts_status(const struct herald *h, uint64_t now_ms, size_t max)
{
	char *text = tell(h, now_ms, VISITORS_MAX);

	if (text != NULL && strlen(text) > max) {
		free(text);
		text = tell(h, now_ms, 0);
	}
	if (text != NULL && strlen(text) > max) {
		free(text);
		text = NULL;
	}
	return text;
}
