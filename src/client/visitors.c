/* SPDX-License-Identifier: ISC */
#include "client/visitors.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bridge/pump.h"
#include "client/family.h"
#include "forward/tcpip.h"
#include "io/dial.h"
#include "wire/msgs.h"

enum { PORT_TEXT = 8, HOST_TEXT = 128 };

struct visitor {
	struct list link;
	struct conn *conn;
	struct dial *dial;
	const struct forward *forward;
	uint32_t channel;
};

void visitors_init(
	struct visitors *v, const struct forwards *forwards, const struct client_settings *s)
{
	*v = (struct visitors){
		.forwards = forwards,
		.family = family_of(s),
		.dial_ms = s->connect_timeout_ms != 0 ? s->connect_timeout_ms : VISITORS_DIAL_MS,
	};
	list_init(&v->dialling);
}

static void visitor_free(struct visitor *one)
{
	list_remove(&one->link);
	free(one);
}

/* Refuses, or ends the connection when not even that works. */
static void refuse(struct conn *c, uint32_t channel, uint32_t code, const char *text)
{
	struct mux *m = session_mux(conn_session(c));
	enum err e;

	if (m == NULL)
		return;
	e = mux_refuse(m, channel, code, text);
	if (e != E_OK)
		session_fail(conn_session(c), e, "refusing a visitor");
	conn_wake(c);
}

static void on_pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	log_write(LOG_LEVEL_DEBUG1,
		"channel %u: free: forwarded-tcpip, %llu bytes from the target, %llu to it%s%s",
		pump_channel(p), (unsigned long long)r->to_channel,
		(unsigned long long)r->to_socket, r->text[0] != '\0' ? ": " : "", r->text);
}

/* What the visitor's side is told: the errno text, or that there is no such host. */
static const char *refusal_text(const struct fault *f)
{
	return f->code != 0 ? strerror((int)f->code) : f->text;
}

static void on_dialled(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	struct visitor *one = ctx;
	struct conn *c = one->conn;
	const struct forward_spec *spec = one->forward->spec;
	uint32_t channel = one->channel;
	struct pump *pump;
	enum err e;

	visitor_free(one);
	if (session_mux(conn_session(c)) == NULL) { /* its last words are just being said */
		if (fd >= 0)
			close(fd);
		return;
	}
	if (fd < 0) {
		log_write(
			LOG_LEVEL_ERROR, "connect_to %s port %u: failed.", spec->host, spec->port);
		log_write(LOG_LEVEL_DEBUG1, "%s", f->text);
		refuse(c, channel, OPEN_CONNECT_FAILED, refusal_text(f));
		return;
	}
	e = pump_accept(c, channel, fd, on_pump_done, NULL, &pump);
	if (e != E_OK) {
		log_write(LOG_LEVEL_ERROR, "channel %u: cannot be joined to its target: %s",
			channel, err_text(e));
		refuse(c, channel, OPEN_RESOURCE_SHORTAGE, err_text(e));
	}
	conn_wake(c);
}

static void dial_target(
	struct visitors *v, struct conn *c, uint32_t channel, const struct forward *forward)
{
	struct visitor *one = calloc(1, sizeof(*one));
	char port[PORT_TEXT];
	struct dial_options o = {.host = forward->spec->host,
		.port = port,
		.family = v->family,
		.timeout_ms = v->dial_ms};
	struct fault f = {0};
	enum err e;

	if (one == NULL) {
		refuse(c, channel, OPEN_RESOURCE_SHORTAGE, err_text(E_NOMEM));
		return;
	}
	*one = (struct visitor){.conn = c, .forward = forward, .channel = channel};
	snprintf(port, sizeof(port), "%u", forward->spec->port);
	list_append(&v->dialling, &one->link);
	e = dial_start(conn_hub(c)->loop, &o, on_dialled, one, &one->dial, &f);
	if (e == E_OK)
		return;
	log_write(LOG_LEVEL_ERROR, "connect_to %s port %s: failed.", o.host, port);
	refuse(c, channel, OPEN_RESOURCE_SHORTAGE, f.text);
	visitor_free(one);
}

static void on_forwarded(struct visitors *v, struct conn *c, const struct mux_event *ev)
{
	char listen[HOST_TEXT], from[HOST_TEXT];
	const struct forward *forward;
	struct tcpip_open open;

	if (tcpip_read_open(ev->data, &open) != E_OK) {
		session_disconnect(conn_session(c), DISCONNECT_PROTOCOL_ERROR,
			"malformed forwarded-tcpip channel open");
		return;
	}
	text_escape(listen, sizeof(listen), open.host);
	text_escape(from, sizeof(from), open.originator);
	log_write(LOG_LEVEL_DEBUG1,
		"client_request_forwarded_tcpip: listen %s port %u, originator %s port %u", listen,
		open.port, from, open.originator_port);
	forward = forwards_match(v->forwards, open.host, open.port);
	if (forward == NULL) {
		log_write(LOG_LEVEL_ERROR,
			"WARNING: Server requests forwarding for unknown listen_port %u",
			open.port);
		refuse(c, ev->channel, OPEN_ADMINISTRATIVELY_PROHIBITED,
			"this port was not asked for");
		return;
	}
	dial_target(v, c, ev->channel, forward);
}

void visitors_on_open(struct visitors *v, struct conn *c, const struct mux_event *ev)
{
	char type[HOST_TEXT];

	if (bytes_is(ev->name, "forwarded-tcpip")) {
		on_forwarded(v, c, ev);
		return;
	}
	log_write(LOG_LEVEL_DEBUG1, "refused a channel of type %s",
		text_escape(type, sizeof(type), ev->name));
	refuse(c, ev->channel, OPEN_UNKNOWN_CHANNEL_TYPE, "only forwarded ports are served here");
}

void visitors_stop(struct visitors *v)
{
	while (!list_is_empty(&v->dialling)) {
		struct visitor *one = list_entry(v->dialling.next, struct visitor, link);

		dial_cancel(one->dial);
		visitor_free(one);
	}
}
