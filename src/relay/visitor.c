/* SPDX-License-Identifier: ISC */
#include "relay/visitor.h"

#include <stdlib.h>
#include <unistd.h>

#include "forward/tcpip.h"

enum { EXTRA_MAX = 16 + 256 + SOCK_TEXT_MAX };

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

static void opening_done(struct visitor *v)
{
	if (list_is_empty(&v->opening))
		return;
	list_remove(&v->opening);
	v->door->link->opening_count--;
}

static void pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct visitor *v = ctx;
	struct door *d = v->door;
	struct link *l = d->link;
	uint64_t ms = hub_now(&l->relay->hub) - r->since_ms;

	link_log(l, LOG_LEVEL_VERBOSE,
		"visitor %s of port %u left: %llu bytes in, %llu bytes out, %llu.%llu s, %s%s%s",
		v->from, d->port, (unsigned long long)r->to_channel,
		(unsigned long long)r->to_socket, (unsigned long long)(ms / 1000),
		(unsigned long long)(ms % 1000 / 100), end_words(r), r->text[0] ? ": " : "",
		r->text);
	d->to_agent += r->to_channel;
	d->to_visitors += r->to_socket;
	opening_done(v);
	list_remove(&v->node);
	free(v);
	l->account->visitors--;
	door_left(d);
	if (r->end == PUMP_CONN_LOST)
		link_lost(l);
}

/* Takes those off the list whose channel is confirmed by now: the pump hears of it, we do not. */
static void prune_opening(struct link *l)
{
	struct mux *m = link_mux(l);
	struct list *n, *next;

	for (n = l->opening.next; n != &l->opening; n = next) {
		struct visitor *v = list_entry(n, struct visitor, opening);
		struct mux_channel_info info;

		next = n->next;
		if (!m || !mux_channel_info(m, pump_channel(v->pump), &info) || info.is_open)
			opening_done(v);
	}
}

static void pause_doors(struct link *l, bool is_paused)
{
	for (struct list *n = l->doors.next; n != &l->doors; n = n->next)
		door_pause(list_entry(n, struct door, node), is_paused);
}

static void on_retry(uv_timer_t *t)
{
	visitors_retry(t->data);
}

static void mind_crowd(struct link *l)
{
	struct relay *r = l->relay;

	if (l->opening_count < VISITORS_OPENING)
		return;
	prune_opening(l);
	if (l->opening_count < VISITORS_OPENING || !list_is_empty(&l->crowd))
		return;
	pause_doors(l, true);
	list_append(&r->crowded, &l->crowd);
	if (!uv_is_active((uv_handle_t *)&r->crowd_timer))
		uv_timer_start(&r->crowd_timer, on_retry, VISITORS_RETRY_MS, VISITORS_RETRY_MS);
}

void visitors_retry(struct relay *r)
{
	struct list *n, *next;

	for (n = r->crowded.next; n != &r->crowded; n = next) {
		struct link *l = list_entry(n, struct link, crowd);

		next = n->next;
		prune_opening(l);
		if (l->opening_count >= VISITORS_OPENING)
			continue;
		list_remove(&l->crowd);
		pause_doors(l, false);
	}
	if (list_is_empty(&r->crowded))
		uv_timer_stop(&r->crowd_timer);
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

static void hang_up(const struct door *d, int fd, const char *from, const char *why)
{
	link_log(d->link, LOG_LEVEL_INFO, "visitor %s of port %u was hung up on: %s", from, d->port,
		why);
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
	v->since = time(NULL);
	strcpy(v->from, from);
	e = pump_open(l->conn, fd, "forwarded-tcpip", bytes_of(extra, len), VISITOR_OPEN_MS,
		pump_done, v, &v->pump);
	if (e != E_OK) {
		hang_up(d, -1, from, err_text(e)); /* fd is closed */
		free(v);
		return;
	}
	list_append(&d->visitors, &v->node);
	list_append(&l->opening, &v->opening);
	l->opening_count++;
	l->account->visitors++;
	d->visitors_now++;
	d->visitors_ever++;
	l->relay->hub.visitors++;
	link_log(l, LOG_LEVEL_DEBUG1, "visitor %s of port %u came in", v->from, d->port);
	mind_crowd(l);
}
