/* SPDX-License-Identifier: ISC */
/*
 * SOCKS is looked at before it is taken from the socket (MSG_PEEK), so that not a byte of what the
 * caller sends behind it has to be kept here: it stays in the kernel for the pump.
 */
#include "client/caller.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bridge/linger.h"
#include "bridge/pump.h"
#include "client/outbound.h"
#include "client/reach.h"

enum { LOOK_MAX = 512, HOST_TEXT = 300 };

/* --- the end ------------------------------------------------------------------------------------
 */

static void on_handle_closed(uv_handle_t *handle)
{
	struct caller *one = handle->data;

	if (--one->handles == 0)
		free(one);
}

static void stop_polling(struct caller *one)
{
	if (!one->is_polled)
		return;
	one->is_polled = false;
	uv_close((uv_handle_t *)&one->poll, on_handle_closed);
}

/* The channel is not ours any more; with is_closed it is to end as well. */
static void let_channel_go(struct caller *one, bool is_closed)
{
	if (one->conn == NULL)
		return;
	if (is_closed)
		outbound_close(one->conn, one->channel);
	one->conn = NULL;
	locals_count_opening(one->from->locals, -1);
}

/* The socket was given away or closed. */
static void end(struct caller *one)
{
	passage_end(one->passage, NULL);
	list_remove(&one->link);
	stop_polling(one);
	uv_close((uv_handle_t *)&one->timer, on_handle_closed);
}

static void hang_up(struct caller *one)
{
	let_channel_go(one, true);
	stop_polling(one);
	sock_reset(one->fd);
	end(one);
}

void caller_stop(struct caller *one)
{
	hang_up(one);
}

/* --- SOCKS --------------------------------------------------------------------------------------
 */

/* A few bytes into a socket that has got hardly any yet: they fit, or something is wrong with it.
 */
static bool say(const struct caller *one, struct bytes words)
{
	return words.len == 0 || send(one->fd, words.ptr, words.len, MSG_NOSIGNAL | MSG_DONTWAIT) ==
					 (ssize_t)words.len;
}

/* The caller shall get the last words, so no reset here. */
static void turn_away(struct caller *one, enum socks_result result)
{
	let_channel_go(one, true);
	if (!one->from->spec->is_socks || !say(one, socks_answer(&one->socks, result))) {
		hang_up(one);
		return;
	}
	stop_polling(one);
	linger_close(one->from->locals->hub, one->fd);
	end(one);
}

static void open_channel(struct caller *one, const struct outbound_target *to);

static void take_request(struct caller *one, struct bytes seen)
{
	struct outbound_target to = {.host = one->socks.host};
	struct bytes reply;
	size_t used;
	enum socks_verdict v = socks_take(&one->socks, seen, &used, &reply);
	uint8_t taken[LOOK_MAX];

	if (recv(one->fd, taken, used, MSG_DONTWAIT) != (ssize_t)used || !say(one, reply)) {
		hang_up(one);
	} else if (v == SOCKS_TARGET) {
		stop_polling(one);
		to.port = one->socks.port;
		open_channel(one, &to);
	} else if (v == SOCKS_BAD) {
		log_write(LOG_LEVEL_DEBUG1, "%s: a caller spoke no SOCKS that is served here",
			one->from->listen_text);
		stop_polling(one);
		linger_close(one->from->locals->hub, one->fd);
		end(one);
	}
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct caller *one = poll->data;
	uint8_t seen[LOOK_MAX];
	ssize_t n = recv(one->fd, seen, sizeof(seen), MSG_PEEK | MSG_DONTWAIT);

	if (n > 0)
		take_request(one, bytes_of(seen, (size_t)n));
	else if (n == 0 || (errno != EAGAIN && errno != EINTR) || status < 0)
		hang_up(one);
}

static void on_late(uv_timer_t *timer)
{
	struct caller *one = timer->data;

	log_write(LOG_LEVEL_DEBUG1, "%s: a caller was hung up on: %s", one->from->listen_text,
		one->conn != NULL ? "the open was not answered in time"
				  : "it did not say where it wants to go");
	turn_away(one, SOCKS_TTL_EXPIRED);
}

static bool begin_socks(struct caller *one)
{
	socks_init(&one->socks);
	if (uv_poll_init(one->from->locals->hub->loop, &one->poll, one->fd) != 0)
		return false;
	one->poll.data = one;
	one->is_polled = true;
	one->handles++;
	uv_poll_start(&one->poll, UV_READABLE, on_readable);
	uv_timer_start(&one->timer, on_late, CALLER_SOCKS_MS, 0);
	return true;
}

/* --- the channel --------------------------------------------------------------------------------
 */

static void on_pump_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	log_write(LOG_LEVEL_DEBUG1,
		"channel %u: free: local forward, %llu bytes from the caller, %llu to it%s%s",
		pump_channel(p), (unsigned long long)r->to_channel,
		(unsigned long long)r->to_socket, r->text[0] != '\0' ? ": " : "", r->text);
	passage_end(ctx, r);
}

/* Where it went. */
static void say_where(const struct caller *one, char to[static PASSAGE_TEXT])
{
	char host[HOST_TEXT];

	if (!one->from->spec->is_socks) {
		forward_spec_print_target(one->from->spec, to, PASSAGE_TEXT);
		return;
	}
	text_escape(host, sizeof(host), bytes_str(one->socks.host));
	reach_place(host, one->socks.port, to, PASSAGE_TEXT);
}

static void on_opened(struct caller *one)
{
	struct conn *c = one->conn;
	char to[PASSAGE_TEXT];
	struct pump *p;
	enum err e;

	if (one->from->spec->is_socks && !say(one, socks_answer(&one->socks, SOCKS_CONNECTED))) {
		hang_up(one);
		return;
	}
	e = pump_join(c, one->channel, one->fd, NULL, on_pump_done, one->passage, &p);
	if (e == E_OK) {
		say_where(one, to);
		passage_join(one->passage, p, to);
		one->passage = NULL;
	} else {
		log_write(LOG_LEVEL_ERROR, "channel %u: cannot be joined to its caller: %s",
			one->channel, err_text(e));
	}
	let_channel_go(one, e != E_OK);
	end(one);
}

static void on_event(struct sink *sink, const struct mux_event *ev)
{
	struct caller *one = list_entry(sink, struct caller, sink);

	switch (ev->kind) {
	case MUX_OPENED:
		on_opened(one);
		break;
	case MUX_REFUSED:
		outbound_say_refusal(ev);
		let_channel_go(one, false);
		turn_away(one, socks_result_of_open(ev->code, ev->data));
		break;
	case MUX_CLOSED:
		let_channel_go(one, false);
		turn_away(one, SOCKS_FAILED);
		break;
	default: /* a channel that is not open gets nothing else */
		break;
	}
}

static void log_wish(const struct caller *one, const struct outbound_target *to)
{
	char host[HOST_TEXT];

	text_escape(host, sizeof(host), bytes_str(to->path != NULL ? to->path : to->host));
	if (to->path != NULL)
		log_write(LOG_LEVEL_DEBUG1, "Connection to %s forwarding to %s requested.",
			one->from->listen_text, host);
	else
		log_write(LOG_LEVEL_DEBUG1, "Connection to %s forwarding to %s port %u requested.",
			one->from->listen_text, host, to->port);
}

static void open_channel(struct caller *one, const struct outbound_target *to)
{
	struct conn *c = one->from->locals->conn;
	enum err e;

	log_wish(one, to);
	if (c != NULL)
		traffic_narrow(&one->from->traffic, session_mux(conn_session(c)));
	e = outbound_open(c, to, &one->peer, &one->sink, &one->channel);
	if (e != E_OK) {
		log_write(LOG_LEVEL_INFO, "%s: a caller was hung up on: %s", one->from->listen_text,
			e == E_STATE ? "there is no connection" : err_text(e));
		turn_away(one, SOCKS_FAILED);
		return;
	}
	one->conn = c;
	uv_timer_start(&one->timer, on_late, CALLER_OPEN_MS, 0);
	locals_count_opening(one->from->locals, 1);
}

static void describe_peer(const struct sock_addr *peer, char out[static PASSAGE_TEXT])
{
	char host[SOCK_TEXT_MAX];

	if (peer->ss.ss_family == AF_UNIX) {
		snprintf(out, PASSAGE_TEXT, "local");
		return;
	}
	sock_host(peer, host);
	reach_place(host, sock_port(peer), out, PASSAGE_TEXT);
}

void caller_new(struct local *from, int fd, const struct sock_addr *peer)
{
	const struct forward_spec *spec = from->spec;
	struct outbound_target to = outbound_target_of(spec);
	struct caller *one = calloc(1, sizeof(*one));
	char place[PASSAGE_TEXT];

	describe_peer(peer, place);
	if (one != NULL &&
		traffic_limit(&from->traffic, from->locals->hub, spec->rate_bytes) == E_OK)
		one->passage = passage_new(&from->traffic, hub_now(from->locals->hub), place);
	if (one == NULL || one->passage == NULL) {
		free(one);
		sock_reset(fd);
		return;
	}
	one->sink.event = on_event;
	one->from = from;
	one->fd = fd;
	one->peer = *peer;
	uv_timer_init(from->locals->hub->loop, &one->timer);
	one->timer.data = one;
	one->handles = 1;
	list_append(&from->locals->callers, &one->link);
	if (!spec->is_socks)
		open_channel(one, &to);
	else if (!begin_socks(one))
		hang_up(one);
}
