/* SPDX-License-Identifier: ISC */
#include "relay/report.h"

#include <unistd.h>

#include "relay/book.h"
#include "relay/door.h"
#include "relay/front.h"
#include "relay/jsonlist.h"
#include "relay/link.h"
#include "relay/visitor.h"

struct totals {
	unsigned agents, doors, visitors;
	uint64_t bytes_in, bytes_out;
};

static struct totals count(const struct relay *r)
{
	struct totals t = {.bytes_in = r->bytes_in, .bytes_out = r->bytes_out};

	for (const struct list *n = r->links.next; n != &r->links; n = n->next) {
		const struct link *l = list_entry(n, struct link, node);
		struct session_counts k;

		session_counts(conn_session(l->conn), &k);
		t.bytes_in += k.bytes_in;
		t.bytes_out += k.bytes_out;
		t.agents += l->identity != NULL;
		t.doors += l->door_count;
		for (const struct list *d = l->doors.next; d != &l->doors; d = d->next)
			t.visitors += list_entry(d, struct door, node)->visitors_now;
	}
	return t;
}

static json_t *listen_list(const struct relay *r)
{
	json_t *all = json_array();

	for (size_t i = 0; r->front && i < front_count(r->front); i++) {
		char text[SOCK_TEXT_MAX];

		sock_text(front_addr(r->front, i), text);
		all = jsonlist_add(all, json_string(text));
	}
	return all;
}

static json_t *hostkey_list(const struct relay *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->hostkeys.count; i++) {
		const struct hostkey_public *k = &r->hostkeys.key[i];

		all = jsonlist_add(all, json_pack("{ss ss}", "type", pubkey_type_name(k->type),
						"fingerprint", k->fingerprint));
	}
	return all;
}

json_t *report_status(const struct relay *r)
{
	struct totals t = count(r);

	return json_pack("{ss sI sI sI sb so so s{sI sI sI sI sI sI sI sI sI sI}}", "version",
		IDENT_SOFTWARE, "pid", (json_int_t)getppid(), "started", (json_int_t)r->started,
		"uptime_s", (json_int_t)((hub_now(&r->hub) - r->started_ms) / 1000), "draining",
		r->is_draining, "listen", listen_list(r), "host_keys", hostkey_list(r), "counts",
		"agents", (json_int_t)t.agents, "before_login", (json_int_t)r->pending, "forwards",
		(json_int_t)t.doors, "visitors", (json_int_t)t.visitors, "logins_ever",
		(json_int_t)r->logins, "visitors_ever", (json_int_t)r->hub.visitors,
		"connections_ever", (json_int_t)r->hub.accepted, "dropped_ever",
		(json_int_t)r->dropped, "bytes_in", (json_int_t)t.bytes_in, "bytes_out",
		(json_int_t)t.bytes_out);
}

/* Of the two directions that which tells more: where more moves, else where something is wanted. */
static enum cause chosen(
	const struct visitor *v, const struct cause_way *way, const char **direction)
{
	const struct meter *m = &v->gauge.meter;
	enum cause in, out;
	bool is_in;

	gauge_causes(v, way, &in, &out);
	is_in = out == CAUSE_IDLE || (in != CAUSE_IDLE && m->rate_in >= m->rate_out);
	*direction = is_in ? "in" : "out";
	if (in == CAUSE_IDLE && out == CAUSE_IDLE)
		*direction = "";
	return is_in ? in : out;
}

static json_t *visitor_json(const struct visitor *v, enum cause cause, const char *direction)
{
	const struct meter *m = &v->gauge.meter;
	struct pump_stalls s;
	uint64_t in, out;

	pump_bytes(v->pump, &in, &out);
	pump_stalls(v->pump, &s);
	return json_pack("{ss sI sI sI sI sI ss ss s{sI sI sI sI} s{sI sI sI}}", "from", v->from,
		"since", (json_int_t)v->since, "bytes_in", (json_int_t)in, "bytes_out",
		(json_int_t)out, "rate_in", (json_int_t)m->rate_in, "rate_out",
		(json_int_t)m->rate_out, "limit", cause_name(cause), "limit_way", direction,
		"waited_in_ms", "source", (json_int_t)s.to_channel_ms[STALL_SOURCE], "window",
		(json_int_t)s.to_channel_ms[STALL_WINDOW], "line",
		(json_int_t)s.to_channel_ms[STALL_LINE], "rate",
		(json_int_t)s.to_channel_ms[STALL_RATE], "waited_out_ms", "source",
		(json_int_t)s.to_socket_ms[STALL_SOURCE], "sink",
		(json_int_t)s.to_socket_ms[STALL_SINK], "rate",
		(json_int_t)s.to_socket_ms[STALL_RATE]);
}

static json_t *bound_list(const struct berth *b)
{
	json_t *all = json_array();

	for (size_t i = 0; b && i < b->count; i++) {
		const struct port_hold *h = &b->at[i].hold;

		all = jsonlist_add(all, json_pack("{ss sI sI}", "address", h->place.address, "port",
						(json_int_t)h->place.port, "generation",
						(json_int_t)h->generation));
	}
	return all;
}

/* How many visitors each has, of those that have any. */
static json_t *causes_json(const unsigned causes[CAUSE_KINDS])
{
	json_t *all = json_object();

	for (int i = 0; all && i < CAUSE_KINDS; i++) {
		if (causes[i] == 0 || json_object_set_new(all, cause_name((enum cause)i),
					      json_integer(causes[i])) == 0)
			continue;
		json_decref(all);
		all = NULL;
	}
	return all;
}

/* depth REPORT_FORWARDS: they are counted, and not told of one by one. */
static json_t *door_json(const struct door *d, const struct cause_way *way, enum report_depth depth)
{
	uint64_t in = d->to_agent, out = d->to_visitors;
	unsigned causes[CAUSE_KINDS] = {0};
	json_t *visitors = json_array();

	for (const struct list *n = d->visitors.next; n != &d->visitors; n = n->next) {
		const struct visitor *v = list_entry(n, struct visitor, node);
		const char *direction;
		enum cause cause = chosen(v, way, &direction);
		uint64_t a, b;

		causes[cause]++;
		pump_bytes(v->pump, &a, &b);
		if (depth == REPORT_VISITORS)
			visitors = jsonlist_add(visitors, visitor_json(v, cause, direction));
		in += a;
		out += b;
	}
	return json_pack("{ss sI sb sb sb so sI sI sI sI sI sI sI so so}", "requested",
		d->requested, "port", (json_int_t)d->port, "chosen", d->is_chosen, "open",
		d->berth != NULL, "standby", door_stands_by(d), "bound", bound_list(d->berth),
		"since", (json_int_t)d->since, "visitors_now", (json_int_t)d->visitors_now,
		"visitors_ever", (json_int_t)d->visitors_ever, "bytes_in", (json_int_t)in,
		"bytes_out", (json_int_t)out, "rate_in", (json_int_t)d->meter.rate_in, "rate_out",
		(json_int_t)d->meter.rate_out, "limits", causes_json(causes), "visitors", visitors);
}

/* -1 when the kernel has no estimate. */
static double rtt_ms(const struct link *l)
{
	struct tcpinfo info;

	conn_tcpinfo(l->conn, &info);
	return info.rtt_us < 0 ? -1 : (double)info.rtt_us / 1000;
}

static json_t *agent_json(const struct link *l, enum report_depth depth)
{
	const struct identity *id = l->identity;
	uint64_t now_ms = hub_now(&l->relay->hub);
	struct session_counts k;
	struct cause_way way;
	json_t *doors = json_array();

	session_counts(conn_session(l->conn), &k);
	gauge_way(l, &way);
	for (const struct list *n = l->doors.next; n != &l->doors; n = n->next)
		doors = jsonlist_add(
			doors, door_json(list_entry(n, struct door, node), &way, depth));
	return json_pack("{sI ss ss ss ss sI sI sI sI sI sf sI sI sb so}", "number",
		(json_int_t)l->number, "user", id->user, "key", id->key_name, "fingerprint",
		id->fingerprint, "peer", l->peer, "since", (json_int_t)l->since, "bytes_in",
		(json_int_t)k.bytes_in, "bytes_out", (json_int_t)k.bytes_out, "rate_in",
		(json_int_t)l->meter.rate_in, "rate_out", (json_int_t)l->meter.rate_out, "rtt_ms",
		rtt_ms(l), "answer_ms", (json_int_t)l->pulse.answer_ms, "heard_ms",
		(json_int_t)(now_ms - k.last_heard_ms), "silent", way.is_silent, "forwards", doors);
}

/* Ports without an agent. */
static json_t *lease_list(const struct relay *r)
{
	json_t *all = json_array();
	uint64_t now_ms = hub_now(&r->hub);

	for (const struct list *n = r->leased.next; n != &r->leased; n = n->next) {
		const struct berth *b = list_entry(n, struct berth, leased);
		uint64_t left_ms = b->until_ms > now_ms ? b->until_ms - now_ms : 0;

		all = jsonlist_add(all,
			json_pack("{sI ss sI sI so}", "port", (json_int_t)b->port, "fingerprint",
				b->owner, "left_ms", (json_int_t)left_ms, "visitors_waiting",
				(json_int_t)b->kept_count, "bound", bound_list(b)));
	}
	return all;
}

json_t *report_ls(const struct relay *r, enum report_depth depth)
{
	json_t *agents = json_array();

	for (const struct list *n = r->links.next; n != &r->links; n = n->next) {
		const struct link *l = list_entry(n, struct link, node);

		if (l->identity)
			agents = jsonlist_add(agents, agent_json(l, depth));
	}
	return json_pack("{so so}", "agents", agents, "leases", lease_list(r));
}

json_t *report_reserved(const struct relay *r)
{
	json_t *all = json_array();

	for (uint32_t port = 1; port <= UINT16_MAX; port++) {
		const char *owner = book_owner(r->book, (uint16_t)port);

		if (owner)
			all = jsonlist_add(all, json_pack("{sI ss}", "port", (json_int_t)port,
							"fingerprint", owner));
	}
	return json_pack("{so}", "reserved", all);
}
