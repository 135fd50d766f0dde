/* SPDX-License-Identifier: ISC */
#include "relay/gauge.h"

#include "relay/visitor.h"

static uint64_t now(const struct relay *r)
{
	return hub_now(&r->hub);
}

/* --- one visitor ------------------------------------------------------------------------------ */

static void turn_page(
	uint64_t last[STALL_KINDS], uint64_t seen[STALL_KINDS], const uint64_t ms[STALL_KINDS])
{
	for (int i = 0; i < STALL_KINDS; i++) {
		last[i] = ms[i] - seen[i];
		seen[i] = ms[i];
	}
}

static bool has_page(const uint64_t last[STALL_KINDS])
{
	for (int i = 0; i < STALL_KINDS; i++)
		if (last[i] > 0)
			return true;
	return false;
}

/* It has bytes for the agent, and not one went. */
static bool stands_still(const struct visitor *v)
{
	const struct gauge_visitor *g = &v->gauge;

	return g->meter.rate_in == 0 && g->ms_in[STALL_SOURCE] == 0 && g->ms_in[STALL_RATE] == 0;
}

static void read_visitor(struct visitor *v, uint64_t now_ms, uint64_t *in, uint64_t *out)
{
	struct gauge_visitor *g = &v->gauge;
	struct pump_stalls s;

	pump_bytes(v->pump, in, out);
	pump_stalls(v->pump, &s);
	meter_read(&g->meter, *in, *out, now_ms);
	turn_page(g->ms_in, g->seen_in, s.to_channel_ms);
	turn_page(g->ms_out, g->seen_out, s.to_socket_ms);
}

/* --- the walk --------------------------------------------------------------------------------- */

static bool is_watched(const struct relay *r)
{
	return r->gauge.looked_ms != 0 && now(r) < r->gauge.looked_ms + GAUGE_LOOKED_MS;
}

static void read_door(struct door *d, uint64_t now_ms, bool *is_stuck)
{
	uint64_t in = d->to_agent, out = d->to_visitors;

	for (struct list *n = d->visitors.next; n != &d->visitors; n = n->next) {
		struct visitor *v = list_entry(n, struct visitor, node);
		uint64_t a, b;

		read_visitor(v, now_ms, &a, &b);
		in += a;
		out += b;
		*is_stuck = *is_stuck || stands_still(v);
	}
	meter_read(&d->meter, in, out, now_ms);
}

static bool read_link(struct link *l, uint64_t now_ms)
{
	bool is_stuck = false, has_visitors = false;
	struct session_counts k;

	session_counts(conn_session(l->conn), &k);
	meter_read(&l->meter, k.bytes_in, k.bytes_out, now_ms);
	for (struct list *n = l->doors.next; n != &l->doors; n = n->next) {
		struct door *d = list_entry(n, struct door, node);

		read_door(d, now_ms, &is_stuck);
		has_visitors = has_visitors || d->visitors_now > 0;
	}
	if (has_visitors && (is_stuck || is_watched(l->relay)))
		pulse_ask(l);
	return l->meter.rate_in + l->meter.rate_out > 0;
}

static void on_tick(uv_timer_t *t)
{
	struct relay *r = t->data;
	bool does_move = false;

	for (struct list *n = r->links.next; n != &r->links; n = n->next) {
		struct link *l = list_entry(n, struct link, node);

		if (l->identity && !l->is_over)
			does_move = read_link(l, now(r)) || does_move;
	}
	/* Once more after the last visitor, so that no rate is left standing. */
	if (r->visitors_now == 0 && !does_move)
		uv_timer_stop(t);
}

/* Nothing was read for a while: that time is nobody's. */
static void skip(struct relay *r)
{
	for (struct list *n = r->links.next; n != &r->links; n = n->next) {
		struct link *l = list_entry(n, struct link, node);
		struct session_counts k;

		session_counts(conn_session(l->conn), &k);
		meter_skip(&l->meter, k.bytes_in, k.bytes_out, now(r));
		for (struct list *m = l->doors.next; m != &l->doors; m = m->next) {
			struct door *d = list_entry(m, struct door, node);

			meter_skip(&d->meter, d->to_agent, d->to_visitors, now(r));
		}
	}
}

void gauge_start(struct relay *r)
{
	if (uv_is_active((uv_handle_t *)&r->gauge.timer) || r->is_ending)
		return;
	skip(r);
	uv_timer_start(&r->gauge.timer, on_tick, GAUGE_EACH_MS, GAUGE_EACH_MS);
}

void gauge_look(struct relay *r)
{
	r->gauge.looked_ms = now(r);
}

void gauge_init(struct relay *r)
{
	uv_timer_init(r->loop, &r->gauge.timer);
	r->gauge.timer.data = r;
}

void gauge_close(struct relay *r)
{
	uv_close((uv_handle_t *)&r->gauge.timer, NULL);
}

/* --- what it comes to ------------------------------------------------------------------------- */

/* Jump hosts answer the kernel in the agent's place: the longer round trip is the whole way. */
void gauge_way(const struct link *l, struct cause_way *way)
{
	struct tcpinfo info;

	conn_tcpinfo(l->conn, &info);
	*way = (struct cause_way){.rtt_us = info.rtt_us,
		.least_rtt_us = info.least_rtt_us,
		.unsent = info.unsent,
		.is_silent = pulse_is_silent(l)};
	if (l->pulse.answer_ms * 1000 > way->rtt_us) {
		way->rtt_us = l->pulse.answer_ms * 1000;
		way->least_rtt_us = l->pulse.least_ms * 1000;
	}
}

/* Of one that came since the last walk, all that there is. */
static void fill(struct cause_view *view, const uint64_t last[STALL_KINDS],
	const uint64_t all[STALL_KINDS], uint64_t rate, uint32_t window)
{
	memcpy(view->ms, has_page(last) ? last : all, sizeof(view->ms));
	view->rate = rate;
	view->window = window;
}

void gauge_causes(
	const struct visitor *v, const struct cause_way *way, enum cause *in, enum cause *out)
{
	const struct gauge_visitor *g = &v->gauge;
	struct cause_view view = {.way = way};
	uint32_t window_in, window_out;
	struct pump_stalls s;

	pump_stalls(v->pump, &s);
	pump_windows(v->pump, &window_in, &window_out);
	fill(&view, g->ms_in, s.to_channel_ms, g->meter.rate_in, window_in);
	*in = cause_in(&view);
	fill(&view, g->ms_out, s.to_socket_ms, g->meter.rate_out, window_out);
	*out = cause_out(&view);
}
