/* SPDX-License-Identifier: ISC */
/*
 * Plain applications at the outer ends of the pumps of a pair: visitors at the server's, targets at
 * the client's. Each sends a known pattern and checks what it gets byte for byte.
 */
#ifndef UNIT_BRIDGE_TUNNEL_H
#define UNIT_BRIDGE_TUNNEL_H

#include "bridge_pair.h"
#include "seed.h"

enum { PATTERN = 65521, APP_PIECE = 256 * 1024 };

/* --- applications ----------------------------------------------------------------------------- */

struct app {
	int fd;
	uv_poll_t poll;
	bool is_begun, is_closed;
	uint32_t seed;	  /* of the pattern it sends */
	uint32_t expects; /* of the pattern it gets */
	uint64_t to_send, sent, got;
	bool shuts_after_sending; /* ends its direction */
	bool closes_after_eof;	  /* once it has got the end and sent all */
	bool is_deaf;		  /* does not read */
	bool got_eof, has_shut;
	bool has_bad_byte;
	int failure; /* errno of a read or write */
};

static inline const uint8_t *app_pattern(void)
{
	static uint8_t *table;
	struct seed s;

	if (table == NULL) {
		table = malloc(2 * PATTERN + APP_PIECE);
		seed_init(&s, 4711);
		seed_fill(&s, table, PATTERN);
		for (size_t at = PATTERN; at < 2 * PATTERN + APP_PIECE; at++)
			table[at] = table[at - PATTERN];
	}
	return table;
}

/* APP_PIECE bytes of the stream of a seed, from at on. */
static inline const uint8_t *app_bytes(uint32_t seed, uint64_t at)
{
	return app_pattern() + (at + seed * 7919u) % PATTERN;
}

static inline void app_close(struct app *a)
{
	if (!a->is_begun || a->is_closed)
		return;
	a->is_closed = true;
	uv_close((uv_handle_t *)&a->poll, NULL);
	close(a->fd);
}

static inline void app_on_poll(uv_poll_t *poll, int status, int events);

static inline void app_watch(struct app *a)
{
	int want = 0;

	if (a->is_closed)
		return;
	if (!a->is_deaf && !a->got_eof && a->failure == 0)
		want |= UV_READABLE;
	if (a->sent < a->to_send && a->failure == 0)
		want |= UV_WRITABLE;
	if (want != 0)
		uv_poll_start(&a->poll, want, app_on_poll);
	else
		uv_poll_stop(&a->poll);
}

/* Both ends send, end, and close when the other has ended. */
static inline void app_sends(struct app *a, uint64_t bytes)
{
	a->to_send = bytes;
	a->shuts_after_sending = true;
	a->closes_after_eof = true;
}

static inline void app_write(struct app *a)
{
	while (a->sent < a->to_send) {
		uint64_t left = a->to_send - a->sent;
		size_t len = left < APP_PIECE ? (size_t)left : APP_PIECE;
		ssize_t n = send(a->fd, app_bytes(a->seed, a->sent), len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			a->failure = errno;
		if (n < 0)
			return;
		a->sent += (uint64_t)n;
	}
	if (a->shuts_after_sending && !a->has_shut) {
		a->has_shut = true;
		shutdown(a->fd, SHUT_WR);
	}
}

static inline void app_read(struct app *a)
{
	static uint8_t mem[APP_PIECE];
	ssize_t n;

	for (;;) {
		n = read(a->fd, mem, sizeof(mem));
		if (n <= 0)
			break;
		if (memcmp(mem, app_bytes(a->expects, a->got), (size_t)n) != 0)
			a->has_bad_byte = true;
		a->got += (uint64_t)n;
	}
	if (n == 0)
		a->got_eof = true;
	else if (errno != EAGAIN)
		a->failure = errno;
}

static inline void app_on_poll(uv_poll_t *poll, int status, int events)
{
	struct app *a = poll->data;

	if (!a->is_deaf && !a->got_eof)
		app_read(a);
	if (a->failure == 0)
		app_write(a);
	if (a->closes_after_eof && a->got_eof && a->sent == a->to_send)
		app_close(a);
	app_watch(a);
}

static inline void app_begin(struct app *a, int fd)
{
	a->fd = fd;
	a->is_begun = true;
	REQUIRE_EQ(uv_poll_init(&pair.loop, &a->poll, fd), 0);
	a->poll.data = a;
	if (a->to_send == 0)
		app_write(a); /* only an end to send */
	app_watch(a);
}

static inline void app_hear(struct app *a)
{
	a->is_deaf = false;
	app_watch(a);
}

/* --- tunnels: visitor - server's pump - client's pump - target -------------------------------- */

struct tunnel {
	struct app visitor, target;
	struct pump *at_server, *at_client; /* NULL when ended */
	unsigned ends_server, ends_client;
	struct pump_report server_end, client_end;
	char server_text[FAULT_TEXT], client_text[FAULT_TEXT];
	void (*on_server_end)(struct tunnel *t);
	int target_pump_fd;
};

static struct tunnel *tunnels;
static unsigned tunnels_opened; /* by the client, in the order of the server's opens */

static inline void tunnel_server_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct tunnel *t = ctx;

	CHECK(t->at_server == NULL || p == t->at_server);
	t->at_server = NULL;
	t->ends_server++;
	t->server_end = *r;
	snprintf(t->server_text, sizeof(t->server_text), "%s", r->text);
	if (t->on_server_end != NULL)
		t->on_server_end(t);
}

static inline void tunnel_client_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct tunnel *t = ctx;

	CHECK(p == t->at_client);
	t->at_client = NULL;
	t->ends_client++;
	t->client_end = *r;
	snprintf(t->client_text, sizeof(t->client_text), "%s", r->text);
}

/* The client's answer to an open: the next tunnel's target. */
static inline void tunnel_on_event(struct peer *p, struct conn *c, const struct event *ev)
{
	struct tunnel *t;

	if (ev->kind != EV_MUX || ev->mux.kind != MUX_OPEN)
		return;
	CHECK(p == &pair.client);
	t = &tunnels[tunnels_opened++];
	CHECK_EQ(pump_accept(c, ev->mux.channel, t->target_pump_fd, tunnel_client_done, t,
			 &t->at_client),
		E_OK);
}

static inline void tunnels_begin(unsigned count)
{
	tunnels = calloc(count, sizeof(*tunnels));
	tunnels_opened = 0;
	pair.on_event = tunnel_on_event;
	for (unsigned i = 0; i < count; i++) {
		tunnels[i].visitor.seed = tunnels[i].target.expects = 2 * i;
		tunnels[i].target.seed = tunnels[i].visitor.expects = 2 * i + 1;
	}
}

static inline void tunnel_open_on(struct tunnel *t, const int visitor[2], const int target[2])
{
	t->target_pump_fd = target[1];
	REQUIRE_EQ(pump_open(pair.server.conn, visitor[1], "forwarded-tcpip", bytes_str("extra"), 0,
			   tunnel_server_done, t, &t->at_server),
		E_OK);
	app_begin(&t->visitor, visitor[0]);
	app_begin(&t->target, target[0]);
}

static inline void tunnel_open(struct tunnel *t)
{
	int visitor[2], target[2];

	unix_pair(visitor);
	unix_pair(target);
	tunnel_open_on(t, visitor, target);
}

static inline bool tunnel_is_over(const struct tunnel *t)
{
	return t->ends_server > 0 && t->ends_client > 0;
}

/* All bytes, all ends, in order, once. */
static inline void tunnel_check_whole(struct tunnel *t)
{
	CHECK_EQ(t->visitor.got, t->target.to_send);
	CHECK_EQ(t->target.got, t->visitor.to_send);
	CHECK(!t->visitor.has_bad_byte);
	CHECK(!t->target.has_bad_byte);
	CHECK_EQ(t->visitor.failure, 0);
	CHECK_EQ(t->target.failure, 0);
	CHECK_EQ(t->ends_server, 1);
	CHECK_EQ(t->ends_client, 1);
	CHECK_EQ(t->server_end.end, PUMP_DONE);
	CHECK_EQ(t->client_end.end, PUMP_DONE);
	CHECK_EQ(t->server_end.to_channel, t->visitor.to_send);
	CHECK_EQ(t->server_end.to_socket, t->target.to_send);
	CHECK_EQ(t->client_end.to_channel, t->target.to_send);
	CHECK_EQ(t->client_end.to_socket, t->visitor.to_send);
}

static inline void tunnels_end(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		app_close(&tunnels[i].visitor);
		app_close(&tunnels[i].target);
	}
	pair_end();
	free(tunnels);
	tunnels = NULL;
}

#endif
