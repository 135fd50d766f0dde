/* SPDX-License-Identifier: ISC */
/*
 * What keeps several hops in order. An end is told once the connection to the relay is gone, with
 * the reason of the hop where it began: when one goes down, those behind it are closed; those
 * before it say goodbye afterwards, from the last to the first, each when the last words of the one
 * behind have left.
 */
#include "client/uplink.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "wire/msgs.h"

enum { DIAL_MS = 20 * 1000 /* the kernel takes two minutes, and there is a next try */ };

const struct hop *uplink_relay(const struct uplink *u)
{
	return &u->hops[u->count - 1];
}

const struct hop *uplink_first(const struct uplink *u)
{
	return u->hops;
}

struct conn *uplink_conn(const struct uplink *u)
{
	return u->hops != NULL ? uplink_relay(u)->conn : NULL;
}

bool uplink_is_dialling(const struct uplink *u)
{
	return u->is_wanted || (u->at == 0 && hop_is_approaching(&u->hops[0]));
}

bool uplink_has_been_up(const struct uplink *u)
{
	return u->has_been_up;
}

static const char goodbye[] = "disconnected by user"; /* as ssh says it */

static size_t index_of(const struct uplink *u, const struct hop *h)
{
	return (size_t)(h - u->hops);
}

static bool is_alive(const struct hop *h)
{
	return h->conn != NULL || hop_is_approaching(h);
}

static bool is_idle(const struct uplink *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (is_alive(&u->hops[i]))
			return false;
	return true;
}

/* --- down ---------------------------------------------------------------------------------------
 */

static void begin(struct uplink *u);

static void rest(struct uplink *u)
{
	if (u->is_wanted && is_idle(u))
		begin(u);
}

/* The hops from i on are gone. The one before may go when what they said last has left through it.
 */
static void go_out(struct uplink *u, size_t i)
{
	while (!hop_drain(&u->hops[i])) {
		if (i == 0) {
			rest(u);
			return;
		}
		if (hop_close(&u->hops[--i], goodbye))
			return;
	}
}

static void on_drained(void *ctx, struct hop *h)
{
	struct uplink *u = ctx;
	size_t i = index_of(u, h);

	if (i == 0)
		rest(u);
	else if (!hop_close(&u->hops[i - 1], goodbye))
		go_out(u, i - 1);
}

/* A hop before this one that is lost, or as silent: there it began. */
static const struct hop *culprit(
	const struct uplink *u, const struct hop *h, const struct uplink_end *end)
{
	for (const struct hop *one = u->hops; one < h; one++) {
		struct session *s = one->conn != NULL ? conn_session(one->conn) : NULL;
		struct mux *m = s != NULL ? session_mux(s) : NULL;

		if (s != NULL && conn_fault(one->conn) != NULL)
			return one;
		if (m != NULL && end->fault->err == E_TIMEOUT && mux_keepalive_is_open(m))
			return one;
	}
	return h;
}

/* The first reason counts. */
static void keep_end(struct uplink *u, const struct hop *h, const struct uplink_end *end)
{
	const struct hop *one = culprit(u, h, end);

	if (u->has_end)
		return;
	u->has_end = true;
	u->end = *end;
	u->fault = *end->fault;
	if (one != h) {
		const struct fault *own = conn_fault(one->conn);

		u->end = (struct uplink_end){.stage = UPLINK_UP,
			.peer = &one->peer,
			.session = conn_session(one->conn),
			.hop = one,
			.is_proxied = end->is_proxied};
		if (own != NULL)
			u->fault = *own;
	}
	u->end.fault = &u->fault;
	u->end.is_on_the_way = one != uplink_relay(u) && !u->is_up;
	if (one > u->hops)
		u->end.through = one[-1].settings->host_alias;
}

static void on_hop_down(void *ctx, struct hop *h, const struct uplink_end *end)
{
	struct uplink *u = ctx;
	size_t i = index_of(u, h);
	bool are_gone = true;

	if (u->is_down) {
		go_out(u, i);
		return;
	}
	keep_end(u, h, end);
	for (size_t above = u->at; above > i; above--)
		if (hop_close(&u->hops[above], goodbye))
			are_gone = false;
	if (!are_gone) {
		u->end.session = NULL; /* which will be gone as well by then */
		return;
	}
	u->is_down = true;
	u->end.is_asked = u->is_closing;
	go_out(u, i);
	u->ops->down(u->ctx, &u->end);
}

/* --- on the way ---------------------------------------------------------------------------------
 */

/* Does somebody sit at the terminal and wait for us? */
static bool is_in_foreground(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC);
	bool is_ours = fd >= 0 && tcgetpgrp(fd) == getpgrp();

	if (fd >= 0)
		close(fd);
	return is_ours;
}

static void start_hop(struct uplink *u, size_t i)
{
	struct hop *h = &u->hops[i];
	struct fault f = {0};
	struct uplink_end end = {.stage = UPLINK_DIAL, .fault = &f, .hop = h};

	u->at = i;
	if (i > 0)
		log_write(LOG_LEVEL_DEBUG1, "Connecting to %s port %u through jump host %s.",
			h->settings->hostname, h->settings->port, h[-1].settings->host_alias);
	if (hop_start(h, i > 0 ? h[-1].conn : NULL, u->has_been_up && !is_in_foreground(), &f) !=
		E_OK)
		on_hop_down(u, h, &end);
}

static void begin(struct uplink *u)
{
	u->is_wanted = u->is_closing = u->has_end = u->is_down = u->is_up = false;
	start_hop(u, 0);
}

static void on_hop_login(void *ctx, struct hop *h)
{
	struct uplink *u = ctx;

	if (h == uplink_relay(u)) {
		u->is_up = u->has_been_up = true;
		u->ops->login(u->ctx, h->conn, h->is_unproven);
		return;
	}
	hop_say_login(h);
	if (u->ops->passed != NULL)
		u->ops->passed(u->ctx, h);
	if (!u->is_closing)
		start_hop(u, index_of(u, h) + 1);
}

/* Of a jump host, of which nothing is wanted but the one channel. */
static void answer(struct hop *h, const struct mux_event *ev)
{
	struct session *s = conn_session(h->conn);
	struct mux *m = session_mux(s);
	enum err e = E_OK;

	if (m == NULL)
		return;
	if (ev->kind == MUX_OPEN)
		e = mux_refuse(m, ev->channel, OPEN_ADMINISTRATIVELY_PROHIBITED, "");
	else if (ev->kind == MUX_GLOBAL_REQUEST && ev->want_reply)
		e = mux_global_reply(m, ev->token, false, (struct bytes){0}, NULL);
	if (e != E_OK)
		session_fail(s, e, "answering a jump host");
}

static void on_hop_event(void *ctx, struct hop *h, const struct event *ev)
{
	struct uplink *u = ctx;
	char text[FAULT_TEXT];

	if (h == uplink_relay(u))
		u->ops->event(u->ctx, h->conn, ev);
	else if (ev->kind == EV_MUX)
		answer(h, &ev->mux);
	else if (ev->kind == EV_DEBUG)
		log_write(LOG_LEVEL_DEBUG1, "Jump host %s: %s", h->settings->host_alias,
			text_escape(text, sizeof(text), ev->data));
}

/* --- life ---------------------------------------------------------------------------------------
 */

enum err uplink_init(struct uplink *u, struct route *route, struct hub *hub,
	const struct uplink_ops *ops, void *ctx, struct fault *f)
{
	static const struct hop_ops hop_ops = {on_hop_login, on_hop_event, on_hop_down, on_drained};
	uint64_t dial_ms = route_relay(route)->reconnect ? DIAL_MS : 0;
	enum err e = E_OK;

	*u = (struct uplink){.count = route->count, .ops = ops, .ctx = ctx, .hub = hub};
	u->hops = calloc(route->count, sizeof(*u->hops));
	if (u->hops == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	for (size_t i = 0; e == E_OK && i < route->count; i++)
		e = hop_init(&u->hops[i], &route->legs[i], dial_ms, hub, &hop_ops, u, f);
	u->is_down = true;
	return e;
}

void uplink_fini(struct uplink *u)
{
	free(u->hops);
	*u = (struct uplink){0};
}

void uplink_start(struct uplink *u)
{
	u->is_wanted = true;
	if (is_idle(u))
		begin(u);
}

bool uplink_close(struct uplink *u, const char *text)
{
	u->is_wanted = false;
	if (u->is_down)
		return false;
	u->is_closing = true;
	if (hop_close(&u->hops[u->at], text))
		return true;
	/* It was not through yet. */
	if (u->at > 0 && hop_close(&u->hops[u->at - 1], text))
		return true;
	u->is_down = true;
	return false;
}
