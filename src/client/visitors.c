/* SPDX-License-Identifier: ISC */
#include "client/visitors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bridge/pump.h"
#include "client/family.h"
#include "client/reach.h"
#include "forward/proxyproto.h"
#include "forward/streamlocal.h"
#include "forward/tcpip.h"
#include "io/unixsock.h"
#include "wire/msgs.h"

enum { HOST_TEXT = 128, PLACE_TEXT = FORWARD_HOST_MAX + 16 };

struct visitor {
	struct list link; /* while it waits for its target */
	struct conn *conn;
	struct way *way;
	const struct forward *forward;
	uint32_t channel;
	struct passage *passage;
	char to[PLACE_TEXT]; /* the target it was joined to */
	size_t header_len;
	uint8_t header[PROXYPROTO_MAX]; /* what its target hears first */
};

static void visitor_free(struct visitor *one, const struct pump_report *report)
{
	passage_end(one->passage, report);
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

/* Whom nobody serves, for whatever reason. */
static void turn_away(struct visitor *one, uint32_t code, const char *text)
{
	char where[HOST_TEXT];

	forwards_name(one->forward, where, sizeof(where));
	log_write(LOG_LEVEL_VERBOSE, "Visitor %s of %s was turned away: %s", one->passage->from,
		where, text);
	refuse(one->conn, one->channel, code, text);
	visitor_free(one, NULL);
}

/* --- joined -------------------------------------------------------------------------------------
 */

static void on_pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct visitor *one = ctx;
	uint64_t ms = hub_now(conn_hub(one->conn)) - one->passage->since_ms;
	char where[HOST_TEXT];

	forwards_name(one->forward, where, sizeof(where));
	log_write(LOG_LEVEL_VERBOSE,
		"Visitor %s of %s was at %s: %llu bytes to the target, %llu from it, %.1f "
		"s%s%s%s",
		one->passage->from, where, one->to, (unsigned long long)r->to_socket,
		(unsigned long long)r->to_channel, (double)ms / 1000,
		r->end == PUMP_CONN_LOST ? "; the connection to the relay was lost" : "",
		r->text[0] != '\0' ? "; " : "", r->text);
	visitor_free(one, r);
}

/* A socket that is just connected takes as little as this whole. */
static bool write_header(const struct visitor *one, int fd)
{
	ssize_t n = one->header_len > 0 ? write(fd, one->header, one->header_len) : 0;

	if (n >= 0 && (size_t)n < one->header_len)
		errno = ENOBUFS;
	return n >= 0 && (size_t)n == one->header_len;
}

static void join(struct visitor *one, int fd)
{
	struct pump *pump;
	enum err e;

	if (!write_header(one, fd)) {
		int code = errno;

		close(fd);
		turn_away(one, OPEN_CONNECT_FAILED, strerror(code));
		return;
	}
	traffic_narrow(&one->forward->traffic, session_mux(conn_session(one->conn)));
	e = pump_accept(one->conn, one->channel, fd, on_pump_done, one, &pump);
	conn_wake(one->conn);
	if (e == E_OK) {
		passage_join(one->passage, pump, one->to);
		return;
	}
	log_write(LOG_LEVEL_ERROR, "channel %u: cannot be joined to its target: %s", one->channel,
		err_text(e));
	turn_away(one, OPEN_RESOURCE_SHORTAGE, err_text(e));
}

/* --- on the way ---------------------------------------------------------------------------------
 */

/* What the visitor's side is told: the errno text, or that there is no such host. */
static const char *refusal_text(const struct fault *f)
{
	return f->code != 0 ? strerror((int)f->code) : f->text;
}

static void on_connected(void *ctx, int fd, const char *place, const struct fault *f)
{
	struct visitor *one = ctx;

	list_remove(&one->link);
	one->way = NULL;
	if (session_mux(conn_session(one->conn)) == NULL) { /* its last words are just being said */
		if (fd >= 0)
			close(fd);
		visitor_free(one, NULL);
		return;
	}
	if (fd < 0) {
		turn_away(one, OPEN_CONNECT_FAILED, refusal_text(f));
		return;
	}
	snprintf(one->to, sizeof(one->to), "%s", place);
	join(one, fd);
}

/* Where the visitor came in is the address asked for; where that is a word, the relay's own is as
 * near as we get. */
static void make_header(struct visitor *one, const struct tcpip_open *open)
{
	const struct sock_addr *relay = conn_peer(one->conn);
	char host[SOCK_TEXT_MAX];
	struct sock_addr numeric;
	struct proxyproto_ends ends = {
		open->originator, open->host, open->originator_port, open->port};
	bool is_address = bytes_to_cstr(open->host, host, sizeof(host)) &&
			  sock_parse(host, 0, &numeric) && strcmp(host, "0.0.0.0") != 0 &&
			  strcmp(host, "::") != 0;

	if (!is_address) {
		sock_host(relay, host);
		ends.to = bytes_str(host);
	}
	one->header_len = proxyproto_write(one->forward->spec->proxy, &ends, one->header);
}

/* To a Unix socket of this machine there is no way that takes time. */
static void connect_path(struct visitor *one)
{
	const char *path = one->forward->spec->path;
	struct fault f = {0};
	int fd;

	list_remove(&one->link);
	if (unixsock_connect(path, &fd, &f) != E_OK) {
		log_write(LOG_LEVEL_ERROR, "connect_to %s: failed.", path);
		turn_away(one, OPEN_CONNECT_FAILED, refusal_text(&f));
		return;
	}
	snprintf(one->to, sizeof(one->to), "%s", path);
	join(one, fd);
}

/* A SOCKS visitor says on its channel where it wants to go. */
static void accept_socks(struct visitor *one, struct visitors *v)
{
	if (!remotesocks_accept(&v->socks, one->conn, one->channel, one->passage)) {
		turn_away(one, OPEN_RESOURCE_SHORTAGE, err_text(E_NOMEM));
		return;
	}
	one->passage = NULL;
	visitor_free(one, NULL);
}

static void begin(struct visitors *v, struct conn *c, uint32_t channel, struct forward *forward,
	const struct tcpip_open *open)
{
	struct visitor *one = calloc(1, sizeof(*one));
	char from[HOST_TEXT], place[PASSAGE_TEXT];
	struct fault f = {0};

	text_escape(from, sizeof(from), open->originator);
	reach_place(from, open->originator_port, place, sizeof(place));
	if (one != NULL &&
		traffic_limit(&forward->traffic, conn_hub(c), forward->spec->rate_bytes) == E_OK)
		one->passage = passage_new(&forward->traffic, hub_now(conn_hub(c)), place);
	if (one == NULL || one->passage == NULL) {
		free(one);
		refuse(c, channel, OPEN_RESOURCE_SHORTAGE, err_text(E_NOMEM));
		return;
	}
	one->conn = c;
	one->forward = forward;
	one->channel = channel;
	list_append(&v->dialling, &one->link);
	if (forward->spec->is_socks) {
		accept_socks(one, v);
		return;
	}
	make_header(one, open);
	if (forward->spec->path[0] != '\0')
		connect_path(one);
	else if (targets_connect(&v->targets, forward, on_connected, one, &one->way, &f) != E_OK)
		turn_away(one, OPEN_RESOURCE_SHORTAGE, f.text);
}

static void on_forwarded(struct visitors *v, struct conn *c, const struct mux_event *ev)
{
	char listen[HOST_TEXT], from[HOST_TEXT];
	struct forward *forward;
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
	begin(v, c, ev->channel, forward, &open);
}

/* Whoever comes by a Unix socket has no address; what the PROXY protocol says of such is its own
 * affair. */
static void on_forwarded_path(struct visitors *v, struct conn *c, const struct mux_event *ev)
{
	struct tcpip_open open = {.host = bytes_str(""), .originator = bytes_str("local")};
	struct forward *forward;
	char text[HOST_TEXT];
	struct bytes path;

	if (streamlocal_read_forwarded(ev->data, &path) != E_OK) {
		session_disconnect(conn_session(c), DISCONNECT_PROTOCOL_ERROR,
			"malformed forwarded-streamlocal channel open");
		return;
	}
	log_write(LOG_LEVEL_DEBUG1, "client_request_forwarded_streamlocal: request: %s",
		text_escape(text, sizeof(text), path));
	forward = forwards_match_path(v->forwards, path);
	if (forward == NULL) {
		log_write(LOG_LEVEL_ERROR,
			"WARNING: Server requests forwarding for unknown path %s", text);
		refuse(c, ev->channel, OPEN_ADMINISTRATIVELY_PROHIBITED,
			"this path was not asked for");
		return;
	}
	begin(v, c, ev->channel, forward, &open);
}

void visitors_on_open(struct visitors *v, struct conn *c, const struct mux_event *ev)
{
	char type[HOST_TEXT];

	if (bytes_is(ev->name, "forwarded-tcpip")) {
		on_forwarded(v, c, ev);
		return;
	}
	if (bytes_is(ev->name, "forwarded-streamlocal@openssh.com")) {
		on_forwarded_path(v, c, ev);
		return;
	}
	log_write(LOG_LEVEL_DEBUG1, "refused a channel of type %s",
		text_escape(type, sizeof(type), ev->name));
	refuse(c, ev->channel, OPEN_UNKNOWN_CHANNEL_TYPE, "only forwarded ports are served here");
}

/* --- life ---------------------------------------------------------------------------------------
 */

void visitors_init(struct visitors *v, uv_loop_t *loop, struct forwards *forwards,
	const struct client_settings *s)
{
	uint64_t ms = s->target_timeout_ms != 0 ? s->target_timeout_ms : s->connect_timeout_ms;

	*v = (struct visitors){.forwards = forwards};
	ms = ms != 0 ? ms : VISITORS_DIAL_MS;
	targets_init(&v->targets, loop, family_of(s), ms);
	remotesocks_init(&v->socks, s, ms);
	list_init(&v->dialling);
}

void visitors_forget(struct visitors *v, const struct forward *one)
{
	targets_forget(&v->targets, one);
}

void visitors_stop(struct visitors *v)
{
	while (!list_is_empty(&v->dialling)) {
		struct visitor *one = list_entry(v->dialling.next, struct visitor, link);

		targets_cancel(one->way);
		visitor_free(one, NULL);
	}
	remotesocks_stop(&v->socks);
}

void visitors_close(struct visitors *v)
{
	targets_close(&v->targets);
}
