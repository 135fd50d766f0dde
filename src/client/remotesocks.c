/* SPDX-License-Identifier: ISC */
/*
 * What a visitor sends behind its request is kept until its target is there. The relay gets no
 * credit for it meanwhile, so it is never more than the channel's window.
 */
#include "client/remotesocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/chunkq.h"
#include "base/log.h"
#include "base/text.h"
#include "bridge/pump.h"
#include "client/family.h"
#include "client/outbound.h"
#include "client/reach.h"
#include "forward/socks.h"
#include "io/dial.h"

enum { PORT_TEXT = 8, HOST_TEXT = 300 };

struct guest {
	struct sink sink;
	struct list link;
	struct remotesocks *owner;
	struct conn *conn; /* NULL: the channel is gone, or not ours any more */
	uint32_t channel;
	struct socks socks;
	bool has_target;
	struct dial *dial; /* NULL: none */
	struct chunkq early;
	uv_timer_t timer;
	struct passage *passage; /* NULL: the pump has it */
};

static void on_timer_closed(uv_handle_t *handle)
{
	free(list_entry(handle, struct guest, timer));
}

static void drop(struct guest *g)
{
	dial_cancel(g->dial);
	g->dial = NULL;
	g->conn = NULL;
	passage_end(g->passage, NULL);
	chunkq_fini(&g->early);
	list_remove(&g->link);
	uv_close((uv_handle_t *)&g->timer, on_timer_closed);
}

static void hang_up(struct guest *g)
{
	if (g->conn != NULL)
		outbound_close(g->conn, g->channel);
	drop(g);
}

/* False: it did not fit, which a visitor that reads its answers does not bring about. */
static bool say(struct guest *g, struct bytes words)
{
	struct mux *m = session_mux(conn_session(g->conn));
	bool is_said = words.len == 0 || (m != NULL && mux_write(m, g->channel, 0, words) == E_OK);

	conn_wake(g->conn);
	return is_said;
}

static void turn_away(struct guest *g, enum socks_result result, const char *why)
{
	char host[HOST_TEXT];

	text_escape(host, sizeof(host), bytes_str(g->socks.host));
	log_write(LOG_LEVEL_VERBOSE, "SOCKS visitor %s to %s port %u was turned away: %s",
		g->passage->from, host, g->socks.port, why);
	(void)say(g, socks_answer(&g->socks, result));
	hang_up(g);
}

/* --- the target ---------------------------------------------------------------------------------
 */

static void on_pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	log_write(LOG_LEVEL_DEBUG1,
		"channel %u: free: remote SOCKS, %llu bytes from the target, %llu to it%s%s",
		pump_channel(p), (unsigned long long)r->to_channel,
		(unsigned long long)r->to_socket, r->text[0] != '\0' ? ": " : "", r->text);
	passage_end(ctx, r);
}

static void on_dialled(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	struct guest *g = ctx;
	char host[HOST_TEXT], to[PASSAGE_TEXT];
	struct pump *p;
	enum err e;

	g->dial = NULL;
	if (fd < 0) {
		turn_away(g, socks_result_of_errno((int)f->code), f->text);
		return;
	}
	if (!say(g, socks_answer(&g->socks, SOCKS_CONNECTED))) {
		close(fd);
		hang_up(g);
		return;
	}
	e = pump_join(g->conn, g->channel, fd, &g->early, on_pump_done, g->passage, &p);
	if (e == E_OK) {
		conn_wake(g->conn);
		text_escape(host, sizeof(host), bytes_str(g->socks.host));
		reach_place(host, g->socks.port, to, sizeof(to));
		passage_join(g->passage, p, to);
		g->passage = NULL;
		drop(g);
		return;
	}
	log_write(LOG_LEVEL_ERROR, "channel %u: cannot be joined to its target: %s", g->channel,
		err_text(e));
	hang_up(g);
}

static bool is_permitted(const struct guest *g)
{
	const struct client_settings *s = g->owner->settings;
	bool is_permitted = !s->remote_opens_are_limited;

	for (size_t i = 0; i < s->remote_open_count; i++)
		is_permitted |=
			permit_open_allows(&s->remote_opens[i], g->socks.host, g->socks.port);
	return is_permitted;
}

static void connect_target(struct guest *g)
{
	char port[PORT_TEXT];
	struct dial_options o = {.host = g->socks.host,
		.port = port,
		.family = family_of(g->owner->settings),
		.timeout_ms = g->owner->dial_ms};
	struct fault f = {0};

	g->has_target = true;
	uv_timer_stop(&g->timer);
	if (!is_permitted(g)) {
		turn_away(g, SOCKS_NOT_ALLOWED, "PermitRemoteOpen does not name it");
		return;
	}
	snprintf(port, sizeof(port), "%u", g->socks.port);
	if (dial_start(conn_hub(g->conn)->loop, &o, on_dialled, g, &g->dial, &f) != E_OK) {
		g->dial = NULL;
		turn_away(g, SOCKS_FAILED, f.text);
	}
}

/* --- events of the channel ----------------------------------------------------------------------
 */

static void keep(struct guest *g, struct bytes data)
{
	enum err e = chunkq_append(&g->early, data);

	if (e != E_OK)
		turn_away(g, SOCKS_FAILED, err_text(e));
}

static void on_data(struct guest *g, struct bytes data)
{
	struct mux *m = session_mux(conn_session(g->conn));
	struct bytes reply;
	size_t used;
	enum socks_verdict v;

	if (g->has_target) {
		keep(g, data);
		return;
	}
	v = socks_take(&g->socks, data, &used, &reply);
	if (m == NULL || mux_consumed(m, g->channel, (uint32_t)used) != E_OK || !say(g, reply)) {
		hang_up(g);
	} else if (v == SOCKS_BAD) {
		log_write(LOG_LEVEL_VERBOSE, "SOCKS visitor %s spoke no SOCKS that is served here",
			g->passage->from);
		hang_up(g);
	} else if (v == SOCKS_TARGET) {
		if (data.len > used && chunkq_append(&g->early,
					       bytes_of(data.ptr + used, data.len - used)) != E_OK)
			turn_away(g, SOCKS_FAILED, err_text(E_NOMEM));
		else
			connect_target(g);
	}
}

static void refuse_request(struct guest *g, const struct mux_event *ev)
{
	struct mux *m = session_mux(conn_session(g->conn));

	if (ev->want_reply && (m == NULL || mux_request_reply(m, g->channel, false) != E_OK))
		hang_up(g);
}

static void on_event(struct sink *sink, const struct mux_event *ev)
{
	struct guest *g = list_entry(sink, struct guest, sink);

	switch (ev->kind) {
	case MUX_DATA:
		if (ev->code == 0)
			on_data(g, ev->data);
		else
			hang_up(g); /* no server sends extended data here */
		break;
	case MUX_EOF:
		if (!g->has_target)
			hang_up(g);
		break;
	case MUX_REQUEST:
		refuse_request(g, ev);
		break;
	case MUX_CLOSED:
		drop(g);
		break;
	default:
		break;
	}
}

static void on_late(uv_timer_t *timer)
{
	struct guest *g = list_entry(timer, struct guest, timer);

	log_write(LOG_LEVEL_VERBOSE, "SOCKS visitor %s did not say where it wants to go",
		g->passage->from);
	hang_up(g);
}

/* --- life ---------------------------------------------------------------------------------------
 */

void remotesocks_init(struct remotesocks *r, const struct client_settings *s, uint64_t dial_ms)
{
	*r = (struct remotesocks){.settings = s, .dial_ms = dial_ms};
	list_init(&r->visitors);
}

bool remotesocks_accept(
	struct remotesocks *r, struct conn *c, uint32_t channel, struct passage *passage)
{
	struct mux *m = session_mux(conn_session(c));
	struct guest *g = m != NULL ? calloc(1, sizeof(*g)) : NULL;
	struct mux_channel_info info;

	if (g == NULL)
		return false;
	g->sink.event = on_event;
	traffic_narrow(passage->traffic, m);
	if (mux_accept(m, channel, &g->sink) != E_OK || !mux_channel_info(m, channel, &info)) {
		free(g);
		return false;
	}
	g->owner = r;
	g->conn = c;
	g->channel = channel;
	g->passage = passage;
	socks_init(&g->socks);
	chunkq_init(&g->early, conn_hub(c)->env.pool, info.recv_max);
	uv_timer_init(conn_hub(c)->loop, &g->timer);
	uv_timer_start(&g->timer, on_late, REMOTESOCKS_SAY_MS, 0);
	list_append(&r->visitors, &g->link);
	conn_wake(c);
	return true;
}

void remotesocks_stop(struct remotesocks *r)
{
	while (!list_is_empty(&r->visitors))
		drop(list_entry(r->visitors.next, struct guest, link));
}
