/* SPDX-License-Identifier: ISC */
#include "bridge_tunnel.h"

#include <poll.h>

static void run_whole(uint64_t to_target, uint64_t to_visitor)
{
	pair_begin();
	tunnels_begin(1);
	app_sends(&tunnels[0].visitor, to_target);
	app_sends(&tunnels[0].target, to_visitor);
	tunnel_open(&tunnels[0]);
	RUN_UNTIL(tunnel_is_over(&tunnels[0]) && tunnels[0].visitor.is_closed &&
		  tunnels[0].target.is_closed);
	tunnel_check_whole(&tunnels[0]);
	tunnels_end(1);
}

TEST(pump_carries_little)
{
	run_whole(1, 1);
	run_whole(0, 1000);
	run_whole(40000, 0);
	run_whole(0, 0);
}

TEST(pump_carries_64_mib_to_the_target)
{
	run_whole(64 << 20, 5);
}

TEST(pump_carries_64_mib_to_the_visitor)
{
	run_whole(7, 64 << 20);
}

TEST(pump_carries_both_ways_at_once)
{
	run_whole(16 << 20, (16 << 20) + 1);
}

TEST(pump_goes_on_over_key_exchanges)
{
	pair_prepare();
	int fds[2];

	pair.client.cfg.rekey_bytes = 1 << 20;
	tcp_pair(fds);
	pair_start(fds);
	pair_login();
	tunnels_begin(1);
	app_sends(&tunnels[0].visitor, 16 << 20);
	app_sends(&tunnels[0].target, 16 << 20);
	tunnel_open(&tunnels[0]);
	RUN_UNTIL(tunnel_is_over(&tunnels[0]) && tunnels[0].visitor.is_closed &&
		  tunnels[0].target.is_closed);
	tunnel_check_whole(&tunnels[0]);
	struct session_counts counts;

	session_counts(conn_session(pair.client.conn), &counts);
	CHECK(counts.rekeys >= 4);
	tunnels_end(1);
}

TEST(pump_half_close_by_the_visitor)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	app_sends(&t->visitor, 1000);
	t->target.closes_after_eof = true;
	tunnel_open(t);
	/* The end arrives while the other direction stays open, and that one still carries. */
	t->target.closes_after_eof = false;
	RUN_UNTIL(t->target.got_eof);
	CHECK_EQ(t->target.got, 1000);
	CHECK(!t->visitor.got_eof);
	CHECK_EQ(t->ends_server + t->ends_client, 0);
	t->target.to_send = 3 << 20;
	t->target.closes_after_eof = true;
	app_watch(&t->target);
	RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed);
	tunnel_check_whole(t);
	tunnels_end(1);
}

TEST(pump_half_close_by_the_target)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	app_sends(&t->target, 1000);
	tunnel_open(t);
	RUN_UNTIL(t->visitor.got_eof);
	CHECK_EQ(t->visitor.got, 1000);
	CHECK(!t->target.got_eof);
	t->visitor.to_send = 3 << 20;
	t->visitor.closes_after_eof = true;
	app_watch(&t->visitor);
	RUN_UNTIL(tunnel_is_over(t) && t->target.is_closed);
	tunnel_check_whole(t);
	tunnels_end(1);
}

/* F6: what a reader does not take stays within one window, and others do not notice. */
TEST(pump_slow_reader_holds_one_window)
{
	struct tunnel *slow, *other;
	uint64_t stood;

	pair_begin();
	tunnels_begin(2);
	slow = &tunnels[0];
	other = &tunnels[1];
	app_sends(&slow->visitor, 16 << 20);
	app_sends(&slow->target, 0);
	slow->target.is_deaf = true;
	tunnel_open(slow);
	/* It stands still when the window is spent; what is sent beyond it waits in the visitor. */
	RUN_UNTIL(slow->at_client != NULL && slow->at_server != NULL &&
		  slow->at_server->to_channel >= WINDOW_START);
	app_sends(&other->visitor, 24 << 20);
	app_sends(&other->target, 1 << 20);
	tunnel_open(other);
	stood = slow->at_server->to_channel;
	RUN_UNTIL(tunnel_is_over(other) && other->visitor.is_closed && other->target.is_closed);
	tunnel_check_whole(other);
	CHECK(slow->at_server->to_channel < stood + WINDOW_START / 2);
	/* Chunks have heads and are not always full, hence the quarter. */
	CHECK(pool_peak(pair.hub.env.pool) > WINDOW_START / 2);
	CHECK(pool_out(pair.hub.env.pool) < WINDOW_START + WINDOW_START / 4);
	app_hear(&slow->target);
	RUN_UNTIL(tunnel_is_over(slow) && slow->visitor.is_closed && slow->target.is_closed);
	tunnel_check_whole(slow);
	tunnels_end(2);
}

TEST(pump_slow_visitor_holds_one_window)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	app_sends(&t->visitor, 0);
	app_sends(&t->target, 16 << 20);
	t->visitor.is_deaf = true;
	tunnel_open(t);
	RUN_UNTIL(t->at_client != NULL && t->at_client->to_channel >= WINDOW_START);
	CHECK(pool_out(pair.hub.env.pool) < WINDOW_START + WINDOW_START / 4);
	app_hear(&t->visitor);
	RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed && t->target.is_closed);
	tunnel_check_whole(t);
	tunnels_end(1);
}

static void count_opened(void *ctx, struct pump *p)
{
	struct tunnel *t = ctx;

	CHECK(p == t->at_server && t->at_client != NULL);
	t->visitor.to_send++;
}

TEST(pump_tells_once_that_it_is_opened)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	tunnel_open(t);
	pump_on_opened(t->at_server, count_opened);
	RUN_UNTIL(t->at_client != NULL);
	CHECK_EQ(t->visitor.to_send, 0);
	RUN_UNTIL(t->at_server->is_open);
	CHECK_EQ(t->visitor.to_send, 1);
	app_watch(&t->visitor);
	RUN_UNTIL(t->target.got == 1);
	CHECK_EQ(t->visitor.to_send, 1);
	tunnels_end(1);
}

static void reset_close(struct app *a)
{
	struct linger now = {.l_onoff = 1};

	REQUIRE_EQ(setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	app_close(a);
}

TEST(pump_reset_by_the_visitor_closes_the_channel)
{
	struct tunnel *t;
	int visitor[2], target[2];

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	tcp_pair(visitor);
	tcp_pair(target);
	t->visitor.to_send = 1000;
	tunnel_open_on(t, visitor, target);
	RUN_UNTIL(t->target.got == 1000);
	reset_close(&t->visitor);
	RUN_UNTIL(t->ends_server == 1 && t->target.got_eof);
	CHECK_EQ(t->server_end.end, PUMP_RESET);
	CHECK_STR(t->server_text, "Connection reset by peer");
	app_close(&t->target);
	RUN_UNTIL(t->ends_client == 1);
	CHECK_EQ(t->client_end.end, PUMP_PEER_CLOSED);
	CHECK_EQ(t->client_end.to_socket, 1000);
	tunnels_end(1);
}

/* With the window spent nothing can be read from it, and still its reset is seen. */
TEST(pump_reset_is_seen_while_the_window_is_shut)
{
	struct tunnel *t;
	int visitor[2], target[2];

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	tcp_pair(visitor);
	tcp_pair(target);
	t->target.to_send = 32 << 20;
	t->visitor.is_deaf = true;
	tunnel_open_on(t, visitor, target);
	RUN_UNTIL(t->at_server != NULL && outlet_len(&t->at_server->outlet) > WINDOW_START / 2);
	reset_close(&t->visitor);
	RUN_UNTIL(t->ends_server == 1);
	CHECK_EQ(t->server_end.end, PUMP_RESET);
	/* The target has bytes to send nobody takes: it gets a reset or a write that fails. */
	RUN_UNTIL(t->ends_client == 1);
	CHECK_EQ(t->client_end.end, PUMP_PEER_CLOSED);
	tunnels_end(1);
}

/* Nothing may be read from the visitor and nothing is written to it: only its going is to be seen.
 */
TEST(pump_reset_is_seen_while_nothing_moves)
{
	struct tunnel *t;
	int visitor[2], target[2];

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	tcp_pair(visitor);
	tcp_pair(target);
	t->visitor.to_send = 64 << 20;
	t->target.is_deaf = true;
	tunnel_open_on(t, visitor, target);
	RUN_UNTIL(t->at_server != NULL && t->at_server->ends.watch.is_muted);
	CHECK_EQ(mux_can_send(conn_mux(pair.server.conn), t->at_server->channel), 0);
	reset_close(&t->visitor);
	RUN_UNTIL(t->ends_server == 1);
	CHECK_EQ(t->server_end.end, PUMP_RESET);
	CHECK_STR(t->server_text, "Connection reset by peer");
	app_hear(&t->target);
	RUN_UNTIL(t->target.got_eof);
	CHECK(!t->target.has_bad_byte);
	CHECK_EQ(t->target.got, t->server_end.to_channel);
	app_close(&t->target);
	RUN_UNTIL(t->ends_client == 1);
	tunnels_end(1);
}

TEST(pump_peer_close_leaves_queued_bytes_their_due)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	t->visitor.to_send = 1500 * 1000;
	t->target.is_deaf = true;
	tunnel_open(t);
	RUN_UNTIL(t->at_client != NULL && t->at_server != NULL &&
		  t->at_server->to_channel == t->visitor.to_send);
	RUN_UNTIL(outlet_len(&t->at_client->outlet) > 1000 * 1000);
	pump_stop(t->at_server);
	CHECK_EQ(t->ends_server, 1);
	CHECK_EQ(t->server_end.end, PUMP_RESET);
	CHECK_STR(t->server_text, "stopped");
	/* The CLOSE is here, the bytes are not: the pump goes on without its channel. */
	RUN_UNTIL(!t->at_client->has_channel);
	CHECK_EQ(mux_channel_count(session_mux(conn_session(pair.client.conn))), 0);
	app_hear(&t->target);
	RUN_UNTIL(t->target.got_eof);
	CHECK_EQ(t->target.got, t->visitor.to_send);
	CHECK(!t->target.has_bad_byte);
	CHECK_EQ(t->target.failure, 0);
	RUN_UNTIL(t->ends_client == 1);
	CHECK_EQ(t->client_end.end, PUMP_PEER_CLOSED);
	CHECK_EQ(t->client_end.to_socket, t->visitor.to_send);
	tunnels_end(1);
}

/* R28: a local side that reads no more does not stall the peer, and its own bytes still come. */
TEST(r28_pump_throws_away_what_nobody_reads)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	t->visitor.to_send = 8 << 20;
	t->target.is_deaf = true;
	tunnel_open(t);
	/* The whole window stands in the queue when it turns out that nobody wants it. */
	RUN_UNTIL(t->at_server != NULL && t->at_server->ends.watch.is_muted);
	app_read(&t->target); /* the pump is told that there is room */
	shutdown(t->target.fd, SHUT_RD);
	RUN_UNTIL(t->visitor.sent == t->visitor.to_send);
	t->target.to_send = 1 << 20;
	t->target.shuts_after_sending = true;
	app_watch(&t->target);
	RUN_UNTIL(t->visitor.got == t->target.to_send && tunnel_is_over(t));
	CHECK(!t->visitor.has_bad_byte);
	CHECK_EQ(t->client_end.end, PUMP_RESET);
	CHECK_STR(t->client_text, "the local side stopped reading");
	tunnels_end(1);
}

static void refuse_on_event(struct peer *p, struct conn *c, const struct event *ev)
{
	if (ev->kind == EV_MUX && ev->mux.kind == MUX_OPEN) {
		CHECK(bytes_is(ev->mux.name, "forwarded-tcpip"));
		CHECK(bytes_is(ev->mux.data, "extra"));
		CHECK_EQ(mux_refuse(session_mux(conn_session(c)), ev->mux.channel,
				 OPEN_CONNECT_FAILED, "no \x1b[31mtarget"),
			E_OK);
	}
}

TEST(pump_refusal_is_told_and_resets_the_visitor)
{
	struct tunnel *t;
	int visitor[2], target[2];

	pair_begin();
	tunnels_begin(1);
	pair.on_event = refuse_on_event;
	t = &tunnels[0];
	tcp_pair(visitor);
	unix_pair(target);
	tunnel_open_on(t, visitor, target);
	RUN_UNTIL(t->ends_server == 1 && t->visitor.failure != 0);
	CHECK_EQ(t->server_end.end, PUMP_REFUSED);
	CHECK_EQ(t->server_end.code, OPEN_CONNECT_FAILED);
	CHECK_STR(t->server_text, "no \\x1b[31mtarget");
	CHECK_EQ(t->visitor.failure, ECONNRESET);
	close(target[1]);
	tunnels_end(1);
}

static uint32_t asked_channel;

static void note_open(struct peer *p, struct conn *c, const struct event *ev)
{
	if (ev->kind == EV_MUX && ev->mux.kind == MUX_OPEN)
		asked_channel = ev->mux.channel + 1;
}

TEST(r27_pump_open_without_answer_ends_in_time)
{
	struct tunnel *t;
	int visitor[2], target[2];

	pair_begin();
	tunnels_begin(1);
	asked_channel = 0;
	pair.on_event = note_open;
	t = &tunnels[0];
	unix_pair(visitor);
	unix_pair(target);
	REQUIRE_EQ(pump_open(pair.server.conn, visitor[1], "forwarded-tcpip", bytes_str(""), 30,
			   tunnel_server_done, t, &t->at_server),
		E_OK);
	app_begin(&t->visitor, visitor[0]);
	app_begin(&t->target, target[0]);
	RUN_UNTIL(t->ends_server == 1 && asked_channel != 0);
	CHECK_EQ(t->server_end.end, PUMP_REFUSED);
	CHECK_EQ(t->server_end.code, OPEN_CONNECT_FAILED);
	RUN_UNTIL(t->visitor.got_eof || t->visitor.failure != 0);
	/* The late answer finds nobody, and the channel is closed. */
	REQUIRE_EQ(pump_accept(pair.client.conn, asked_channel - 1, target[1], tunnel_client_done,
			   t, &t->at_client),
		E_OK);
	RUN_UNTIL(t->target.got_eof);
	app_close(&t->target);
	RUN_UNTIL(t->ends_client == 1);
	CHECK_EQ(t->client_end.end, PUMP_PEER_CLOSED);
	RUN_UNTIL(mux_channel_count(session_mux(conn_session(pair.server.conn))) == 0);
	tunnels_end(1);
}

TEST(pump_takes_the_socket_also_when_it_cannot_begin)
{
	struct pump *p = NULL;
	int fds[2], visitor[2];
	char byte;

	pair_prepare();
	tcp_pair(fds);
	pair_start(fds);
	unix_pair(visitor);
	/* Before login there are no channels. */
	CHECK_EQ(pump_open(pair.server.conn, visitor[1], "forwarded-tcpip", bytes_str(""), 0, NULL,
			 NULL, &p),
		E_STATE);
	CHECK_EQ(read(visitor[0], &byte, 1), 0);
	close(visitor[0]);
	pair_login();
	unix_pair(visitor);
	/* Nobody asked for this one. */
	CHECK_EQ(pump_accept(pair.server.conn, 5, visitor[1], NULL, NULL, &p), E_STATE);
	CHECK_EQ(read(visitor[0], &byte, 1), 0);
	close(visitor[0]);
	CHECK(p == NULL);
	pair_end();
}

TEST(pump_connection_loss_tells_every_one)
{
	enum { COUNT = 20 };
	int visitor[2], target[2];

	pair_begin();
	tunnels_begin(COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		tunnels[i].visitor.to_send = 100;
		tcp_pair(visitor);
		tcp_pair(target);
		tunnel_open_on(&tunnels[i], visitor, target);
	}
	for (unsigned i = 0; i < COUNT; i++)
		RUN_UNTIL(tunnels[i].target.got == 100);
	shutdown(pair.client.conn->fd, SHUT_RDWR);
	RUN_UNTIL(pair.client.conn == NULL && pair.server.conn == NULL);
	for (unsigned i = 0; i < COUNT; i++) {
		struct tunnel *t = &tunnels[i];

		CHECK_EQ(t->ends_server, 1);
		CHECK_EQ(t->ends_client, 1);
		CHECK_EQ(t->server_end.end, PUMP_CONN_LOST);
		CHECK_EQ(t->client_end.end, PUMP_CONN_LOST);
		/* A stream that was cut does not look like one that ended. */
		RUN_UNTIL(t->visitor.failure != 0 && t->target.failure != 0);
		CHECK_EQ(t->target.failure, ECONNRESET);
		CHECK(!t->target.got_eof);
	}
	tunnels_end(COUNT);
}

static int taken_back;

static void take_back(void *ctx, struct pump *p, const struct pump_report *r)
{
	taken_back = pump_take_back(p);
	CHECK_EQ(pump_take_back(p), -1);
	tunnel_server_done(ctx, p, r);
}

/* An open that was not answered when the connection went: the socket is as if nobody had had it. */
TEST(pump_gives_an_unanswered_socket_back)
{
	struct tunnel *t;
	struct pollfd poll_visitor;
	int visitor[2];
	char text[8];

	for (int takes = 0; takes < 2; takes++) {
		harness_note("takes %d", takes);
		pair_begin();
		tunnels_begin(1);
		t = &tunnels[0];
		taken_back = -1;
		tcp_pair(visitor);
		REQUIRE_EQ(send(visitor[0], "early", 5, 0), 5);
		REQUIRE_EQ(pump_open(pair.server.conn, visitor[1], "forwarded-tcpip", bytes_str(""),
				   0, takes ? take_back : tunnel_server_done, t, &t->at_server),
			E_OK);
		shutdown(pair.client.conn->fd, SHUT_RDWR);
		RUN_UNTIL(pair.client.conn == NULL && pair.server.conn == NULL);
		CHECK_EQ(t->ends_server, 1);
		CHECK_EQ(t->server_end.end, PUMP_CONN_LOST);
		poll_visitor = (struct pollfd){.fd = visitor[0], .events = POLLIN};
		if (takes) {
			CHECK_EQ(taken_back, visitor[1]);
			CHECK_EQ(poll(&poll_visitor, 1, 0), 0);
			CHECK_EQ(read(taken_back, text, sizeof(text)), 5);
			close(taken_back);
		} else {
			CHECK_EQ(poll(&poll_visitor, 1, GUARD_MS), 1);
			CHECK_EQ(recv(visitor[0], text, 1, 0), -1);
			CHECK_EQ(errno, ECONNRESET);
		}
		close(visitor[0]);
		tunnels_end(1);
	}
}

static void stop_the_other(struct tunnel *t)
{
	struct tunnel *other = t == &tunnels[0] ? &tunnels[1] : &tunnels[0];

	if (other->at_server != NULL)
		pump_stop(other->at_server);
	conn_close(pair.server.conn, DISCONNECT_BY_APPLICATION, "enough");
}

/* From within the report of one pump: another is stopped, and the connection closed. */
TEST(pump_report_may_end_everything)
{
	pair_begin();
	tunnels_begin(2);
	for (unsigned i = 0; i < 2; i++) {
		app_sends(&tunnels[i].visitor, 5 << 20);
		app_sends(&tunnels[i].target, i == 0 ? 100 : 50 << 20);
		tunnels[i].on_server_end = stop_the_other;
		tunnel_open(&tunnels[i]);
	}
	RUN_UNTIL(pair.client.conn == NULL && pair.server.conn == NULL);
	for (unsigned i = 0; i < 2; i++) {
		CHECK_EQ(tunnels[i].ends_server, 1);
		CHECK_EQ(tunnels[i].ends_client, 1);
	}
	CHECK_STR(pair.server.fault.text, "enough");
	tunnels_end(2);
}
