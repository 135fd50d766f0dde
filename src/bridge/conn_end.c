/* SPDX-License-Identifier: ISC */
/*
 * The end of a connection, which is always first an end of the session: whoever wants it kills that
 * and wakes the conn. Then, outside of any turn: sinks are told, the last words are written, the
 * program is told, and the memory goes when libuv has closed the handles.
 */
#include "bridge/conn_impl.h"

#include <stdlib.h>
#include <unistd.h>
#include "bridge/linger.h"

static void tell_sinks(struct conn *c)
{
	for (uint32_t id = 0; c->mux != NULL && mux_channel_next(c->mux, &id); id++) {
		struct sink *sink = mux_user(c->mux, id);
		struct mux_event ev = {.kind = MUX_CLOSED, .channel = id, .user = sink, .code = 1};

		mux_set_user(c->mux, id, NULL);
		if (sink != NULL)
			sink->event(sink, &ev);
	}
	/* Those whose channel went before. */
	while (!list_is_empty(&c->pumps))
		pump_conn_lost(list_entry(c->pumps.next, struct pump, link));
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *c = handle->data;

	if (--c->handles == 0)
		free(c);
}

/* A peer that was told something shall get it: a reset could take the words away again. */
static bool said_goodbye(const struct conn *c)
{
	return !c->is_broken && c->fault != NULL && c->fault->err != E_CLOSED &&
	       c->fault->code != 0;
}

static void finish(struct conn *c)
{
	c->phase = CONN_OVER;
	list_remove(&c->woken);
	list_remove(&c->waiting);
	uv_close((uv_handle_t *)&c->watch.poll, on_closed);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	if (said_goodbye(c) && session_out_len(c->session) == 0)
		linger_close(c->hub, c->fd);
	else
		close(c->fd);
	c->fd = -1;
	c->ops->closed(c->ctx, c, c->fault);
	session_free(c->session);
	hub_gave_back(c->hub);
	c->session = NULL;
	c->mux = NULL;
}

static void on_flush_over(uv_timer_t *timer)
{
	finish(timer->data);
}

void conn_begin_end(struct conn *c)
{
	struct event ev;

	/* A session that died after its last event of the turn still has one to give. */
	while (session_next(c->session, hub_now(c->hub), &ev))
		if (ev.kind == EV_DEAD)
			c->fault = ev.fault;
	c->phase = CONN_ENDING;
	tell_sinks(c);
	if (c->is_broken || session_out_len(c->session) == 0) {
		finish(c);
		return;
	}
	watch_apply(&c->watch, false, true);
	uv_timer_start(&c->timer, on_flush_over, CONN_FLUSH_MS, 0);
}

void conn_end_turn(struct conn *c)
{
	conn_flush(c);
	if (c->is_broken || session_out_len(c->session) == 0)
		finish(c);
	else
		watch_apply(&c->watch, false, true);
}
