/* SPDX-License-Identifier: ISC */
/*
 * Life of a pump. It ends as soon as nothing more can be moved for it, not when the peer has
 * answered our CLOSE: until then the channel belongs to the conn's nobody. Its struct outlives the
 * end until libuv has closed its handles.
 */
#include "bridge/pump.h"

#include <stdlib.h>
#include <unistd.h>
#include "base/text.h"
#include "bridge/conn_impl.h"
#include "bridge/linger.h"
#include "wire/msgs.h"

uint32_t pump_channel(const struct pump *p)
{
	return p->channel;
}

void pump_bytes(const struct pump *p, uint64_t *to_channel, uint64_t *to_socket)
{
	*to_channel = p->to_channel;
	*to_socket = p->to_socket;
}

void pump_stalls(const struct pump *p, struct pump_stalls *out)
{
	uint64_t now_ms = hub_now(p->conn->hub);

	out->to_channel = p->in_stall.now;
	if (out->to_channel == STALL_NO && p->conn->is_choked)
		out->to_channel = STALL_LINE;
	out->to_socket = p->out_stall.now;
	stall_sums(&p->in_stall, now_ms, conn_line_ms(p->conn), out->to_channel_ms);
	stall_sums(&p->out_stall, now_ms, 0, out->to_socket_ms);
}

void pump_windows(const struct pump *p, uint32_t *to_channel, uint32_t *to_socket)
{
	const struct mux *m = conn_mux(p->conn);
	struct mux_channel_info info = {0};

	if (p->has_channel && p->is_open && m != NULL)
		(void)mux_channel_info(m, p->channel, &info);
	*to_channel = info.send_most;
	*to_socket = info.recv_size;
}

void pump_throttle(struct pump *p, struct throttle *to_channel, struct throttle *to_socket)
{
	p->read_throttle = to_channel;
	p->credit_throttle = to_socket;
}

/* --- the end -------------------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
	struct pump *p = handle->data;

	if (--p->handles == 0)
		free(p);
}

/* Gives back everything but the struct; fd stays. */
static void let_go(struct pump *p)
{
	p->is_over = true;
	if (p->has_channel && p->conn->mux != NULL)
		mux_set_user(p->conn->mux, p->channel, &p->conn->nobody);
	p->has_channel = false;
	sched_remove(&p->conn->sched, &p->source.node);
	list_remove(&p->link);
	list_remove(&p->work);
	list_remove(&p->read_turn.link);
	list_remove(&p->credit_turn.link);
	if (p->credit_throttle != NULL)
		throttle_refund(p->credit_throttle, p->prepaid);
	if (p->conn->hub->gather_for == p)
		p->conn->hub->gather_for = NULL;
	outlet_fini(&p->outlet);
	hub_gave_back(p->conn->hub);
	(void)ends_let_go(&p->ends, on_closed);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

void pump_finish(struct pump *p, enum pump_end how, uint32_t code, const char *text)
{
	bool is_whole = p->is_out_over && !p->is_broken;
	struct pump_report r = {.end = how,
		.code = code,
		.text = text,
		.to_channel = p->to_channel,
		.to_socket = p->to_socket,
		.since_ms = p->since_ms};

	let_go(p);
	if (how == PUMP_CONN_LOST && !p->was_open) {
		if (p->done != NULL)
			p->done(p->ctx, p, &r);
		ends_close(&p->ends, p->conn->hub, ENDS_RESET);
		return;
	}
	ends_close(&p->ends, p->conn->hub,
		!is_whole	? ENDS_RESET
		: p->is_in_over ? ENDS_PLAIN
				: ENDS_LINGER);
	if (p->done != NULL)
		p->done(p->ctx, p, &r);
}

int pump_take_back(struct pump *p)
{
	int fd = p->was_open ? -1 : p->ends.in;

	if (fd >= 0)
		p->ends.in = p->ends.out = -1;
	return fd;
}

/* Closes the channel, if there is one, and is done. */
static void close_and_finish(struct pump *p, enum pump_end how, uint32_t code, const char *text)
{
	struct mux *m = conn_mux(p->conn);
	enum err e;

	if (p->has_channel && m != NULL) {
		e = mux_close(m, p->channel);
		if (e != E_OK)
			conn_fail(p->conn, e, "closing a channel");
		conn_wake(p->conn);
	}
	pump_finish(p, how, code, text);
}

void pump_reset(struct pump *p, const char *text)
{
	close_and_finish(p, PUMP_RESET, 0, text);
}

void pump_fail(struct pump *p, int code)
{
	p->is_broken = true;
	pump_reset(p, strerror(code));
}

void pump_stop(struct pump *p)
{
	if (p->is_over)
		return;
	p->is_broken = true;
	pump_reset(p, "stopped");
}

void pump_settle(struct pump *p)
{
	if (p->is_over)
		return;
	if (p->got_eof && !p->is_out_over && outlet_len(&p->outlet) == 0) {
		p->is_out_over = true;
		ends_shut_output(&p->ends);
	}
	if (!p->is_out_over || (p->has_channel && !p->is_in_over))
		return;
	if (p->is_broken)
		pump_reset(p, "the local side stopped reading");
	else
		close_and_finish(p, p->is_in_over ? PUMP_DONE : PUMP_PEER_CLOSED, 0, "");
}

void pump_conn_lost(struct pump *p)
{
	size_t taken;
	int code;

	/* All bytes of a stream that ended in order may be here already: one more try. */
	if (outlet_flush(&p->outlet, &taken, &code) == E_OK) {
		p->to_socket += taken;
		pump_settle(p);
	}
	if (!p->is_over)
		pump_finish(p, PUMP_CONN_LOST, 0, "");
}

/* --- events of the channel -----------------------------------------------------------------------
 */

static void on_opened(struct pump *p)
{
	p->is_open = p->was_open = true;
	uv_timer_stop(&p->timer);
	/* Visitors seldom wait for the other side to speak first: look at once. */
	p->ends.watch.is_readable = true;
	pump_is_ready(p);
	if (p->opened != NULL)
		p->opened(p->ctx, p);
}

static void on_refused(struct pump *p, const struct mux_event *ev)
{
	char text[FAULT_TEXT];

	p->has_channel = false;
	text_escape(text, sizeof(text), ev->data);
	pump_finish(p, PUMP_REFUSED, ev->code, text);
}

static void on_request(struct pump *p, const struct mux_event *ev)
{
	struct mux *m = conn_mux(p->conn);
	enum err e;

	if (!ev->want_reply || m == NULL)
		return;
	e = mux_request_reply(m, p->channel, false);
	if (e != E_OK)
		conn_fail(p->conn, e, "refusing a channel request");
}

static void on_channel_closed(struct pump *p, const struct mux_event *ev)
{
	p->has_channel = false;
	if (ev->code != 0) {
		p->is_open = false;
		pump_conn_lost(p);
		return;
	}
	/* What is queued for the socket is still its due. */
	sched_remove(&p->conn->sched, &p->source.node);
	p->got_eof = true;
	pump_settle(p);
}

static void on_event(struct sink *sink, const struct mux_event *ev)
{
	struct pump *p = list_entry(sink, struct pump, sink);

	if (ev->kind == MUX_DATA && ev->code == 0) {
		pump_take(p, ev->data);
		return;
	}
	/* Everything else keeps its place behind the data before it. */
	pump_flush(p->conn->hub);
	if (p->is_over)
		return;
	switch (ev->kind) {
	case MUX_OPENED:
		on_opened(p);
		break;
	case MUX_REFUSED:
		on_refused(p, ev);
		return;
	case MUX_DATA:
		pump_throw_away(p, ev->data.len);
		break;
	case MUX_WINDOW:
		if (p->ends.watch.is_readable && !p->is_in_over)
			pump_is_ready(p);
		else
			pump_waits_for(p, STALL_SOURCE);
		break;
	case MUX_EOF:
		p->got_eof = true;
		pump_settle(p);
		break;
	case MUX_REQUEST:
		on_request(p, ev);
		break;
	case MUX_CLOSED:
		on_channel_closed(p, ev);
		break;
	default:
		break;
	}
	pump_watch(p);
}

/* --- the start -----------------------------------------------------------------------------------
 */

/* Around a socket, or an input and an output. */
static enum err make(
	struct conn *c, int in, int out, pump_done_fn done, void *ctx, struct pump **pump)
{
	struct pump *p = calloc(1, sizeof(*p));
	enum err e;

	if (p == NULL)
		return E_NOMEM;
	e = ends_init(&p->ends, c->hub->loop, in, out, pump_on_poll, p);
	p->handles = p->ends.has_watch + p->ends.has_out_watch;
	if (e != E_OK) {
		if (ends_let_go(&p->ends, on_closed) == 0)
			free(p);
		return e;
	}
	uv_timer_init(c->hub->loop, &p->timer);
	p->timer.data = p;
	p->handles++;
	p->sink.event = on_event;
	p->conn = c;
	p->source.turn = c->turn - 1;
	p->source.serve = pump_serve;
	p->since_ms = hub_now(c->hub);
	stall_init(&p->in_stall, STALL_WINDOW, p->since_ms, 0);
	stall_init(&p->out_stall, STALL_SOURCE, p->since_ms, 0);
	p->done = done;
	p->ctx = ctx;
	list_init(&p->work);
	list_init(&p->read_turn.link);
	list_init(&p->credit_turn.link);
	p->read_turn.go = pump_on_read_turn;
	p->credit_turn.go = pump_on_credit_turn;
	list_append(&c->pumps, &p->link);
	sched_node_init(&p->source.node);
	sock_tune(in, false, false);
	*pump = p;
	return E_OK;
}

/* The channel is there. The queue can hold what the peer may send at most; credit for more is given
 * only as the queue runs empty. */
static void start(struct pump *p)
{
	struct mux_channel_info info = {0};

	p->has_channel = true;
	(void)mux_channel_info(p->conn->mux, p->channel, &info);
	outlet_init(&p->outlet, p->ends.out, p->conn->hub->env.pool, info.recv_max);
	/* What the kernel has taken counts as written, and it would take 4 MiB for each of a
	 * thousand that do not read. A few may: their bytes need not be copied then. */
	if (mux_channel_count(p->conn->mux) > PUMP_FEW)
		sock_bound_unsent(p->ends.out);
	conn_wake(p->conn);
}

/* Begun and not wanted: nobody was told of it. */
static void drop(struct pump *p)
{
	let_go(p);
	ends_close(&p->ends, p->conn->hub, ENDS_PLAIN);
}

static void on_open_timeout(uv_timer_t *timer)
{
	struct pump *p = timer->data;

	close_and_finish(p, PUMP_REFUSED, OPEN_CONNECT_FAILED, "the open was not answered in time");
}

enum err pump_open(struct conn *c, int fd, const char *type, struct bytes extra,
	uint64_t open_timeout_ms, pump_done_fn done, void *ctx, struct pump **out)
{
	struct mux *m = conn_mux(c);
	struct pump *p;
	enum err e = m != NULL ? make(c, fd, fd, done, ctx, &p) : E_STATE;

	if (e != E_OK) {
		close(fd);
		return e;
	}
	e = mux_open(m, type, extra, &p->sink, &p->channel);
	if (e != E_OK) {
		drop(p);
		return e;
	}
	start(p);
	if (open_timeout_ms != 0)
		uv_timer_start(&p->timer, on_open_timeout, open_timeout_ms, 0);
	*out = p;
	return E_OK;
}

void pump_on_opened(struct pump *p, void (*opened)(void *ctx, struct pump *p))
{
	p->opened = opened;
}

enum err pump_accept(
	struct conn *c, uint32_t channel, int fd, pump_done_fn done, void *ctx, struct pump **out)
{
	struct mux *m = conn_mux(c);
	struct pump *p;
	enum err e = m != NULL ? make(c, fd, fd, done, ctx, &p) : E_STATE;

	if (e != E_OK) {
		close(fd);
		return e;
	}
	e = mux_accept(m, channel, &p->sink);
	if (e != E_OK) {
		drop(p);
		return e;
	}
	p->channel = channel;
	p->is_open = p->was_open = true;
	start(p);
	pump_waits_for(p, STALL_SOURCE);
	pump_watch(p);
	*out = p;
	return E_OK;
}

/* Bytes that came before there was a socket go before all others. */
static void take_early(struct pump *p, struct chunkq *early)
{
	size_t limit = p->outlet.queue.limit;

	outlet_fini(&p->outlet);
	p->outlet.queue = *early;
	p->outlet.queue.limit = limit;
	chunkq_init(early, p->conn->hub->env.pool, 0);
}

/* Takes neither descriptor on failure. */
static enum err join(struct conn *c, uint32_t channel, int in, int out, struct chunkq *early,
	pump_done_fn done, void *ctx, struct pump **pump)
{
	struct mux *m = conn_mux(c);
	struct mux_channel_info info;
	struct pump *p;
	enum err e = E_STATE;

	if (m != NULL && mux_channel_info(m, channel, &info) && info.is_open)
		e = make(c, in, out, done, ctx, &p);
	if (e != E_OK)
		return e;
	mux_set_user(m, channel, &p->sink);
	p->channel = channel;
	p->got_eof = info.got_eof;
	start(p);
	if (early != NULL)
		take_early(p, early);
	list_append(&c->work, &p->work);
	on_opened(p);
	pump_watch(p);
	*pump = p;
	return E_OK;
}

enum err pump_join(struct conn *c, uint32_t channel, int fd, struct chunkq *early,
	pump_done_fn done, void *ctx, struct pump **p)
{
	enum err e = join(c, channel, fd, fd, early, done, ctx, p);

	if (e != E_OK)
		close(fd);
	return e;
}

enum err pump_join_stdio(struct conn *c, uint32_t channel, int in, int out, pump_done_fn done,
	void *ctx, struct pump **p)
{
	enum err e = join(c, channel, in, out, NULL, done, ctx, p);

	if (e != E_OK) {
		close(in);
		close(out);
		return e;
	}
	(*p)->outlet.is_stream = true;
	return E_OK;
}
