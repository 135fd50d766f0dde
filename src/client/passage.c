/* SPDX-License-Identifier: ISC */
#include "client/passage.h"

#include <stdlib.h>

#include "bridge/inner.h"
#include "client/outbound.h"
#include "wire/msgs.h"

enum { DRAIN_MS = 1000 }; /* for last words, and the jump host's answer to their end */

struct passage {
	struct sink sink;  /* of the channel until a pump has it */
	struct conn *over; /* NULL: no channel */
	struct pump *pump; /* NULL: not joined yet, or not any more */
	uint32_t channel;
	uv_timer_t timer;
	dial_fn done;
	void (*drained)(void *ctx);
	void *ctx;
};

static void on_pump_done(void *ctx, struct pump *pump, const struct pump_report *r)
{
	struct passage *p = ctx;
	void (*drained)(void *ctx) = p->drained;

	p->pump = NULL;
	p->drained = NULL;
	uv_timer_stop(&p->timer);
	if (drained != NULL)
		drained(p->ctx);
}

static void fail(struct passage *p, enum err e, const char *text)
{
	struct fault f = {0};

	uv_timer_stop(&p->timer);
	fault_set(&f, e, 0, "%s", text);
	p->done(p->ctx, -1, NULL, &f);
}

static void drop_channel(struct passage *p)
{
	if (p->over != NULL)
		outbound_close(p->over, p->channel);
	p->over = NULL;
}

static void on_late(uv_timer_t *timer)
{
	struct passage *p = timer->data;

	drop_channel(p);
	fail(p, E_TIMEOUT, "the jump host did not answer in time");
}

static void on_opened(struct passage *p)
{
	struct sock_addr peer = {.ss.ss_family = AF_UNIX};
	enum err e;
	int fd;

	uv_timer_stop(&p->timer);
	e = inner_join(p->over, p->channel, on_pump_done, p, &p->pump, &fd);
	if (e != E_OK) {
		p->pump = NULL;
		drop_channel(p);
		fail(p, e, err_text(e));
		return;
	}
	p->over = NULL;
	p->done(p->ctx, fd, &peer, NULL);
}

static void on_event(struct sink *sink, const struct mux_event *ev)
{
	struct passage *p = list_entry(sink, struct passage, sink);
	char text[FAULT_TEXT];

	switch (ev->kind) {
	case MUX_OPENED:
		on_opened(p);
		break;
	case MUX_REFUSED:
		p->over = NULL;
		fail(p, ev->code == OPEN_ADMINISTRATIVELY_PROHIBITED ? E_DENIED : E_SYS,
			outbound_refusal(ev, text));
		break;
	case MUX_CLOSED:
		p->over = NULL;
		uv_timer_stop(&p->timer);
		/* With code 1 the jump host is lost, which says more, and is told by itself. */
		if (ev->code == 0)
			fail(p, E_CLOSED, "the jump host closed the channel");
		break;
	default: /* a channel that is not open gets nothing else */
		break;
	}
}

enum err passage_start(struct conn *over, const char *host, uint16_t port, uint64_t timeout_ms,
	dial_fn done, void *ctx, struct passage **out, struct fault *f)
{
	struct outbound_target to = {.host = host, .port = port};
	struct passage *p = calloc(1, sizeof(*p));
	enum err e;

	if (p == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	*p = (struct passage){.sink = {on_event}, .over = over, .done = done, .ctx = ctx};
	e = outbound_open(over, &to, NULL, &p->sink, &p->channel);
	if (e != E_OK) {
		free(p);
		return fault_set(f, e, 0, "no channel can be opened: %s", err_text(e));
	}
	uv_timer_init(conn_hub(over)->loop, &p->timer);
	p->timer.data = p;
	if (timeout_ms != 0)
		uv_timer_start(&p->timer, on_late, timeout_ms, 0);
	*out = p;
	return E_OK;
}

static void on_drain_over(uv_timer_t *timer)
{
	struct passage *p = timer->data;

	pump_stop(p->pump);
}

bool passage_drain(struct passage *p, void (*drained)(void *ctx))
{
	if (p->pump == NULL)
		return false;
	p->drained = drained;
	uv_timer_start(&p->timer, on_drain_over, DRAIN_MS, 0);
	return true;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void passage_free(struct passage *p)
{
	if (p == NULL)
		return;
	p->drained = NULL;
	if (p->pump != NULL)
		pump_stop(p->pump);
	drop_channel(p);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}
