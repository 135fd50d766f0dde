/* SPDX-License-Identifier: ISC */
/* Pumps where they are many, and where packet memory is at its limit. */
#include "bridge_tunnel.h"

#include <netinet/tcp.h>

/* The kernel takes what it likes for a few, and little for each of a crowd. */
TEST(pump_bounds_what_the_kernel_takes_for_a_crowd)
{
	enum { COUNT = PUMP_FEW + 2 };

	pair_begin();
	tunnels_begin(COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		int visitor[2], target[2], bound = 0;
		socklen_t len = sizeof(bound);

		tcp_pair(visitor);
		tcp_pair(target);
		tunnel_open_on(&tunnels[i], visitor, target);
		REQUIRE_EQ(getsockopt(visitor[1], IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bound, &len), 0);
		CHECK_EQ(bound == SOCK_NOTSENT_LOWAT, i >= PUMP_FEW);
		RUN_UNTIL(tunnels[i].at_client != NULL);
	}
	tunnels_end(COUNT);
}

/* --- packet memory at its limit --------------------------------------------------------------- */

/* A pool with this budget for both conns, instead of one without. */
static void begin_with(size_t budget)
{
	int fds[2];

	pair_prepare();
	pool_free(pair.hub.env.pool);
	pair.hub.env.pool = pool_new(budget);
	REQUIRE(pair.hub.env.pool != NULL);
	tcp_pair(fds);
	pair_start(fds);
	pair_login();
}

static void small_one(struct tunnel *t)
{
	app_sends(&t->visitor, 5000);
	app_sends(&t->target, 5000);
	tunnel_open(t);
	RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed && t->target.is_closed);
	tunnel_check_whole(t);
}

/* While others hold three quarters nothing is read from visitors that would have to be queued, and
 * what the connection itself has to say goes on: opens, closes, ends of streams, key exchanges. */
TEST(pump_reads_no_visitor_while_memory_is_short)
{
	enum { BUDGET = 4 << 20, CHUNKS = 3 << 20 };
	struct span held[CHUNKS / POOL_LARGE + 1];
	struct tunnel *t, *other;
	size_t count = 0;
	struct session_counts counts;

	begin_with(BUDGET);
	tunnels_begin(2);
	t = &tunnels[0];
	other = &tunnels[1];
	tunnel_open(t);
	RUN_UNTIL(t->at_client != NULL && t->at_server->is_open);
	while (!pool_is_crowded(pair.hub.env.pool))
		REQUIRE_EQ(pool_take(pair.hub.env.pool, POOL_LARGE, &held[count++]), E_OK);
	app_sends(&t->visitor, 1 << 20);
	app_sends(&t->target, 100);
	app_watch(&t->visitor);
	tunnel_open(other);
	RUN_UNTIL(other->at_client != NULL && other->at_server->is_open);
	pump_stop(other->at_server);
	RUN_UNTIL(tunnel_is_over(other));
	session_rekey(conn_session(pair.server.conn), hub_now(&pair.hub));
	conn_wake(pair.server.conn);
	do {
		session_counts(conn_session(pair.client.conn), &counts);
		pair_round();
	} while (counts.rekeys == 0 && !pair.is_late);
	CHECK_EQ(counts.rekeys, 1);
	CHECK_EQ(t->at_server->to_channel, 0);
	CHECK(t->visitor.sent > 0 && t->visitor.sent < 1 << 20);
	while (count > 0)
		pool_give(pair.hub.env.pool, held[--count], 0);
	hub_gave_back(&pair.hub);
	RUN_UNTIL(t->target.got == 1 << 20);
	app_watch(&t->target);
	RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed && t->target.is_closed);
	tunnel_check_whole(t);
	tunnels_end(2);
}

/* A reader for whom three quarters have been queued is let go; the tunnel and the others are not.
 */
TEST(pump_lets_go_of_a_slow_reader_when_memory_is_short)
{
	struct tunnel *t;

	begin_with(2 << 20);
	tunnels_begin(3);
	t = &tunnels[0];
	t->target.is_deaf = true;
	t->visitor.to_send = 16 << 20;
	tunnel_open(t);
	RUN_UNTIL(tunnel_is_over(t));
	CHECK_EQ(t->client_end.end, PUMP_RESET);
	CHECK_STR(t->client_text, "it reads too slowly, and packet memory is short");
	CHECK(pool_peak(pair.hub.env.pool) > 1 << 20);
	CHECK(pool_peak(pair.hub.env.pool) <= 3 << 19);
	CHECK_EQ(pair.client.ends + pair.server.ends, 0);
	small_one(&tunnels[1]);
	tunnels_end(3);
}

/* From half of the memory on, windows are granted anew up to their floor only. */
TEST(pump_grants_no_more_than_the_floor_when_half_is_out)
{
	struct tunnel *slow, *other;
	struct mux_channel_info info;

	begin_with(3 << 20);
	tunnels_begin(2);
	slow = &tunnels[0];
	other = &tunnels[1];
	slow->target.is_deaf = true;
	slow->visitor.to_send = 16 << 20;
	tunnel_open(slow);
	RUN_UNTIL(slow->at_client != NULL && slow->at_server != NULL &&
		  slow->at_server->to_channel >= WINDOW_START);
	REQUIRE(pool_is_half_out(pair.hub.env.pool));
	other->visitor.to_send = 1 << 20;
	tunnel_open(other);
	RUN_UNTIL(other->target.got == 1 << 20);
	REQUIRE(mux_channel_info(conn_mux(pair.client.conn), other->at_client->channel, &info));
	CHECK_EQ(info.recv_left, WINDOW_BUDGET / 2 / LIMIT_CHANNELS);
	tunnels_end(2);
}

TEST(pump_200_channels_at_once)
{
	enum { COUNT = 200 };
	unsigned over = 0;

	pair_begin();
	tunnels_begin(COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		app_sends(&tunnels[i].visitor, 100 * 1000 + i);
		app_sends(&tunnels[i].target, 50 * 1000 + i);
		/* More than LIMIT_OPENING may not wait unanswered. */
		if (i == COUNT / 2)
			RUN_UNTIL(tunnels[i - 1].at_server == NULL ||
				  tunnels[i - 1].at_server->is_open);
		tunnel_open(&tunnels[i]);
	}
	while (over < COUNT) {
		struct tunnel *t = &tunnels[over];

		RUN_UNTIL(tunnel_is_over(t) && t->visitor.is_closed && t->target.is_closed);
		over++;
	}
	for (unsigned i = 0; i < COUNT; i++)
		tunnel_check_whole(&tunnels[i]);
	tunnels_end(COUNT);
}
