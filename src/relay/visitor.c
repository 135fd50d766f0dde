/* SPDX-License-Identifier: ISC */
#include "relay/visitor.h"

#include <stdlib.h>
#include <unistd.h>

#include "forward/tcpip.h"
#include "relay/audit.h"

enum { EXTRA_MAX = 16 + 256 + SOCK_TEXT_MAX };

static const char *end_name(enum pump_end end)
{
	switch (end) {
	case PUMP_DONE:
		return "done";
	case PUMP_REFUSED:
		return "refused-by-agent";
	case PUMP_RESET:
		return "broken";
	case PUMP_PEER_CLOSED:
		return "closed-by-agent";
	case PUMP_CONN_LOST:
		return "agent-lost";
	}
	return "ended";
}

static const char *end_words(const struct pump_report *r)
{
	switch (r->end) {
	case PUMP_DONE:
		return "done";
	case PUMP_REFUSED:
		return "the agent refused it";
	case PUMP_RESET:
		return "the visitor's connection broke";
	case PUMP_PEER_CLOSED:
		return "the agent closed it";
	case PUMP_CONN_LOST:
		return "the agent's connection ended";
	}
	return "ended";
}

static void pause_doors(struct link *l, bool is_paused)
{
	l->is_crowded = is_paused;
	for (struct list *n = l->doors.next; n != &l->doors; n = n->next) {
		struct door *d = list_entry(n, struct door, node);

		if (door_is_served(d))
			berth_pause(d->berth, is_paused);
	}
}

/* The mux counts also opens whose visitor has gone; it has room for no more than LIMIT_OPENING. */
static void mind_crowd(struct link *l)
{
	struct mux *m = link_mux(l);
	unsigned unanswered = m ? mux_opening_count(m) : 0;

	if (!l->is_crowded) {
		if (l->opening_count >= VISITORS_OPENING ||
			(l->opening_count > 0 && unanswered >= LIMIT_OPENING))
			pause_doors(l, true);
		return;
	}
	/* With nobody left who waits for an answer in time the next may try. */
	if (l->opening_count == 0 ||
		(l->opening_count <= VISITORS_OPENING / 2 && unanswered <= VISITORS_OPENING))
		pause_doors(l, false);
}

static void opening_done(struct visitor *v)
{
	struct link *l = v->door->link;

	if (!v->is_opening)
		return;
	v->is_opening = false;
	l->opening_count--;
	mind_crowd(l);
}

static void pump_opened(void *ctx, struct pump *p)
{
	opening_done(ctx);
}

/* The agent was lost before it answered: nothing has passed between it and the visitor, so another
 * connection of its identity can serve this one as well. */
static void go_on(struct visitor *v, int fd)
{
	struct door *d = v->door;
	struct link *l = d->link;
	struct relay *r = l->relay;
	struct port_place at = v->at;
	char owner[PORTS_TEXT_MAX];

	strcpy(owner, l->identity->fingerprint);
	link_log(l, LOG_LEVEL_VERBOSE, "visitor %s of port %u was not answered yet", v->from,
		d->port);
	opening_done(v);
	list_remove(&v->node);
	free(v);
	l->account->visitors--;
	relay_visitor_left(r);
	link_lost(l);
	door_left(d);
	berth_keep(r, &at, owner, fd);
}

static void pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct visitor *v = ctx;
	struct door *d = v->door;
	struct link *l = d->link;
	uint64_t ms = hub_now(&l->relay->hub) - r->since_ms;
	int fd = r->end == PUMP_CONN_LOST ? pump_take_back(p) : -1;

	if (fd >= 0) {
		go_on(v, fd);
		return;
	}
	link_log(l, LOG_LEVEL_VERBOSE,
		"visitor %s of port %u left: %llu bytes in, %llu bytes out, %llu.%llu s, %s%s%s",
		v->from, d->port, (unsigned long long)r->to_channel,
		(unsigned long long)r->to_socket, (unsigned long long)(ms / 1000),
		(unsigned long long)(ms % 1000 / 100), end_words(r), r->text[0] ? ": " : "",
		r->text);
	audit_visitor(v, r, end_name(r->end), r->text);
	d->to_agent += r->to_channel;
	d->to_visitors += r->to_socket;
	opening_done(v);
	list_remove(&v->node);
	free(v);
	l->account->visitors--;
	relay_visitor_left(l->relay);
	door_left(d);
	if (r->end == PUMP_CONN_LOST)
		link_lost(l);
}

/* Says where the visitor came in and who it is; false when there is no room for it. */
static bool write_extra(
	const struct door *d, const struct sock_addr *peer, struct span into, size_t *len)
{
	char host[SOCK_TEXT_MAX];
	struct tcpip_open open = {
		.host = bytes_str(d->requested), /* verbatim: clients match it exactly */
		.port = d->port,
		.originator_port = sock_port(peer),
	};

	sock_host(peer, host);
	open.originator = bytes_str(host);
	return tcpip_write_open(into, &open, len) == E_OK;
}

static enum err judge(const struct link *l, const struct sock_addr *peer, struct fault *f)
{
	const struct mux *m = link_mux(l);
	char host[SOCK_TEXT_MAX];

	if (!m)
		return fault_set(f, E_CLOSED, 0, "the agent's connection is ending");
	if (mux_channel_count(m) >= LIMIT_CHANNELS)
		return fault_set(f, E_LIMIT, 0, "the agent has too many visitors");
	sock_host(peer, host);
	return identity_may_visit(l->identity, l->account->visitors, host, f);
}

void visitors_account(struct link *l)
{
	uint64_t more = ration_settle(&l->refusals);

	later_cancel(&l->unsaid);
	if (more > 0)
		link_log(l, LOG_LEVEL_INFO, "%llu more visitors were hung up on",
			(unsigned long long)more);
}

void visitors_span_over(struct later *unsaid)
{
	visitors_account(list_entry(unsaid, struct link, unsaid));
}

/* Anybody can come and be hung up on as often as they like: the log gets a line for some. */
static void hang_up(const struct door *d, int fd, const char *from, const char *why)
{
	struct link *l = d->link;
	uint64_t now_ms = hub_now(&l->relay->hub);

	audit_visitor_refused(d, from, why);
	if (ration_allows(&l->refusals, now_ms)) {
		link_log(l, LOG_LEVEL_INFO, "visitor %s of port %u was hung up on: %s", from,
			d->port, why);
	} else if (l->refusals.kept == 1) {
		later_add(&l->relay->expiries, &l->unsaid, l->refusals.until_ms - now_ms);
	}
	if (fd >= 0)
		close(fd);
}

void visitor_new(struct door *d, int fd, const struct sock_addr *peer)
{
	struct link *l = d->link;
	uint8_t extra[EXTRA_MAX];
	char from[SOCK_TEXT_MAX];
	struct fault f = {0};
	struct visitor *v;
	size_t len = 0;
	enum err e;

	sock_text(peer, from);
	if (judge(l, peer, &f) != E_OK) {
		hang_up(d, fd, from, f.text);
		return;
	}
	v = calloc(1, sizeof(*v));
	if (!v || !write_extra(d, peer, (struct span){extra, sizeof(extra)}, &len)) {
		hang_up(d, fd, from, "out of memory");
		free(v);
		return;
	}
	/* One that vanished without a word would hold its channel for ever. */
	if (l->relay->settings->tcp_keepalive)
		sock_keepalive(fd);
	v->door = d;
	v->at = d->berth->at[0].hold.place;
	v->since = time(NULL);
	strcpy(v->from, from);
	e = pump_open(l->conn, fd, "forwarded-tcpip", bytes_of(extra, len), VISITOR_OPEN_MS,
		pump_done, v, &v->pump);
	if (e != E_OK) {
		hang_up(d, -1, from, err_text(e)); /* fd is closed */
		free(v);
		return;
	}
	if (l->identity->rate_bytes > 0)
		pump_throttle(v->pump, l->account->to_agent, l->account->to_visitors);
	list_append(&d->visitors, &v->node);
	pump_on_opened(v->pump, pump_opened);
	v->is_opening = true;
	l->opening_count++;
	l->account->visitors++;
	l->relay->visitors_now++;
	meter_init(&v->gauge.meter, hub_now(&l->relay->hub));
	gauge_start(l->relay);
	d->visitors_now++;
	d->visitors_ever++;
	l->relay->hub.visitors++;
	link_log(l, LOG_LEVEL_DEBUG1, "visitor %s of port %u came in", v->from, d->port);
	mind_crowd(l);
}
