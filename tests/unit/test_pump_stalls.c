/* SPDX-License-Identifier: ISC */
/* What pumps wait for, as they say themselves. */
#include "bridge_tunnel.h"

static struct pump_stalls at_server, at_client;

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

/* Nothing moves meanwhile, and the loop would wait for it. */
static void let_pass(unsigned ms)
{
	uv_timer_t timer;
	uint64_t until;

	uv_timer_init(&pair.loop, &timer);
	uv_timer_start(&timer, on_tick, 1, 1);
	until = uv_now(&pair.loop) + ms;
	RUN_UNTIL(uv_now(&pair.loop) >= until);
	uv_close((uv_handle_t *)&timer, NULL);
	pair_round();
}

static bool waits(const struct tunnel *t, enum stall server_in, enum stall server_out,
	enum stall client_in, enum stall client_out)
{
	if (t->at_server == NULL || t->at_client == NULL)
		return false;
	pump_stalls(t->at_server, &at_server);
	pump_stalls(t->at_client, &at_client);
	return at_server.to_channel == server_in && at_server.to_socket == server_out &&
	       at_client.to_channel == client_in && at_client.to_socket == client_out;
}

TEST(pump_stalls_before_the_answer_and_without_anything_to_do)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	tunnel_open(t);
	pump_stalls(t->at_server, &at_server);
	CHECK_EQ(at_server.to_channel, STALL_WINDOW); /* there is none yet */
	RUN_UNTIL(waits(t, STALL_SOURCE, STALL_SOURCE, STALL_SOURCE, STALL_SOURCE));
	tunnels_end(1);
}

/* A target that does not read: its pump waits for it, the visitor's for the window. */
TEST(pump_stalls_behind_a_target_that_does_not_read)
{
	struct tunnel *t;
	uint32_t in, out;
	uint64_t before;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	t->target.is_deaf = true;
	app_sends(&t->visitor, 16 << 20);
	tunnel_open(t);
	RUN_UNTIL(waits(t, STALL_WINDOW, STALL_SOURCE, STALL_SOURCE, STALL_SINK));
	pump_windows(t->at_server, &in, &out);
	CHECK(in > 0 && out > 0);
	CHECK_EQ(in, WINDOW_START);
	/* The time goes on to be theirs. */
	before = at_client.to_socket_ms[STALL_SINK];
	let_pass(20);
	CHECK(waits(t, STALL_WINDOW, STALL_SOURCE, STALL_SOURCE, STALL_SINK));
	CHECK(at_client.to_socket_ms[STALL_SINK] >= before + 20);
	CHECK(at_server.to_channel_ms[STALL_WINDOW] >= 20);
	app_hear(&t->target);
	RUN_UNTIL(t->target.got == t->visitor.to_send);
	tunnels_end(1);
}

/* The connection takes nothing: the pump is ready, and the line has the time. */
TEST(pump_stalls_behind_a_line_that_takes_nothing)
{
	struct tunnel *t;

	pair_begin();
	tunnels_begin(1);
	t = &tunnels[0];
	tunnel_open(t);
	RUN_UNTIL(waits(t, STALL_SOURCE, STALL_SOURCE, STALL_SOURCE, STALL_SOURCE));
	/* The other end is as if it were frozen; what the kernels take is less than the window. */
	uv_poll_stop(&pair.client.conn->watch.poll);
	REQUIRE_EQ(
		setsockopt(pair.server.conn->fd, SOL_SOCKET, SO_SNDBUF, &(int){4096}, sizeof(int)),
		0);
	app_sends(&t->visitor, 16 << 20);
	app_write(&t->visitor);
	RUN_UNTIL(waits(t, STALL_LINE, STALL_SOURCE, STALL_SOURCE, STALL_SOURCE));
	let_pass(20);
	CHECK(waits(t, STALL_LINE, STALL_SOURCE, STALL_SOURCE, STALL_SOURCE));
	CHECK(at_server.to_channel_ms[STALL_LINE] >= 20);
	CHECK(at_server.to_channel_ms[STALL_NO] < at_server.to_channel_ms[STALL_LINE]);
	tunnels_end(1);
}
