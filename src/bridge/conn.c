/* SPDX-License-Identifier: ISC */
/*
 * The turn of a connection. Order matters: old output first, since nothing overtakes it; then what
 * the peer says, which may open windows and ask for answers; then the local sockets, which fill
 * what room is left; then one write of it all.
 */
#include "bridge/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "bridge/conn_impl.h"
#include "wire/msgs.h"

struct session *conn_session(struct conn *c)
{
	return c->session;
}

struct hub *conn_hub(struct conn *c)
{
	return c->hub;
}

void *conn_ctx(struct conn *c)
{
	return c->ctx;
}

void conn_disown(struct conn *c, uint32_t channel)
{
	if (c->mux != NULL)
		mux_set_user(c->mux, channel, NULL);
}

const struct sock_addr *conn_peer(const struct conn *c)
{
	return &c->peer;
}

const struct sock_addr *conn_local(const struct conn *c)
{
	return &c->local;
}

void conn_tcpinfo(const struct conn *c, struct tcpinfo *out)
{
	tcpinfo_get(c->fd, out);
}

const struct fault *conn_fault(const struct conn *c)
{
	return c->fault;
}

void conn_wake(struct conn *c)
{
	if (c->phase == CONN_OVER)
		return;
	if (list_is_empty(&c->woken))
		list_append(&c->hub->woken, &c->woken);
	hub_stir(c->hub);
}

void conn_close(struct conn *c, uint32_t code, const char *text)
{
	if (c->phase != CONN_LIVE)
		return;
	session_disconnect(c->session, code, text);
	conn_wake(c);
}

struct mux *conn_mux(const struct conn *c)
{
	return c->session != NULL ? session_mux(c->session) : NULL;
}

void conn_fail(struct conn *c, enum err e, const char *what)
{
	if (c->phase == CONN_LIVE)
		session_fail(c->session, e, what);
	conn_wake(c);
}

/* --- events --------------------------------------------------------------------------------------
 */

static bool has_channel(enum mux_kind kind)
{
	return kind != MUX_GLOBAL_REQUEST && kind != MUX_GLOBAL_REPLY && kind != MUX_OPEN;
}

static void give_event(struct conn *c, const struct event *ev)
{
	struct sink *sink = ev->kind == EV_MUX && has_channel(ev->mux.kind) ? ev->mux.user : NULL;

	if (ev->kind == EV_DEAD)
		c->fault = ev->fault;
	else if (sink != NULL)
		sink->event(sink, &ev->mux);
	else
		c->ops->event(c->ctx, c, ev);
}

static void take_events(struct conn *c)
{
	struct event ev;

	while (session_next(c->session, hub_now(c->hub), &ev)) {
		if (ev.kind == EV_LOGIN)
			c->mux = session_mux(c->session);
		give_event(c, &ev);
	}
	pump_flush(c->hub);
}

/* --- in ------------------------------------------------------------------------------------------
 */

/* One read; false when there is no more for now. */
static bool read_some(struct conn *c, struct span room)
{
	ssize_t n;

	do
		n = read(c->fd, room.ptr, room.len);
	while (n < 0 && errno == EINTR);
	watch_read(&c->watch, n < 0 || (n > 0 && (size_t)n < room.len));
	/* Before login and in a key exchange the peer waits for each small packet of its own to be
	 * acknowledged before it sends the next. Never on the path of bulk data. */
	if (n > 0 && !session_is_writable(c->session))
		sock_quick_ack(c->fd);
	if (n > 0)
		session_recv_done(c->session, (size_t)n, hub_now(c->hub));
	else if (n == 0)
		session_recv_eof(c->session, NULL);
	else if (errno != EAGAIN)
		session_recv_eof(c->session, strerror(errno));
	return n > 0;
}

static void receive(struct conn *c)
{
	size_t left = CONN_READ_TURN;

	c->is_backed_up = false;
	while (c->watch.is_readable && left > 0) {
		struct span room = session_recv_room(c->session);

		if (room.len == 0) {
			c->is_backed_up = true;
			if (c->watch.has_failed)
				session_recv_eof(c->session, strerror(watch_error(&c->watch)));
			return;
		}
		if (room.len > left)
			room.len = left;
		left -= room.len;
		if (!read_some(c, room))
			return;
		take_events(c);
	}
}

/* --- out -----------------------------------------------------------------------------------------
 */

void conn_flush(struct conn *c)
{
	struct span pieces[OUTLET_PIECES];
	size_t count;

	while (!c->watch.is_blocked && !c->is_broken &&
		(count = session_out_pieces(c->session, pieces, OUTLET_PIECES)) > 0) {
		ssize_t n = outlet_send(c->fd, pieces, count);

		if (n > 0) {
			session_out_sent(c->session, (size_t)n);
			c->out_written += (size_t)n;
		}
		if (n < 0 && errno != EAGAIN) {
			c->is_broken = true;
			session_recv_eof(c->session, strerror(errno));
		}
		/* What a socket of ours did not take at once it will not take right after. */
		if (n < 0 || (size_t)n < outlet_sum(pieces, count))
			c->watch.is_blocked = true;
	}
}

static void work(struct conn *c)
{
	while (!list_is_empty(&c->work)) {
		struct pump *p = list_entry(c->work.next, struct pump, work);

		list_remove(&p->work);
		pump_work(p);
	}
}

/* Ready sources in fair order, each once, until the socket has its fill. */
static void serve(struct conn *c)
{
	struct sched_node *n;
	size_t want;

	while (session_is_writable(c->session) && (n = sched_next(&c->sched, &want)) != NULL) {
		struct source *s = list_entry(n, struct source, node);
		enum source_served how = SOURCE_NO_ROOM;
		size_t left = c->out_turn - c->out_added, moved = 0;

		if (s->turn != c->turn && left > 0) {
			s->turn = c->turn;
			how = s->serve(s, want < left ? want : left, &moved);
			c->out_added += moved;
		}
		if (how != SOURCE_WAITS)
			sched_add(&c->sched, n);
		if (how == SOURCE_NO_ROOM)
			return;
	}
}

/* What the socket does not take is sealed already and cannot be overtaken: on a slow line a small
 * stream would wait behind it. So a turn makes no more than the last one could write, and tries
 * more only after that went well for a while. */
static void adapt(struct conn *c)
{
	size_t fits = c->out_written - c->out_written % DATA_MAX;

	if (session_out_len(c->session) > 0) {
		c->out_calm = 0;
		if (fits < c->out_turn)
			c->out_turn = fits > CONN_OUT_MIN ? fits : CONN_OUT_MIN;
	} else if (c->out_added == c->out_turn && ++c->out_calm >= CONN_OUT_CALM) {
		c->out_calm = 0;
		if (c->out_turn <= CONN_OUT_MAX - CONN_OUT_MIN)
			c->out_turn += CONN_OUT_MIN;
		else
			c->out_turn = CONN_OUT_MAX;
	}
}

/* --- the line is full ----------------------------------------------------------------------------
 */

uint64_t conn_line_ms(const struct conn *c)
{
	return c->choked_ms + (c->is_choked ? hub_now(c->hub) - c->choked_since_ms : 0);
}

static void note_choke(struct conn *c)
{
	bool is_choked = c->sched.waiting > 0 && !session_is_writable(c->session);

	if (is_choked == c->is_choked)
		return;
	c->choked_ms = conn_line_ms(c);
	c->choked_since_ms = hub_now(c->hub);
	c->is_choked = is_choked;
}

/* --- the turn ------------------------------------------------------------------------------------
 */

static void on_timer(uv_timer_t *timer)
{
	struct conn *c = timer->data;

	c->timer_ms = UINT64_MAX;
	c->is_due = true;
	conn_wake(c);
}

/* The timer may run for an earlier time than is needed: it looks again when it fires. So it is
 * touched about once an interval, however often the deadline moves on. */
static void set_timer(struct conn *c)
{
	uint64_t at_ms = session_deadline(c->session), now_ms = hub_now(c->hub);

	if (at_ms >= c->timer_ms)
		return;
	c->timer_ms = at_ms;
	uv_timer_start(&c->timer, on_timer, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

static void tick(struct conn *c)
{
	if (!c->is_due)
		return;
	c->is_due = false;
	if (session_deadline(c->session) <= hub_now(c->hub))
		session_tick(c->session, hub_now(c->hub));
}

static void move(struct conn *c)
{
	c->turn++;
	c->out_written = c->out_added = 0;
	conn_flush(c);
	tick(c);
	/* A late answer lets packets go on that came before it. */
	session_recv_done(c->session, 0, hub_now(c->hub));
	take_events(c);
	receive(c);
	work(c);
	serve(c);
	/* Whatever ended the session since: the event says why, and its DISCONNECT leaves now. */
	take_events(c);
	conn_flush(c);
	adapt(c);
}

void conn_turn(struct conn *c)
{
	struct session *s = c->session;
	enum err e;

	if (c->phase != CONN_LIVE) {
		conn_end_turn(c);
		return;
	}
	session_turn_begin(s);
	move(c);
	e = session_turn_end(s);
	if (e != E_OK) {
		/* Sealed bytes were lost: the stream is torn and cannot carry a DISCONNECT. */
		c->is_broken = true;
		session_fail(s, e, "keeping what the peer does not take");
	}
	if (session_is_dead(s)) {
		conn_begin_end(c);
		return;
	}
	if ((c->watch.is_readable && !c->is_backed_up) ||
		(c->sched.waiting > 0 && session_is_writable(s)))
		conn_wake(c);
	else if (c->sched.waiting > 0 && pool_is_crowded(c->hub->env.pool) &&
		 list_is_empty(&c->waiting))
		list_append(&c->hub->waiting, &c->waiting);
	note_choke(c);
	watch_apply(&c->watch, true, session_out_len(s) > 0);
	set_timer(c);
}

void conn_on_poll(uv_poll_t *poll, int status, int events)
{
	struct conn *c = poll->data;

	watch_note(&c->watch, status, events);
	watch_apply(&c->watch, c->phase == CONN_LIVE, session_out_len(c->session) > 0);
	conn_wake(c);
}

/* --- the start -----------------------------------------------------------------------------------
 */

static void ignore_event(struct sink *s, const struct mux_event *ev)
{
	(void)s;
	(void)ev;
}

/* All but the session. */
static enum err make(
	struct hub *h, int fd, const struct conn_ops *ops, void *ctx, struct conn **out)
{
	struct conn *c = calloc(1, sizeof(*c));
	enum err e;

	if (c == NULL)
		return E_NOMEM;
	*c = (struct conn){.hub = h,
		.ops = ops,
		.ctx = ctx,
		.fd = fd,
		.timer_ms = UINT64_MAX,
		.out_turn = CONN_OUT_MAX};
	c->nobody.event = ignore_event;
	list_init(&c->woken);
	list_init(&c->waiting);
	list_init(&c->pumps);
	list_init(&c->work);
	sched_init(&c->sched);
	e = sock_peer(fd, &c->peer);
	if (e == E_OK)
		e = sock_local(fd, &c->local);
	if (e == E_OK)
		e = watch_init(&c->watch, h->loop, fd, conn_on_poll, c);
	if (e != E_OK) {
		free(c);
		return e;
	}
	sock_tune(fd, false, true);
	*out = c;
	return E_OK;
}

static void start(struct conn *c, struct session *s)
{
	c->session = s;
	c->mux = session_mux(s);
	uv_timer_init(c->hub->loop, &c->timer);
	c->timer.data = c;
	c->handles = 2;
	/* What stands in the socket already is read in the first turn. */
	c->watch.is_readable = true;
	conn_wake(c);
}

enum err conn_adopt(struct hub *h, int fd, struct session *s, const struct conn_ops *ops, void *ctx,
	struct conn **out)
{
	enum err e = make(h, fd, ops, ctx, out);

	if (e != E_OK) {
		session_free(s);
		close(fd);
		return e;
	}
	start(*out, s);
	return E_OK;
}

enum err conn_new(struct hub *h, int fd, const struct session_config *cfg,
	const struct conn_ops *ops, void *ctx, struct conn **out)
{
	struct session *s;
	enum err e = session_new(cfg, &h->env, hub_now(h), &s);

	if (e != E_OK) {
		close(fd);
		return e;
	}
	return conn_adopt(h, fd, s, ops, ctx, out);
}
