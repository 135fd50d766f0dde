/* SPDX-License-Identifier: ISC */
/*
 * Two conns of opposite roles with real keys over a real socket, in one loop and one hub.
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

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GUARD_MS = 60000 };

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

static inline void pair_on_guard(uv_timer_t *t)
{
	pair.is_late = true;
}

/* One round of the loop. A loop with nothing left to wait for would never come to its timers. */
static inline void pair_round(void)
{
	if (uv_run(&pair.loop, UV_RUN_ONCE) == 0)
		pair.is_late = true;
}

/* Runs the loop until cond holds, far too much time has passed, or nothing can happen any more. */
#define RUN_UNTIL(cond) \
	do { \
		while (!(cond) && !pair.is_late) \
			pair_round(); \
		REQUIRE(cond); \
	} while (0)

static inline void loop_begin(void)
{
	memset(&pair, 0, sizeof(pair));
	REQUIRE_EQ(uv_loop_init(&pair.loop), 0);
	uv_timer_init(&pair.loop, &pair.guard);
	uv_timer_start(&pair.guard, pair_on_guard, GUARD_MS, 0);
	uv_unref((uv_handle_t *)&pair.guard);
	REQUIRE_EQ(hub_init(&pair.hub, &pair.loop, 0), E_OK);
}

/* Nothing may be left: no packet memory, no handle. */
static inline void loop_end(void)
{
	CHECK_EQ(pool_out(pair.hub.env.pool), 0);
	hub_fini(&pair.hub);
	uv_close((uv_handle_t *)&pair.guard, NULL);
	uv_run(&pair.loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&pair.loop), 0);
}

/* --- sockets ---------------------------------------------------------------------------------- */

static inline void unix_pair(int fds[2])
{
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

static inline void tcp_pair(int fds[2])
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

static inline void pair_sign(struct conn *c, const struct pk *key, const struct event *ev)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len = 0;

	REQUIRE_EQ(pk_sign(key, ev->alg, ev->data, (struct span){sig, sizeof(sig)}, &len), E_OK);
	session_answer_sign(conn_session(c), bytes_of(sig, len), hub_now(conn_hub(c)));
}

static inline void pair_event(void *ctx, struct conn *c, const struct event *ev)
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

static inline void pair_closed(void *ctx, struct conn *c, const struct fault *f)
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

static inline void pair_config(struct peer *p, bool is_server)
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
		pair.identity = (struct auth_identity){.blob = {pair.user_blob, pair.user_len}};
		p->cfg.user = "inner";
		p->cfg.identities = &pair.identity;
		p->cfg.identity_count = 1;
	}
}

/* Loop, hub, keys, configurations; the test may change these before it starts the conns. */
static inline void pair_prepare(void)
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

static inline void pair_start(const int fds[2])
{
	REQUIRE_EQ(conn_new(&pair.hub, fds[0], &pair.client.cfg, &pair_ops, &pair.client,
			   &pair.client.conn),
		E_OK);
	REQUIRE_EQ(conn_new(&pair.hub, fds[1], &pair.server.cfg, &pair_ops, &pair.server,
			   &pair.server.conn),
		E_OK);
}

static inline void pair_login(void)
{
	RUN_UNTIL((pair.client.logins > 0 && pair.server.logins > 0) || pair.client.ends > 0 ||
		  pair.server.ends > 0);
	CHECK_EQ(pair.client.logins, 1);
	CHECK_EQ(pair.server.logins, 1);
}

/* All of it over TCP on loopback, logged in. */
static inline void pair_begin(void)
{
	int fds[2];

	pair_prepare();
	tcp_pair(fds);
	pair_start(fds);
	pair_login();
}

static inline void pair_end(void)
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

#endif
