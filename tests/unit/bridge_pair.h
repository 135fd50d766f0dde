/* SPDX-License-Identifier: ISC */
/*
 * Two conns of opposite roles with real keys over a real socket in one loop and one hub, and plain
 * applications at the outer ends of their pumps: visitors at the server's, targets at the client's.
 * Each application sends a known pattern and checks what it gets byte for byte.
 */
#ifndef UNIT_BRIDGE_PAIR_H
#define UNIT_BRIDGE_PAIR_H

#include "bridge/pump.h"
#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "crypto/pk.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"

#include "bridge/conn_impl.h"
#include "harness.h"
#include "seed.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GUARD_MS = 60000, APPS_MAX = 256, PATTERN = 65521, APP_PIECE = 256 * 1024 };

/* --- what stands around ----------------------------------------------------------------------- */

struct peer {
	struct conn *conn; /* NULL when it has ended */
	struct session_config cfg;
	unsigned logins, ends;
	struct fault fault;
};

static struct {
	uv_loop_t loop;
	uv_timer_t guard;
	bool is_late;
	struct hub hub;
	struct peer client, server;
	struct pk *host_key, *user_key;
	uint8_t host_blob[PUBKEY_BLOB_MAX], user_blob[PUBKEY_BLOB_MAX];
	size_t host_len, user_len;
	struct auth_identity identity;
	/* Called for events that are not of the login; may be NULL. */
	void (*on_event)(struct peer *p, struct conn *c, const struct event *ev);
	void (*on_closed)(struct peer *p);
} pair;

static void pair_on_guard(uv_timer_t *t)
{
	pair.is_late = true;
}

/* Runs the loop until cond holds or far too much time has passed. */
#define RUN_UNTIL(cond) \
	do { \
		while (!(cond) && !pair.is_late) \
			uv_run(&pair.loop, UV_RUN_ONCE); \
		REQUIRE(cond); \
	} while (0)

static void loop_begin(void)
{
	memset(&pair, 0, sizeof(pair));
	REQUIRE_EQ(uv_loop_init(&pair.loop), 0);
	uv_timer_init(&pair.loop, &pair.guard);
	uv_timer_start(&pair.guard, pair_on_guard, GUARD_MS, 0);
	uv_unref((uv_handle_t *)&pair.guard);
	REQUIRE_EQ(hub_init(&pair.hub, &pair.loop, 0), E_OK);
}

/* Nothing may be left: no packet memory, no handle. */
static void loop_end(void)
{
	CHECK_EQ(pool_out(pair.hub.env.pool), 0);
	hub_fini(&pair.hub);
	uv_close((uv_handle_t *)&pair.guard, NULL);
	uv_run(&pair.loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&pair.loop), 0);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static void unix_pair(int fds[2])
{
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static void tcp_pair(int fds[2])
{
	struct sock_addr a;
	struct fault f = {0};
	int l;

	REQUIRE(sock_parse("127.0.0.1", 0, &a));
	REQUIRE_EQ(sock_listen(&a, &l, &f), E_OK);
	REQUIRE_EQ(sock_local(l, &a), E_OK);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	REQUIRE_EQ(connect(fds[0], (struct sockaddr *)&a.ss, a.len), 0);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	fds[1] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	REQUIRE(fds[1] >= 0);
	close(l);
}

/* --- login ------------------------------------------------------------------------------------ */

static void pair_sign(struct conn *c, const struct pk *key, const struct event *ev)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len = 0;

	REQUIRE_EQ(pk_sign(key, ev->alg, ev->data, (struct span){sig, sizeof(sig)}, &len), E_OK);
	session_answer_sign(conn_session(c), bytes_of(sig, len), hub_now(conn_hub(c)));
}

static void pair_event(void *ctx, struct conn *c, const struct event *ev)
{
	struct peer *p = ctx;

	switch (ev->kind) {
	case EV_HOSTKEY:
		CHECK_MEM(ev->data.ptr, ev->data.len, pair.host_blob);
		session_answer_hostkey(conn_session(c), VERDICT_GOOD, hub_now(conn_hub(c)));
		break;
	case EV_SIGN_HOST:
		pair_sign(c, pair.host_key, ev);
		break;
	case EV_SIGN_USER:
		pair_sign(c, pair.user_key, ev);
		break;
	case EV_KEY:
		session_answer_key(conn_session(c), true);
		break;
	case EV_LOGIN:
		p->logins++;
		if (pair.on_event != NULL)
			pair.on_event(p, c, ev);
		break;
	default:
		if (pair.on_event != NULL)
			pair.on_event(p, c, ev);
		break;
	}
}

static void pair_closed(void *ctx, struct conn *c, const struct fault *f)
{
	struct peer *p = ctx;

	CHECK(c == p->conn);
	CHECK(conn_ctx(c) == p);
	p->ends++;
	p->fault = *f;
	p->conn = NULL;
	if (pair.on_closed != NULL)
		pair.on_closed(p);
}

static const struct conn_ops pair_ops = {pair_event, pair_closed};

static void pair_config(struct peer *p, bool is_server)
{
	p->cfg = (struct session_config){.is_server = is_server,
		.kex = exchange_default_list(),
		.ciphers = cipher_default_list(),
		.macs = mac_default_list(),
		.host_key_algs = sig_default_list(),
		.sig_algs = sig_default_list(),
		.auth_failures_max = 6};
	if (is_server) {
		p->cfg.hostkeys[0] =
			(struct transport_hostkey){PK_ED25519, {pair.host_blob, pair.host_len}};
		p->cfg.hostkey_count = 1;
	} else {
		pair.identity = (struct auth_identity){PK_ED25519, {pair.user_blob, pair.user_len}};
		p->cfg.user = "inner";
		p->cfg.identities = &pair.identity;
		p->cfg.identity_count = 1;
	}
}

/* Loop, hub, keys, configurations; the test may change these before it starts the conns. */
static void pair_prepare(void)
{
	loop_begin();
	REQUIRE_EQ(pk_generate(&pair.host_key, PK_ED25519, 0), E_OK);
	REQUIRE_EQ(pk_generate(&pair.user_key, PK_ED25519, 0), E_OK);
	REQUIRE_EQ(pubkey_to_blob(pair.host_key, (struct span){pair.host_blob, PUBKEY_BLOB_MAX},
			   &pair.host_len),
		E_OK);
	REQUIRE_EQ(pubkey_to_blob(pair.user_key, (struct span){pair.user_blob, PUBKEY_BLOB_MAX},
			   &pair.user_len),
		E_OK);
	pair_config(&pair.client, false);
	pair_config(&pair.server, true);
}

static void pair_start(const int fds[2])
{
	REQUIRE_EQ(conn_new(&pair.hub, fds[0], &pair.client.cfg, &pair_ops, &pair.client,
			   &pair.client.conn),
		E_OK);
	REQUIRE_EQ(conn_new(&pair.hub, fds[1], &pair.server.cfg, &pair_ops, &pair.server,
			   &pair.server.conn),
		E_OK);
}

static void pair_login(void)
{
	RUN_UNTIL((pair.client.logins > 0 && pair.server.logins > 0) || pair.client.ends > 0 ||
		  pair.server.ends > 0);
	CHECK_EQ(pair.client.logins, 1);
	CHECK_EQ(pair.server.logins, 1);
}

/* All of it over TCP on loopback, logged in. */
static void pair_begin(void)
{
	int fds[2];

	pair_prepare();
	tcp_pair(fds);
	pair_start(fds);
	pair_login();
}

static void pair_end(void)
{
	if (pair.client.conn != NULL)
		conn_close(pair.client.conn, DISCONNECT_BY_APPLICATION, "the test is over");
	RUN_UNTIL(pair.client.conn == NULL && pair.server.conn == NULL);
	CHECK_EQ(pair.client.ends, 1);
	CHECK_EQ(pair.server.ends, 1);
	loop_end();
	pk_free(pair.host_key);
	pk_free(pair.user_key);
}

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

static const uint8_t *app_pattern(void)
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
static const uint8_t *app_bytes(uint32_t seed, uint64_t at)
{
	return app_pattern() + (at + seed * 7919u) % PATTERN;
}

static void app_close(struct app *a)
{
	if (!a->is_begun || a->is_closed)
		return;
	a->is_closed = true;
	uv_close((uv_handle_t *)&a->poll, NULL);
	close(a->fd);
}

static void app_on_poll(uv_poll_t *poll, int status, int events);

static void app_watch(struct app *a)
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

static void app_write(struct app *a)
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

static void app_read(struct app *a)
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

static void app_on_poll(uv_poll_t *poll, int status, int events)
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

static void app_begin(struct app *a, int fd)
{
	a->fd = fd;
	a->is_begun = true;
	REQUIRE_EQ(uv_poll_init(&pair.loop, &a->poll, fd), 0);
	a->poll.data = a;
	if (a->to_send == 0)
		app_write(a); /* only an end to send */
	app_watch(a);
}

static void app_hear(struct app *a)
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

static void tunnel_server_done(void *ctx, struct pump *p, const struct pump_report *r)
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

static void tunnel_client_done(void *ctx, struct pump *p, const struct pump_report *r)
{
	struct tunnel *t = ctx;

	CHECK(p == t->at_client);
	t->at_client = NULL;
	t->ends_client++;
	t->client_end = *r;
	snprintf(t->client_text, sizeof(t->client_text), "%s", r->text);
}

/* The client's answer to an open: the next tunnel's target. */
static void tunnel_on_event(struct peer *p, struct conn *c, const struct event *ev)
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

static void tunnels_begin(unsigned count)
{
	tunnels = calloc(count, sizeof(*tunnels));
	tunnels_opened = 0;
	pair.on_event = tunnel_on_event;
	for (unsigned i = 0; i < count; i++) {
		tunnels[i].visitor.seed = tunnels[i].target.expects = 2 * i;
		tunnels[i].target.seed = tunnels[i].visitor.expects = 2 * i + 1;
	}
}

static void tunnel_open_on(struct tunnel *t, const int visitor[2], const int target[2])
{
	t->target_pump_fd = target[1];
	REQUIRE_EQ(pump_open(pair.server.conn, visitor[1], "forwarded-tcpip", bytes_str("extra"), 0,
			   tunnel_server_done, t, &t->at_server),
		E_OK);
	app_begin(&t->visitor, visitor[0]);
	app_begin(&t->target, target[0]);
}

static void tunnel_open(struct tunnel *t)
{
	int visitor[2], target[2];

	unix_pair(visitor);
	unix_pair(target);
	tunnel_open_on(t, visitor, target);
}

static bool tunnel_is_over(const struct tunnel *t)
{
	return t->ends_server > 0 && t->ends_client > 0;
}

/* All bytes, all ends, in order, once. */
static void tunnel_check_whole(struct tunnel *t)
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

static void tunnels_end(unsigned count)
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
