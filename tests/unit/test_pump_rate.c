/* SPDX-License-Identifier: ISC */
/* Pumps with throttles: a rate each way, and who waits in line for it. */
#include "bridge_tunnel.h"

/* 300 KiB each way at 500 KiB a second, through windows of an eighth of that. */
TEST(pump_is_no_faster_than_its_throttles)
{
	enum { BYTES = 300 * 1024, RATE = 500 * 1024 };
	struct throttle *in, *out;
	uint64_t from_ms;

	pair_begin();
	tunnels_begin(1);
	in = throttle_new(&pair.hub, RATE);
	out = throttle_new(&pair.hub, RATE);
	REQUIRE(in != NULL && out != NULL);
	mux_narrow(session_mux(conn_session(pair.server.conn)), throttle_window(RATE));
	app_sends(&tunnels[0].visitor, BYTES);
	app_sends(&tunnels[0].target, BYTES);
	from_ms = uv_now(&pair.loop);
	tunnel_open(&tunnels[0]);
	pump_throttle(tunnels[0].at_server, in, out);
	RUN_UNTIL(tunnels[0].visitor.got == BYTES || tunnels[0].target.got == BYTES);
	/* All but the burst and, of what comes, a window. */
	CHECK(uv_now(&pair.loop) - from_ms >=
		1000ull * (BYTES - RATE / 20 - throttle_window(RATE)) / RATE - 1);
	RUN_UNTIL(tunnel_is_over(&tunnels[0]) && tunnels[0].visitor.is_closed &&
		  tunnels[0].target.is_closed);
	CHECK(uv_now(&pair.loop) - from_ms >= 1000ull * (BYTES - RATE / 20) / RATE - 260);
	tunnel_check_whole(&tunnels[0]);
	throttle_free(in);
	throttle_free(out);
	tunnels_end(1);
}

/* What comes in the first window is paid for as well, before more is granted. */
TEST(pump_owes_for_the_first_window)
{
	enum { BYTES = 300 * 1024, RATE = 500 * 1024 };
	struct throttle *out;
	uint64_t from_ms;

	pair_begin();
	tunnels_begin(1);
	out = throttle_new(&pair.hub, RATE);
	REQUIRE(out != NULL);
	mux_narrow(session_mux(conn_session(pair.server.conn)), throttle_window(RATE));
	app_sends(&tunnels[0].target, BYTES);
	from_ms = uv_now(&pair.loop);
	tunnel_open(&tunnels[0]);
	pump_throttle(tunnels[0].at_server, NULL, out);
	RUN_UNTIL(tunnels[0].visitor.got == BYTES);
	CHECK(uv_now(&pair.loop) - from_ms >= 1000ull * (BYTES - RATE / 20) / RATE - 20);
	pump_stop(tunnels[0].at_server);
	throttle_free(out);
	RUN_UNTIL(tunnel_is_over(&tunnels[0]));
	tunnels_end(1);
}

/* A pump that ends while it stands in line leaves it. */
TEST(pump_that_ends_in_line)
{
	struct throttle *both;

	pair_begin();
	tunnels_begin(1);
	both = throttle_new(&pair.hub, THROTTLE_RATE_MIN);
	REQUIRE(both != NULL);
	mux_narrow(session_mux(conn_session(pair.server.conn)), throttle_window(THROTTLE_RATE_MIN));
	app_sends(&tunnels[0].visitor, 1 << 20);
	app_sends(&tunnels[0].target, 1 << 20);
	tunnel_open(&tunnels[0]);
	pump_throttle(tunnels[0].at_server, both, both);
	RUN_UNTIL(throttle_room(both) == 0 && tunnels[0].visitor.got > 0);
	pump_stop(tunnels[0].at_server);
	CHECK_EQ(tunnels[0].ends_server, 1);
	throttle_free(both); /* asserts that nobody waits */
	RUN_UNTIL(tunnel_is_over(&tunnels[0]));
	tunnels_end(1);
}
