/* SPDX-License-Identifier: ISC */
/*
 * One heap object a knock, until libuv has let go of its handles. The result is told by the timer
 * in any case, so that nobody is called back out of a turn of the connection.
 */
#include "client/knock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "io/dial.h"
#include "wire/msgs.h"

enum { PORT_TEXT = 8 };

struct knock {
	struct sink sink; /* from inside */
	struct conn *conn;
	uint32_t channel;
	bool has_channel;
	struct dial *dial; /* from here */
	uv_poll_t poll;
	int fd; /* -1: none */
	uv_timer_t timer;
	unsigned refs; /* handles not given back by libuv */
	struct knock_patience patience;
	struct knock_result result;
	bool is_told;
	knock_fn done;
	void *ctx;
};

static void on_handle_closed(uv_handle_t *handle)
{
	struct knock *k = handle->data;

	if (--k->refs == 0)
		free(k);
}

void knock_cancel(struct knock *k)
{
	if (k == NULL)
		return;
	dial_cancel(k->dial);
	if (k->has_channel)
		outbound_close(k->conn, k->channel);
	if (k->fd >= 0) {
		uv_close((uv_handle_t *)&k->poll, on_handle_closed);
		close(k->fd);
	}
	uv_close((uv_handle_t *)&k->timer, on_handle_closed);
}

static void on_told(uv_timer_t *timer)
{
	struct knock *k = timer->data;
	struct knock_result result = k->result;
	knock_fn done = k->done;
	void *ctx = k->ctx;

	knock_cancel(k);
	done(ctx, &result);
}

/* All is known. */
static void finish(struct knock *k)
{
	if (k->is_told)
		return;
	k->is_told = true;
	uv_timer_start(&k->timer, on_told, 0, 0);
}

static void fail(struct knock *k, enum knock_end end, const char *text)
{
	if (k->is_told)
		return;
	k->result.end = end;
	snprintf(k->result.text, sizeof(k->result.text), "%s", text);
	finish(k);
}

static void on_words_over(uv_timer_t *timer)
{
	finish(timer->data);
}

static void on_open_over(uv_timer_t *timer)
{
	fail(timer->data, KNOCK_SILENT, "no answer in time");
}

static void let_in(struct knock *k)
{
	k->result.end = KNOCK_OPEN;
	uv_timer_start(&k->timer, on_words_over, k->patience.words_ms, 0);
}

static void hear(struct knock *k, struct bytes data)
{
	greeting_add(&k->result.words, data);
	if (greeting_is_whole(&k->result.words))
		finish(k);
}

static void hang_up(struct knock *k)
{
	k->result.is_over = true;
	finish(k);
}

static struct knock *make(uv_loop_t *loop, struct knock_patience patience, knock_fn done, void *ctx)
{
	struct knock *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->fd = -1;
	k->result.end = KNOCK_SILENT;
	k->patience = patience;
	k->done = done;
	k->ctx = ctx;
	uv_timer_init(loop, &k->timer);
	k->timer.data = k;
	k->refs = 1;
	return k;
}

/* --- from here ----------------------------------------------------------------------------------
 */

static enum knock_end end_of(const struct fault *f)
{
	if (f->err == E_UNKNOWN || f->err == E_LIMIT)
		return KNOCK_UNKNOWN;
	if (f->code == ECONNREFUSED)
		return KNOCK_REFUSED;
	return f->code == ETIMEDOUT ? KNOCK_SILENT : KNOCK_UNREACHABLE;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct knock *k = poll->data;
	uint8_t buf[GREETING_MAX];
	ssize_t n;

	/* What comes behind the first words is nobody's. */
	if (k->is_told) {
		uv_poll_stop(poll);
		return;
	}
	n = recv(k->fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n > 0)
		hear(k, bytes_of(buf, (size_t)n));
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		hang_up(k);
}

static void on_dialled(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	struct knock *k = ctx;

	k->dial = NULL;
	if (fd < 0) {
		fail(k, end_of(f), f->text);
		return;
	}
	if (uv_poll_init(k->timer.loop, &k->poll, fd) != 0) {
		close(fd);
		fail(k, KNOCK_UNREACHABLE, "the connection cannot be watched");
		return;
	}
	k->poll.data = k;
	k->fd = fd;
	k->refs++;
	let_in(k);
	uv_poll_start(&k->poll, UV_READABLE, on_readable);
}

enum err knock_start(uv_loop_t *loop, const char *host, uint16_t port, int family,
	struct knock_patience patience, knock_fn done, void *ctx, struct knock **out)
{
	struct knock *k = make(loop, patience, done, ctx);
	char number[PORT_TEXT];
	struct dial_options o = {
		.host = host, .port = number, .family = family, .timeout_ms = patience.open_ms};
	struct fault f = {0};

	if (k == NULL)
		return E_NOMEM;
	snprintf(number, sizeof(number), "%u", port);
	if (dial_start(loop, &o, on_dialled, k, &k->dial, &f) != E_OK)
		fail(k, end_of(&f), f.text);
	*out = k;
	return E_OK;
}

/* --- from inside --------------------------------------------------------------------------------
 */

static void on_refused(struct knock *k, const struct mux_event *ev)
{
	char text[FAULT_TEXT];

	k->has_channel = false;
	text_escape(text, sizeof(text), ev->data);
	fail(k, ev->code == OPEN_CONNECT_FAILED ? KNOCK_REFUSED : KNOCK_DENIED, text);
}

static void on_data(struct knock *k, const struct mux_event *ev)
{
	struct session *s = conn_session(k->conn);
	struct mux *m = session_mux(s);
	enum err e = E_OK;

	if (ev->code == 0)
		hear(k, ev->data);
	/* Within the first words it is not to stop for want of room; behind them it may. */
	if (m != NULL && !k->is_told)
		e = mux_consumed(m, k->channel, (uint32_t)ev->data.len);
	if (e != E_OK)
		session_fail(s, e, "reading the first words of a service");
}

static void on_channel(struct sink *sink, const struct mux_event *ev)
{
	struct knock *k = (struct knock *)(void *)((char *)sink - offsetof(struct knock, sink));

	switch (ev->kind) {
	case MUX_OPENED:
		let_in(k);
		break;
	case MUX_REFUSED:
		on_refused(k, ev);
		break;
	case MUX_DATA:
		on_data(k, ev);
		break;
	case MUX_EOF:
		hang_up(k);
		break;
	case MUX_CLOSED:
		k->has_channel = false;
		hang_up(k);
		break;
	default:
		break;
	}
}

enum err knock_inside(struct conn *c, const struct outbound_target *to,
	struct knock_patience patience, knock_fn done, void *ctx, struct knock **out)
{
	struct knock *k = make(conn_hub(c)->loop, patience, done, ctx);
	enum err e;

	if (k == NULL)
		return E_NOMEM;
	k->sink.event = on_channel;
	k->conn = c;
	e = outbound_open(c, to, NULL, &k->sink, &k->channel);
	k->has_channel = e == E_OK;
	if (e == E_OK)
		uv_timer_start(&k->timer, on_open_over, patience.open_ms, 0);
	else
		fail(k, KNOCK_UNREACHABLE, err_text(e));
	*out = k;
	return E_OK;
}
