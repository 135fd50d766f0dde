/* SPDX-License-Identifier: ISC */
/* Pumps that join a channel on which somebody else was first, and those with an input and an output
 * of their own. */
#include "bridge/ends.h"

#include "bridge_tunnel.h"

/* Whoever has the client's channel before a pump. */
static struct {
	struct sink sink;
	uint32_t channel;
	struct chunkq early;
	bool is_accepted, got_eof;
	unsigned told; /* of a channel that it has let go of */
} first;

static void on_first(struct sink *s, const struct mux_event *ev)
{
	CHECK(s == &first.sink);
	if (ev->kind == MUX_DATA)
		CHECK_EQ(chunkq_append(&first.early, ev->data), E_OK);
	first.got_eof |= ev->kind == MUX_EOF;
	first.told++;
}

static void accept_first(struct peer *p, struct conn *c, const struct event *ev)
{
	if (ev->kind != EV_MUX || ev->mux.kind != MUX_OPEN)
		return;
	memset(&first, 0, sizeof(first));
	first.sink.event = on_first;
	first.channel = ev->mux.channel;
	first.is_accepted = true;
	chunkq_init(&first.early, pair.hub.env.pool, 1 << 20);
	CHECK_EQ(mux_accept(session_mux(conn_session(c)), ev->mux.channel, &first.sink), E_OK);
}

static struct tunnel *begin(uint64_t to_send, const int target[2])
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	pair.on_event = accept_first;
	t = &tunnels[0];
	t->visitor.to_send = to_send;
	t->visitor.shuts_after_sending = t->visitor.closes_after_eof = true;
	if (target != NULL) {
		int visitor[2];

		unix_pair(visitor);
		tunnel_open_on(t, visitor, target);
	} else {
		int visitor[2];

		unix_pair(visitor);
		REQUIRE_EQ(pump_open(pair.server.conn, visitor[1], "forwarded-tcpip",
				   bytes_str("extra"), 0, tunnel_server_done, t, &t->at_server),
			E_OK);
		app_begin(&t->visitor, visitor[0]);
	}
	RUN_UNTIL(first.is_accepted);
	return t;
}

TEST(ends_early_bytes_come_first)
{
	struct tunnel *t;
	int target[2];

	unix_pair(target);
	t = begin(300000, target);
	t->target.to_send = 5;
	t->target.shuts_after_sending = t->target.closes_after_eof = true;
	RUN_UNTIL(chunkq_len(&first.early) > 100000);
	REQUIRE_EQ(pump_join(pair.client.conn, first.channel, target[1], &first.early,
			   tunnel_client_done, t, &t->at_client),
		E_OK);
	CHECK_EQ(chunkq_len(&first.early), 0);
	app_watch(&t->target);
	RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed && t->target.is_closed);
	tunnel_check_whole(t);
	first.is_accepted = false;
	tunnels_end(1);
}

TEST(ends_all_came_before_the_socket)
{
	struct tunnel *t;
	int target[2];

	unix_pair(target);
	t = begin(100000, target);
	t->target.closes_after_eof = true;
	RUN_UNTIL(first.got_eof);
	REQUIRE_EQ(pump_join(pair.client.conn, first.channel, target[1], &first.early,
			   tunnel_client_done, t, &t->at_client),
		E_OK);
	RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed && t->target.is_closed);
	tunnel_check_whole(t);
	first.is_accepted = false;
	tunnels_end(1);
}

TEST(ends_pipes_are_given_back_as_they_were)
{
	struct tunnel *t = begin(1000, NULL);
	int into[2], out[2], shared;
	uint8_t got[2000];
	ssize_t n;

	REQUIRE(pipe(into) == 0 && pipe(out) == 0);
	shared = dup(into[0]);
	REQUIRE_EQ(write(into[1], app_bytes(t->target.seed, 0), 5), 5);
	close(into[1]);
	t->target.to_send = 5;
	RUN_UNTIL(first.got_eof);
	/* Early bytes are for sockets: here nothing may have come. */
	chunkq_fini(&first.early);
	REQUIRE_EQ(mux_consumed(session_mux(conn_session(pair.client.conn)), first.channel, 1000),
		E_OK);
	REQUIRE_EQ(pump_join_stdio(pair.client.conn, first.channel, into[0], out[1],
			   tunnel_client_done, t, &t->at_client),
		E_OK);
	CHECK(fcntl(shared, F_GETFL) & O_NONBLOCK);
	RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed);
	CHECK_EQ(t->visitor.got, 5);
	CHECK(!t->visitor.has_bad_byte);
	CHECK_EQ(t->client_end.end, PUMP_DONE);
	CHECK_EQ(fcntl(shared, F_GETFL) & O_NONBLOCK, 0);
	n = read(out[0], got, sizeof(got)); /* an end, since nobody has the other side open */
	CHECK_EQ(n, 0);
	close(out[0]);
	close(shared);
	tunnels_end(1);
}

TEST(ends_a_channel_is_let_go_of_while_the_connection_ends)
{
	struct tunnel *t = begin(1, NULL);
	uint32_t channel = first.channel;

	RUN_UNTIL(chunkq_len(&first.early) == 1);
	conn_close(pair.client.conn, DISCONNECT_BY_APPLICATION, "over");
	/* Nothing can be commanded any more, and yet the sinks are still to be told. */
	CHECK(session_mux(conn_session(pair.client.conn)) == NULL);
	CHECK(mux_user(pair.client.conn->mux, channel) == &first.sink);
	conn_disown(pair.client.conn, channel);
	first.told = 0;
	RUN_UNTIL(pair.client.conn == NULL && t->at_server == NULL);
	CHECK_EQ(first.told, 0);
	chunkq_fini(&first.early);
	tunnels_end(1);
}
