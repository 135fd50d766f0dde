/* SPDX-License-Identifier: ISC */
#include "bridge_tunnel.h"

#include "failalloc.h"
#include "session/freeze.h"

static void start_over_unix(void)
{
	int fds[2];

	unix_pair(fds);
	pair_start(fds);
}

TEST(conn_logs_in_and_says_who_is_there)
{
	int fds[2];
	char local[SOCK_TEXT_MAX], peer[SOCK_TEXT_MAX];
	struct tcpinfo info;

	pair_prepare();
	tcp_pair(fds);
	pair_start(fds);
	CHECK_EQ(pair.client.ends + pair.client.logins, 0);
	CHECK(conn_hub(pair.client.conn) == &pair.hub);
	pair_login();
	CHECK(session_is_logged_in(conn_session(pair.client.conn)));
	CHECK(session_is_logged_in(conn_session(pair.server.conn)));
	sock_text(conn_local(pair.client.conn), local);
	sock_text(conn_peer(pair.server.conn), peer);
	CHECK_STR(local, peer);
	conn_tcpinfo(pair.server.conn, &info);
	CHECK(info.rtt_us > 0 && info.rtt_us < GUARD_MS * 1000LL);
	/* Idle: no packet memory. */
	CHECK_EQ(pool_out(pair.hub.env.pool), 0);
	pair_end();
	CHECK_STR(pair.client.fault.text, "the test is over");
	CHECK_STR(pair.server.fault.text, "the peer disconnected: the test is over (reason 11)");
}

TEST(conn_takes_the_socket_also_when_it_cannot_begin)
{
	int fd;

	pair_prepare();
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(conn_new(&pair.hub, fd, &pair.client.cfg, &pair_ops, &pair.client,
			 &pair.client.conn),
		E_SYS);
	CHECK_EQ(fcntl(fd, F_GETFD), -1);
	CHECK_EQ(pair.client.ends, 0);
	loop_end();
	pk_free(pair.host_key);
	pk_free(pair.user_key);
}

TEST(conn_close_before_anything_was_heard)
{
	struct tcpinfo info;

	pair_prepare();
	start_over_unix();
	conn_tcpinfo(pair.client.conn, &info);
	CHECK_EQ(info.rtt_us, -1); /* not TCP: nobody measures it */
	conn_close(pair.client.conn, DISCONNECT_BY_APPLICATION, "changed my mind");
	conn_close(pair.client.conn, DISCONNECT_BY_APPLICATION, "a second time");
	CHECK_EQ(pair.client.ends, 0); /* never from within conn_close */
	RUN_UNTIL(pair.client.ends > 0 && pair.server.ends > 0);
	CHECK_STR(pair.client.fault.text, "changed my mind");
	CHECK_EQ(pair.client.logins, 0);
	pair_end();
}

static void close_at_login(struct peer *p, struct conn *c, const struct event *ev)
{
	if (ev->kind == EV_LOGIN && p == &pair.server) {
		conn_close(c, DISCONNECT_BY_APPLICATION, "in the middle of an event");
		CHECK_EQ(p->ends, 0);
		CHECK(conn_session(c) != NULL);
	}
}

TEST(conn_close_inside_an_event)
{
	pair_prepare();
	pair.on_event = close_at_login;
	start_over_unix();
	RUN_UNTIL(pair.client.ends > 0 && pair.server.ends > 0);
	CHECK_EQ(pair.server.logins, 1);
	CHECK_STR(pair.server.fault.text, "in the middle of an event");
	CHECK_STR(pair.client.fault.text,
		"the peer disconnected: in the middle of an event (reason 11)");
	pair_end();
}

static void close_the_other(struct peer *p)
{
	struct peer *other = p == &pair.client ? &pair.server : &pair.client;

	if (other->conn != NULL)
		conn_close(other->conn, DISCONNECT_BY_APPLICATION, "you as well");
}

TEST(conn_close_of_another_from_its_end)
{
	pair_prepare();
	start_over_unix();
	pair_login();
	pair.on_closed = close_the_other;
	conn_close(pair.client.conn, DISCONNECT_BY_APPLICATION, "me first");
	RUN_UNTIL(pair.client.ends > 0 && pair.server.ends > 0);
	CHECK_STR(pair.client.fault.text, "me first");
	pair_end();
}

/* The last words arrive though the one who says them had input left to read. */
TEST(conn_close_is_heard)
{
	static const uint8_t junk[5000];

	pair_begin();
	REQUIRE_EQ(write(pair.client.conn->fd, junk, sizeof(junk)), sizeof(junk));
	conn_close(pair.server.conn, DISCONNECT_TOO_MANY_CONNECTIONS, "come back later");
	RUN_UNTIL(pair.client.ends > 0 && pair.server.ends > 0);
	CHECK_STR(pair.client.fault.text, "the peer disconnected: come back later (reason 12)");
	pair_end();
}

/* A conn of the test's that does not read: libuv no longer tells it anything. */
static void deafen(struct conn *c)
{
	uv_poll_stop(&c->watch.poll);
	c->watch.armed = UV_READABLE;
	c->watch.is_readable = false;
}

static void undeafen(struct conn *c)
{
	c->watch.armed = 0;
	conn_wake(c);
}

static void make_backlog(size_t bytes)
{
	char text[8001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t n = 0; n < bytes; n += sizeof(text))
		session_debug(conn_session(pair.server.conn), text);
	conn_wake(pair.server.conn);
}

TEST(conn_close_does_not_wait_for_a_deaf_peer)
{
	uint64_t start_ms;

	pair_prepare();
	start_over_unix();
	pair_login();
	deafen(pair.client.conn);
	make_backlog(1 << 20);
	conn_close(pair.server.conn, DISCONNECT_BY_APPLICATION, "do you hear me");
	start_ms = uv_now(&pair.loop);
	RUN_UNTIL(pair.server.ends > 0);
	CHECK(uv_now(&pair.loop) - start_ms >= CONN_FLUSH_MS);
	CHECK(uv_now(&pair.loop) - start_ms < 3 * CONN_FLUSH_MS);
	undeafen(pair.client.conn);
	pair_end();
}

/* Output nobody takes: the session stops reading, and the loop sleeps instead of spinning. */
TEST(conn_under_back_pressure_stops_reading_and_sleeps)
{
	char text[8001];

	pair_prepare();
	start_over_unix();
	pair_login();
	deafen(pair.client.conn);
	make_backlog(4 << 20);
	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (unsigned i = 0; i < 10; i++)
		session_debug(conn_session(pair.client.conn), text);
	conn_wake(pair.client.conn);
	for (unsigned i = 0; i < 10; i++)
		uv_run(&pair.loop, UV_RUN_NOWAIT);
	CHECK(session_out_len(conn_session(pair.server.conn)) > 1 << 20);
	CHECK(pair.server.conn->watch.is_readable);
	CHECK(pair.server.conn->watch.is_muted);
	CHECK_EQ(pair.server.conn->watch.armed, UV_WRITABLE);
	CHECK(list_is_empty(&pair.hub.woken));
	CHECK(!uv_is_active((uv_handle_t *)&pair.hub.idle));
	CHECK_EQ(pair.server.conn->out_turn, CONN_OUT_MIN);
	CHECK_EQ(pair.server.ends, 0);
	undeafen(pair.client.conn);
	/* So many DEBUG messages at once are too many for any peer of ours. */
	RUN_UNTIL(pair.client.ends > 0 && pair.server.ends > 0);
	pair_end();
}

TEST(conn_ends_when_the_peer_is_silent_too_long)
{
	int fds[2];
	char ident[256];

	pair_prepare();
	pair.server.cfg.ident_ms = 40;
	unix_pair(fds);
	REQUIRE_EQ(conn_new(&pair.hub, fds[1], &pair.server.cfg, &pair_ops, &pair.server,
			   &pair.server.conn),
		E_OK);
	RUN_UNTIL(pair.server.ends == 1);
	CHECK_STR(pair.server.fault.text, "Connection timed out during banner exchange");
	CHECK(read(fds[0], ident, sizeof(ident)) > 8);
	CHECK_MEM(ident, 8, "SSH-2.0-");
	close(fds[0]);
	loop_end();
	pk_free(pair.host_key);
	pk_free(pair.user_key);
}

TEST(conn_tells_a_reset)
{
	int fds[2];
	struct linger now = {.l_onoff = 1};

	pair_prepare();
	tcp_pair(fds);
	REQUIRE_EQ(conn_new(&pair.hub, fds[1], &pair.server.cfg, &pair_ops, &pair.server,
			   &pair.server.conn),
		E_OK);
	uv_run(&pair.loop, UV_RUN_NOWAIT);
	setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fds[0]);
	RUN_UNTIL(pair.server.ends == 1);
	CHECK_STR(pair.server.fault.text, "Connection reset by peer");
	CHECK_EQ(pair.server.fault.err, E_CLOSED);
	loop_end();
	pk_free(pair.host_key);
	pk_free(pair.user_key);
}

/* --- late answers ------------------------------------------------------------------------------
 */

static unsigned asked;

static void ask_late(void *ctx, struct conn *c, const struct event *ev)
{
	if (ev->kind == EV_KEY) {
		asked++;
		return;
	}
	pair_event(ctx, c, ev);
}

TEST(conn_waits_for_an_answer_that_comes_between_turns)
{
	static const struct conn_ops ops = {ask_late, pair_closed};
	int fds[2];

	pair_prepare();
	asked = 0;
	unix_pair(fds);
	REQUIRE_EQ(conn_new(&pair.hub, fds[0], &pair.client.cfg, &pair_ops, &pair.client,
			   &pair.client.conn),
		E_OK);
	REQUIRE_EQ(conn_new(&pair.hub, fds[1], &pair.server.cfg, &ops, &pair.server,
			   &pair.server.conn),
		E_OK);
	RUN_UNTIL(asked == 1);
	/* While the question is open nothing is read, and nothing spins. */
	for (unsigned i = 0; i < 10; i++)
		uv_run(&pair.loop, UV_RUN_NOWAIT);
	CHECK(list_is_empty(&pair.hub.woken));
	CHECK_EQ(asked, 1);
	session_answer_key(conn_session(pair.server.conn), true);
	conn_wake(pair.server.conn);
	pair_login();
	pair_end();
}

TEST(conn_sees_a_peer_go_while_a_question_is_open)
{
	static const struct conn_ops ops = {ask_late, pair_closed};
	struct linger now = {.l_onoff = 1};
	int fds[2];

	pair_prepare();
	asked = 0;
	tcp_pair(fds);
	REQUIRE_EQ(conn_new(&pair.hub, fds[0], &pair.client.cfg, &pair_ops, &pair.client,
			   &pair.client.conn),
		E_OK);
	REQUIRE_EQ(conn_new(&pair.hub, fds[1], &pair.server.cfg, &ops, &pair.server,
			   &pair.server.conn),
		E_OK);
	RUN_UNTIL(asked == 1);
	/* More bytes than are read make it mute; then comes the reset. */
	REQUIRE_EQ(write(fds[0], "junk", 4), 4);
	for (unsigned i = 0; i < 5; i++)
		uv_run(&pair.loop, UV_RUN_NOWAIT);
	CHECK(pair.server.conn->watch.is_muted);
	pair.client.conn->is_broken = true;
	setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn_close(pair.client.conn, DISCONNECT_BY_APPLICATION, "gone");
	RUN_UNTIL(pair.server.ends == 1 && pair.client.ends == 1);
	CHECK_STR(pair.server.fault.text, "Connection reset by peer");
	pair_end();
}

/* --- sinks -------------------------------------------------------------------------------------
 */

struct ear {
	struct sink sink;
	unsigned opened, closed;
	uint32_t code;
};

static struct ear ears[3];
static unsigned opens_seen, closes_seen;

static void on_ear(struct sink *s, const struct mux_event *ev)
{
	struct ear *e = list_entry(s, struct ear, sink);

	CHECK(ev->user == s);
	if (ev->kind == MUX_OPENED)
		e->opened++;
	if (ev->kind == MUX_CLOSED) {
		e->closed++;
		e->code = ev->code;
	}
}

/* The client takes channels without a sink: their events are for the program. */
static void accept_unowned(struct peer *p, struct conn *c, const struct event *ev)
{
	if (ev->kind != EV_MUX)
		return;
	if (ev->mux.kind == MUX_OPEN) {
		opens_seen++;
		CHECK_EQ(mux_accept(session_mux(conn_session(c)), ev->mux.channel, NULL), E_OK);
	}
	if (ev->mux.kind == MUX_CLOSED) {
		closes_seen++;
		CHECK(p == &pair.client);
	}
}

static void open_ears(void)
{
	struct mux *m = session_mux(conn_session(pair.server.conn));
	uint32_t id;

	memset(ears, 0, sizeof(ears));
	opens_seen = closes_seen = 0;
	pair.on_event = accept_unowned;
	for (unsigned i = 0; i < 3; i++) {
		ears[i].sink.event = on_ear;
		REQUIRE_EQ(mux_open(m, "x", bytes_str(""), &ears[i].sink, &id), E_OK);
	}
	conn_wake(pair.server.conn);
	RUN_UNTIL(ears[0].opened + ears[1].opened + ears[2].opened == 3);
	CHECK_EQ(opens_seen, 3);
}

TEST(conn_gives_channel_events_to_their_owner)
{
	pair_prepare();
	start_over_unix();
	pair_login();
	open_ears();
	REQUIRE_EQ(mux_close(session_mux(conn_session(pair.server.conn)), 1), E_OK);
	conn_wake(pair.server.conn);
	RUN_UNTIL(ears[1].closed == 1);
	CHECK_EQ(ears[1].code, 0);
	CHECK_EQ(closes_seen, 1);
	CHECK_EQ(ears[0].closed + ears[2].closed, 0);
	pair_end();
}

TEST(conn_tells_every_sink_when_it_is_lost)
{
	pair_prepare();
	start_over_unix();
	pair_login();
	open_ears();
	shutdown(pair.client.conn->fd, SHUT_RDWR);
	RUN_UNTIL(pair.server.ends > 0 && pair.client.ends > 0);
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(ears[i].closed, 1);
		CHECK_EQ(ears[i].code, 1);
	}
	CHECK_EQ(closes_seen, 0);
	pair_end();
}

/* --- thawed sessions ---------------------------------------------------------------------------
 */

static void forget(struct peer *p)
{
	p->ends--;
	p->conn = NULL;
}

/* The server's session moves to another conn on the same socket; the client never learns. */
TEST(conn_adopts_a_thawed_session)
{
	struct conn *old;
	struct session *s;
	struct buf frozen;
	int fd;

	pair_begin();
	buf_init(&frozen, FREEZE_MAX);
	old = pair.server.conn;
	REQUIRE_EQ(session_freeze(conn_session(old), hub_now(&pair.hub), &frozen), E_OK);
	fd = dup(old->fd);
	/* What a process that handed its session over does: it is gone without a word. */
	pair.server.conn = old;
	old->is_broken = true;
	conn_close(old, 0, "handed over");
	pair.on_closed = forget;
	RUN_UNTIL(pair.server.conn == NULL);
	pair.on_closed = NULL;
	REQUIRE_EQ(session_thaw(&pair.server.cfg, &pair.hub.env, buf_bytes(&frozen),
			   hub_now(&pair.hub), &s),
		E_OK);
	buf_fini(&frozen);
	REQUIRE_EQ(conn_adopt(&pair.hub, fd, s, &pair_ops, &pair.server, &pair.server.conn), E_OK);
	tunnels_begin(1);
	tunnels[0].visitor.to_send = tunnels[0].target.to_send = 1 << 20;
	tunnels[0].visitor.shuts_after_sending = tunnels[0].target.shuts_after_sending = true;
	tunnels[0].visitor.closes_after_eof = tunnels[0].target.closes_after_eof = true;
	tunnel_open(&tunnels[0]);
	RUN_UNTIL(tunnel_is_over(&tunnels[0]) && tunnels[0].visitor.is_closed &&
		  tunnels[0].target.is_closed);
	tunnel_check_whole(&tunnels[0]);
	CHECK_EQ(pair.client.ends, 0);
	tunnels_end(1);
}

/* --- short memory ------------------------------------------------------------------------------
 */

static void run_short_of_memory(unsigned n)
{
	int fds[2], visitor[2];
	struct pump *p;
	char byte;

	pair_prepare();
	unix_pair(fds);
	unix_pair(visitor);
	failalloc_arm(n);
	if (conn_new(&pair.hub, fds[0], &pair.client.cfg, &pair_ops, &pair.client,
		    &pair.client.conn) != E_OK)
		pair.client.ends = 1;
	if (conn_new(&pair.hub, fds[1], &pair.server.cfg, &pair_ops, &pair.server,
		    &pair.server.conn) != E_OK)
		pair.server.ends = 1;
	RUN_UNTIL((pair.client.logins > 0 && pair.server.logins > 0) || pair.client.ends > 0 ||
		  pair.server.ends > 0);
	if (pair.server.conn != NULL && pump_open(pair.server.conn, visitor[1], "x", bytes_str(""),
						0, NULL, NULL, &p) == E_OK)
		conn_close(pair.server.conn, DISCONNECT_BY_APPLICATION, "enough");
	else if (pair.server.conn == NULL)
		close(visitor[1]);
	while (read(visitor[0], &byte, 1) < 0 && errno == EAGAIN && !pair.is_late)
		uv_run(&pair.loop, UV_RUN_ONCE);
	CHECK(!pair.is_late);
}

TEST(conn_survives_every_failing_allocation)
{
	unsigned n = 1;
	bool has_failed;

	do {
		harness_note("allocation %u", n);
		run_short_of_memory(n++);
		has_failed = failalloc_disarm();
		pair_end();
	} while (has_failed && n < 2000);
	CHECK(n > 20 && n < 2000);
}
