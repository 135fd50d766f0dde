/* SPDX-License-Identifier: ISC */
/* Channel requests, global requests and replies to both, as a peer may and may not send them. */
#include "muxbench.h"

TEST(mux_in_channel_requests)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	REQUIRE_EQ(muxbench_feed(&b, "busbr", REQUEST, id, "shell", 1, "rest"), E_OK);
	CHECK(b.ev.kind == MUX_REQUEST && b.ev.want_reply && b.ev.channel == id);
	CHECK(bytes_is(b.ev.name, "shell") && bytes_is(b.ev.data, "rest"));
	/* Behind it: answered here, after it. */
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "keepalive@openssh.com", 1), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "eow@openssh.com", 0), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "env", 0), E_OK);
	CHECK(b.ev.kind == MUX_REQUEST && !b.ev.want_reply);
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "pty-req", 1), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(mux_request_reply(b.m, id, true), E_OK);
	muxbench_took(&b, "bu", SUCCESS, 5U);
	muxbench_took(&b, "bu", FAILURE, 5U);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(mux_request_reply(b.m, id, false), E_OK);
	muxbench_took(&b, "bu", FAILURE, 5U);
	CHECK_EQ(mux_request_reply(b.m, id, false), E_STATE);
	/* Nothing waits: at once. */
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "keepalive@openssh.com", 1), E_OK);
	muxbench_took(&b, "bu", FAILURE, 5U);
	muxbench_breaks(
		&b, muxbench_feed(&b, "busbr", REQUEST, id, "eow@openssh.com", 0, "x"), E_FORMAT);
	for (int i = 0; i < 32; i++)
		REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "x", 1), E_OK);
	muxbench_breaks(&b, muxbench_feed(&b, "busb", REQUEST, id, "x", 1), E_LIMIT);
	muxbench_stop(&b);
}

TEST(mux_in_channel_replies)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, false);
	id = muxbench_opened(&b, 5);
	REQUIRE_EQ(mux_request(b.m, id, "shell", true, bytes_str("xy")), E_OK);
	muxbench_took(&b, "busbr", REQUEST, 5U, "shell", 1, "xy");
	REQUIRE_EQ(mux_request(b.m, id, "env", false, (struct bytes){0}), E_OK);
	muxbench_took(&b, "busb", REQUEST, 5U, "env", 0);
	REQUIRE_EQ(muxbench_feed(&b, "bu", SUCCESS, id), E_OK);
	CHECK(b.ev.kind == MUX_REQUEST_REPLY && b.ev.is_ok && b.ev.channel == id);
	REQUIRE_EQ(mux_request(b.m, id, "shell", true, (struct bytes){0}), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bu", FAILURE, id), E_OK);
	CHECK(b.ev.kind == MUX_REQUEST_REPLY && !b.ev.is_ok);
	for (int i = 0; i < LIMIT_STRAY; i++) {
		REQUIRE_EQ(muxbench_feed(&b, "bu", SUCCESS, id), E_OK);
		CHECK_EQ(b.ev.kind, MUX_NOTHING);
	}
	muxbench_breaks(&b, muxbench_feed(&b, "bu", SUCCESS, id), E_LIMIT);
	for (int i = 0; i < 32; i++)
		REQUIRE_EQ(mux_request(b.m, id, "x", true, (struct bytes){0}), E_OK);
	CHECK_EQ(mux_request(b.m, id, "x", true, (struct bytes){0}), E_LIMIT);
	muxbench_stop(&b);
}

TEST(mux_in_global_requests)
{
	struct muxbench b;
	uint32_t first;

	muxbench_start(&b, true);
	REQUIRE_EQ(muxbench_feed(&b, "bsbr", 80, "tcpip-forward", 1, "rest"), E_OK);
	CHECK(b.ev.kind == MUX_GLOBAL_REQUEST && b.ev.want_reply);
	CHECK(bytes_is(b.ev.name, "tcpip-forward") && bytes_is(b.ev.data, "rest"));
	first = b.ev.token;
	REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "keepalive@openssh.com", 1), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "keepalive@openssh.com", 0), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "unheard-of", 0), E_OK);
	CHECK(b.ev.kind == MUX_GLOBAL_REQUEST && !b.ev.want_reply);
	REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "unheard-of", 1), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(
		mux_global_reply(b.m, b.ev.token, false, (struct bytes){0}, "never heard"), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(mux_global_reply(b.m, first, true, bytes_str("port"), NULL), E_OK);
	muxbench_took(&b, "br", 81, "port");
	muxbench_took(&b, "b", 82);
	muxbench_took(&b, "bbss", 4, 0, "never heard", "");
	muxbench_took(&b, "b", 82);
	muxbench_took(&b, NULL);
	muxbench_stop(&b);
}

TEST(r19_mux_in_what_openssh_sends_unasked)
{
	struct muxbench b;

	muxbench_start(&b, true);
	muxbench_breaks(
		&b, muxbench_feed(&b, "bsbb", 80, "no-more-sessions@openssh.com", 0, 1), E_FORMAT);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "session", 1U, 1U, 1U), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "no-more-sessions@openssh.com", 0), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "direct-tcpip", 1U, 1U, 1U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_OPEN);
	muxbench_breaks(&b, muxbench_feed(&b, "bsuuu", 90, "session", 1U, 1U, 1U), E_PROTO);
	/* A server announces host keys: strings to the end. */
	REQUIRE_EQ(muxbench_feed(&b, "bsbss", 80, "hostkeys-00@openssh.com", 0, "a", "b"), E_OK);
	CHECK_EQ(b.ev.kind, MUX_GLOBAL_REQUEST);
	muxbench_stop(&b);
	muxbench_start(&b, false);
	REQUIRE_EQ(muxbench_feed(&b, "bsbss", 80, "hostkeys-00@openssh.com", 0, "a", "b"), E_OK);
	CHECK_EQ(b.ev.kind, MUX_GLOBAL_REQUEST);
	CHECK_EQ(b.ev.data.len, 10);
	muxbench_breaks(
		&b, muxbench_feed(&b, "bsbsb", 80, "hostkeys-00@openssh.com", 0, "a", 1), E_FORMAT);
	REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "no-more-sessions@openssh.com", 0), E_OK);
	CHECK_EQ(b.ev.kind, MUX_GLOBAL_REQUEST);
	muxbench_took(&b, NULL);
	muxbench_stop(&b);
}

TEST(mux_in_global_replies)
{
	struct muxbench b;

	muxbench_start(&b, false);
	REQUIRE_EQ(mux_global(b.m, "tcpip-forward", true, bytes_str("x"), 42), E_OK);
	muxbench_took(&b, "bsbr", 80, "tcpip-forward", 1, "x");
	REQUIRE_EQ(mux_keepalive(b.m), E_OK);
	CHECK(mux_keepalive_is_open(b.m));
	REQUIRE_EQ(mux_global(b.m, "tcpip-forward", true, bytes_str("y"), 43), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bu", 81, 2222U), E_OK);
	CHECK(b.ev.kind == MUX_GLOBAL_REPLY && b.ev.token == 42 && b.ev.is_ok &&
		b.ev.data.len == 4);
	REQUIRE_EQ(muxbench_feed(&b, "b", 82), E_OK);
	CHECK(b.ev.kind == MUX_NOTHING && !mux_keepalive_is_open(b.m));
	REQUIRE_EQ(muxbench_feed(&b, "b", 82), E_OK);
	CHECK(b.ev.kind == MUX_GLOBAL_REPLY && b.ev.token == 43 && !b.ev.is_ok);
	for (int i = 0; i < LIMIT_STRAY; i++)
		REQUIRE_EQ(muxbench_feed(&b, "b", 81), E_OK);
	muxbench_breaks(&b, muxbench_feed(&b, "b", 81), E_LIMIT);
	muxbench_stop(&b);
}

TEST(mux_in_too_many_global_requests)
{
	struct muxbench b;

	muxbench_start(&b, true);
	for (int i = 0; i < LIMIT_REPLIES; i++) {
		REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "x", 1), E_OK);
		CHECK_EQ(b.ev.kind, MUX_GLOBAL_REQUEST);
	}
	for (int i = 0; i < LIMIT_STRAY; i++) {
		REQUIRE_EQ(muxbench_feed(&b, "bsb", 80, "x", 1), E_OK);
		CHECK_EQ(b.ev.kind, MUX_NOTHING);
	}
	muxbench_breaks(&b, muxbench_feed(&b, "bsb", 80, "x", 1), E_LIMIT);
	muxbench_stop(&b);
}
