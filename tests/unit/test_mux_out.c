/* SPDX-License-Identifier: ISC */
/* What the program commands on the connection protocol, and the path of bulk data. */
#include "failalloc.h"
#include "muxbench.h"

#include <malloc.h>

static const struct bytes none;

TEST(mux_out_lends_within_the_window_and_the_packet)
{
	struct span pieces[16];
	struct muxbench b;
	uint32_t id;
	size_t n;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5); /* window 1000, packets 100 */
	n = mux_lend(b.m, id, 5000, pieces, 16);
	CHECK_EQ(n, 10);
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ(pieces[i].len, 100);
		memset(pieces[i].ptr, 'a' + (int)i, 100);
	}
	/* Two and a half of them were filled. */
	failalloc_arm(1);
	REQUIRE_EQ(mux_commit(b.m, id, 250), E_OK);
	CHECK(!failalloc_disarm());
	for (int i = 0; i < 3; i++) {
		struct bytes m = fakeport_take(b.out);
		size_t len = i < 2 ? 100 : 50;

		REQUIRE_EQ(m.len, 9 + len);
		CHECK_EQ(m.ptr[0], DATA);
		CHECK_EQ(load_be32(m.ptr + 1), 5);
		CHECK_EQ(load_be32(m.ptr + 5), len);
		CHECK(m.ptr[9] == 'a' + i && m.ptr[9 + len - 1] == 'a' + i);
	}
	muxbench_took(&b, NULL);
	CHECK_EQ(mux_can_send(b.m, id), 750);
	/* It is taken once. */
	CHECK_EQ(mux_commit(b.m, id, 1), E_STATE);
	CHECK_EQ(mux_lend(b.m, id, 5000, pieces, 2), 2);
	CHECK_EQ(mux_commit(b.m, id, 201), E_STATE);
	CHECK_EQ(mux_lend(b.m, id, 5, pieces, 16), 1);
	CHECK_EQ(pieces[0].len, 5);
	CHECK_EQ(mux_commit(b.m, id, 0), E_OK);
	CHECK_EQ(mux_commit(b.m, id, 5), E_STATE);
	CHECK_EQ(mux_lend(b.m, id, 5, pieces, 0), 0);
	b.out->is_full = true;
	CHECK_EQ(mux_lend(b.m, id, 5, pieces, 16), 0);
	CHECK_EQ(mux_commit(b.m, id, 5), E_STATE);
	CHECK_EQ(mux_can_send(b.m, id), 750);
	muxbench_stop(&b);
}

TEST(mux_out_commits_to_the_channel_lent_for)
{
	struct span pieces[4];
	struct muxbench b;
	uint32_t one, two;

	muxbench_start(&b, true);
	one = muxbench_accepted(&b, 5);
	two = muxbench_accepted(&b, 6);
	CHECK_EQ(mux_lend(b.m, one, 50, pieces, 4), 1);
	CHECK_EQ(mux_commit(b.m, two, 50), E_STATE);
	CHECK_EQ(mux_commit(b.m, one, 50), E_STATE); /* the loan ended with the mistake */
	CHECK_EQ(mux_lend(b.m, one, 50, pieces, 4), 1);
	REQUIRE_EQ(mux_write(b.m, two, 0, bytes_str("x")), E_OK);
	CHECK_EQ(mux_commit(b.m, one, 50), E_STATE); /* something else was sent */
	CHECK_EQ(mux_can_send(b.m, one), 1000);
	muxbench_stop(&b);
}

/* OpenSSH counts four bytes more for each packet of a tunnel than it has. */
TEST(mux_out_surcharge)
{
	struct span pieces[4];
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5); /* a window of 1000, packets of 100 */
	CHECK(mux_has_room(b.m, id, 100));
	CHECK(!mux_has_room(b.m, id, 101));
	mux_surcharge(b.m, id, MUX_OPENSSH_SURCHARGE);
	for (int i = 0; i < 9; i++) {
		REQUIRE_EQ(mux_lend(b.m, id, 200, pieces, 4), 1);
		REQUIRE_EQ(pieces[0].len, 100);
		REQUIRE_EQ(mux_commit(b.m, id, 100), E_OK);
	}
	CHECK_EQ(mux_can_send(b.m, id), 1000 - 9 * 104);
	CHECK(mux_has_room(b.m, id, 60));
	CHECK(!mux_has_room(b.m, id, 61));
	REQUIRE_EQ(mux_lend(b.m, id, 100, pieces, 4), 1);
	CHECK_EQ(pieces[0].len, 60);
	REQUIRE_EQ(mux_commit(b.m, id, 60), E_OK);
	CHECK_EQ(mux_can_send(b.m, id), 0);
	CHECK_EQ(mux_lend(b.m, id, 1, pieces, 4), 0);
	/* Whoever asked in vain is told of any growth, and asks again. */
	REQUIRE_EQ(muxbench_feed(&b, "buu", MSG_CHANNEL_WINDOW_ADJUST, id, 4U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_WINDOW);
	CHECK_EQ(mux_lend(b.m, id, 1, pieces, 4), 0);
	CHECK(!mux_has_room(b.m, id, 1));
	REQUIRE_EQ(muxbench_feed(&b, "buu", MSG_CHANNEL_WINDOW_ADJUST, id, 1U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_WINDOW);
	CHECK(mux_has_room(b.m, id, 1));
	REQUIRE_EQ(muxbench_feed(&b, "buu", MSG_CHANNEL_WINDOW_ADJUST, id, 100U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	muxbench_stop(&b);
}

static size_t lend_short(
	void *ctx, size_t head, size_t max_data, size_t want, struct span *pieces, size_t max_spans)
{
	size_t n = fakeport_lend(ctx, head, max_data, want, pieces, max_spans);

	pieces[1].len = 30;
	return n;
}

/* Heads are placed by the packet size, so a short piece must be the last. */
TEST(mux_out_lend_ends_at_a_short_piece)
{
	struct span pieces[8];
	struct muxbench b;

	muxbench_start(&b, true);
	mux_free(b.m);
	b.cfg.port.lend = lend_short;
	REQUIRE_EQ(mux_new(&b.cfg, &b.m), E_OK);
	muxbench_accepted(&b, 5);
	CHECK_EQ(mux_lend(b.m, 0, 500, pieces, 8), 2);
	CHECK_EQ(mux_commit(b.m, 0, 131), E_STATE);
	CHECK_EQ(mux_lend(b.m, 0, 500, pieces, 8), 2);
	CHECK_EQ(mux_commit(b.m, 0, 130), E_OK);
	CHECK_EQ(b.out->count, 2);
	muxbench_stop(&b);
}

TEST(mux_out_lend_of_large_packets)
{
	static struct span pieces[64];
	struct muxbench b;

	muxbench_start(&b, true);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 5U, 0xffffffffU, 0xffffffffU), E_OK);
	REQUIRE_EQ(mux_accept(b.m, 0, NULL), E_OK);
	fakeport_clear(b.out);
	CHECK_EQ(mux_lend(b.m, 0, 512 * 1024, pieces, 64), 16);
	CHECK_EQ(pieces[0].len, DATA_MAX); /* never more, whatever the peer would take */
	REQUIRE_EQ(mux_commit(b.m, 0, 512 * 1024), E_OK);
	CHECK_EQ(b.out->count, 16);
	CHECK_EQ(mux_can_send(b.m, 0), 0xffffffff - 512 * 1024);
	muxbench_stop(&b);
}

TEST(mux_out_write)
{
	struct muxbench b;
	uint8_t data[1000];
	uint32_t id;

	memset(data, 0, sizeof(data));
	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	REQUIRE_EQ(mux_write(b.m, id, 0, bytes_str("abc")), E_OK);
	muxbench_took(&b, "bus", DATA, 5U, "abc");
	REQUIRE_EQ(mux_write(b.m, id, 1, bytes_str("abc")), E_OK);
	muxbench_took(&b, "buus", EXTENDED, 5U, 1U, "abc");
	REQUIRE_EQ(mux_write(b.m, id, 0, none), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(mux_write(b.m, id, 0, bytes_of(data, 250)), E_OK);
	muxbench_took(&b, "buz", DATA, 5U, 100U);
	muxbench_took(&b, "buz", DATA, 5U, 100U);
	muxbench_took(&b, "buz", DATA, 5U, 50U);
	CHECK_EQ(mux_write(b.m, id, 0, bytes_of(data, 745)), E_AGAIN);
	muxbench_took(&b, NULL);
	CHECK_EQ(mux_write(b.m, id, 0, bytes_of(data, 744)), E_OK);
	CHECK_EQ(mux_can_send(b.m, id), 0);
	CHECK_EQ(mux_write(b.m, id, 0, bytes_str("x")), E_AGAIN);
	muxbench_stop(&b);
}

TEST(mux_out_eof_and_close)
{
	struct span pieces[4];
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	REQUIRE_EQ(mux_eof(b.m, id), E_OK);
	muxbench_took(&b, "bu", EOF_, 5U);
	REQUIRE_EQ(mux_eof(b.m, id), E_OK);
	muxbench_took(&b, NULL);
	CHECK_EQ(mux_write(b.m, id, 0, bytes_str("x")), E_STATE);
	CHECK_EQ(mux_lend(b.m, id, 5, pieces, 4), 0);
	CHECK_EQ(mux_can_send(b.m, id), 0);
	/* The peer's half goes on. */
	REQUIRE_EQ(muxbench_feed(&b, "bus", DATA, id, "abc"), E_OK);
	CHECK_EQ(b.ev.kind, MUX_DATA);
	REQUIRE_EQ(mux_request(b.m, id, "exit-status", false, none), E_OK);
	fakeport_clear(b.out);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	muxbench_took(&b, "bu", CLOSE, 5U);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	REQUIRE_EQ(mux_eof(b.m, id), E_OK);
	CHECK_EQ(mux_request(b.m, id, "x", false, none), E_STATE);
	CHECK_EQ(mux_write(b.m, id, 0, bytes_str("x")), E_STATE);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(muxbench_feed(&b, "bu", CLOSE, id), E_OK);
	CHECK_EQ(b.ev.kind, MUX_CLOSED);
	muxbench_took(&b, NULL);
	muxbench_stop(&b);
}

/* After a burst the tunnel costs what it did before: the table is gone as well. */
TEST(mux_out_idle_holds_no_table)
{
	struct muxbench b;
	size_t used;

	muxbench_start(&b, true);
	mux_free(b.m);
	b.cfg.channels_max = 4000;
	REQUIRE_EQ(mux_new(&b.cfg, &b.m), E_OK);
	used = mallinfo2().uordblks;
	for (uint32_t i = 0; i < b.cfg.channels_max; i++)
		muxbench_accepted(&b, i);
	for (uint32_t i = 0; i < b.cfg.channels_max; i++)
		REQUIRE_EQ(muxbench_feed(&b, "bu", CLOSE, i), E_OK);
	CHECK_EQ(mux_channel_count(b.m), 0);
	/* What malloc keeps at hand for itself it counts as used: a few small pieces. */
	CHECK(mallinfo2().uordblks < used + 8 * b.cfg.channels_max);
	muxbench_stop(&b);
}

TEST(mux_out_reply_after_close_is_not_sent)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "shell", 1), E_OK);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	fakeport_clear(b.out);
	CHECK_EQ(mux_request_reply(b.m, id, true), E_OK);
	muxbench_took(&b, NULL);
	muxbench_stop(&b);
}

/* A program may lose interest before the peer has answered. */
TEST(mux_out_close_before_confirmation)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, false);
	REQUIRE_EQ(mux_open(b.m, "t", none, &b, &id), E_OK);
	CHECK_EQ(mux_eof(b.m, id), E_STATE);
	CHECK_EQ(mux_request(b.m, id, "x", false, none), E_STATE);
	fakeport_clear(b.out);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(muxbench_feed(&b, "buuuu", 91, id, 9U, 10U, 10U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	muxbench_took(&b, "bu", CLOSE, 9U);
	REQUIRE_EQ(muxbench_feed(&b, "bus", DATA, id, "abc"), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "bu", CLOSE, id), E_OK);
	CHECK(b.ev.kind == MUX_CLOSED && b.ev.user == &b);
	CHECK_EQ(mux_channel_count(b.m), 0);
	/* Or it is refused anyway. */
	REQUIRE_EQ(mux_open(b.m, "t", none, &b, &id), E_OK);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "buuss", 92, id, 1U, "", ""), E_OK);
	CHECK_EQ(b.ev.kind, MUX_REFUSED);
	/* A channel of the peer is refused, not closed. */
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 1U, 1U, 1U), E_OK);
	CHECK_EQ(mux_close(b.m, b.ev.channel), E_STATE);
	muxbench_stop(&b);
}

TEST(mux_out_limits)
{
	static uint8_t big[DATA_MAX + 1];
	static char name[LIMIT_NAME + 2];
	struct muxbench b;
	uint32_t id;

	memset(name, 'n', LIMIT_NAME + 1);
	muxbench_start(&b, true);
	CHECK_EQ(mux_open(b.m, name, none, NULL, &id), E_LIMIT);
	CHECK_EQ(mux_open(b.m, "t", bytes_of(big, sizeof(big)), NULL, &id), E_LIMIT);
	CHECK_EQ(mux_opening_count(b.m), 0);
	for (int i = 0; i < LIMIT_OPENING; i++)
		REQUIRE_EQ(mux_open(b.m, "t", none, NULL, &id), E_OK);
	CHECK_EQ(mux_open(b.m, "t", none, NULL, &id), E_LIMIT);
	CHECK_EQ(mux_opening_count(b.m), LIMIT_OPENING);
	for (id = 0; id < LIMIT_OPENING; id++)
		REQUIRE_EQ(muxbench_feed(&b, "buuuu", 91, id, 1U, 1U, 1U), E_OK);
	while (mux_channel_count(b.m) < b.cfg.channels_max)
		REQUIRE_EQ(mux_open(b.m, "t", none, NULL, &id), E_OK);
	CHECK_EQ(mux_open(b.m, "t", none, NULL, &id), E_LIMIT);
	CHECK_EQ(mux_request(b.m, 0, name, false, none), E_LIMIT);
	CHECK_EQ(mux_request(b.m, 0, "x", false, bytes_of(big, sizeof(big))), E_LIMIT);
	CHECK_EQ(mux_global(b.m, name, false, none, 0), E_LIMIT);
	muxbench_stop(&b);
}

TEST(mux_out_failing_port)
{
	struct span pieces[4];
	struct muxbench b;
	uint32_t id, other;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	b.out->fails_in = 1;
	CHECK_EQ(mux_open(b.m, "t", none, NULL, &other), E_LIMIT);
	CHECK_EQ(mux_channel_count(b.m), 1);
	b.out->fails_in = 1;
	CHECK_EQ(mux_write(b.m, id, 0, bytes_str("x")), E_LIMIT);
	CHECK_EQ(mux_can_send(b.m, id), 1000);
	b.out->fails_in = 1;
	CHECK_EQ(mux_eof(b.m, id), E_LIMIT);
	b.out->fails_in = 1;
	CHECK_EQ(mux_close(b.m, id), E_LIMIT);
	b.out->fails_in = 1;
	CHECK_EQ(mux_keepalive(b.m), E_LIMIT);
	CHECK(!mux_keepalive_is_open(b.m));
	CHECK_EQ(mux_lend(b.m, id, 5, pieces, 4), 0);
	muxbench_stop(&b);
}

TEST(mux_out_failing_allocations)
{
	struct muxbench b;
	uint32_t id;
	unsigned n = 1;

	muxbench_start(&b, false);
	for (bool has_failed = true; has_failed; n++) {
		struct mux *m = NULL;

		failalloc_arm(n);
		if (mux_new(&b.cfg, &m) == E_OK && mux_open(m, "t", none, NULL, &id) == E_OK)
			CHECK(mux_global(m, "x", true, none, 1) == (n <= 4 ? E_NOMEM : E_OK));
		has_failed = failalloc_disarm();
		mux_free(m);
	}
	CHECK_EQ(n, 6);
	mux_free(NULL);
	muxbench_stop(&b);
}

TEST(mux_out_looking)
{
	struct mux_channel_info info;
	struct muxbench b;
	uint32_t id, at;

	muxbench_start(&b, false);
	id = muxbench_opened(&b, 5);
	REQUIRE_EQ(mux_write(b.m, id, 0, bytes_str("abc")), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bus", DATA, id, "abcdef"), E_OK);
	REQUIRE(mux_channel_info(b.m, id, &info));
	CHECK(info.id == id && info.peer_id == 5 && info.user == &b && info.is_open);
	CHECK(info.bytes_in == 6 && info.bytes_out == 3);
	CHECK(info.send_left == 997 && info.recv_left == 994);
	CHECK(!info.got_eof && !info.sent_eof && !info.sent_close);
	REQUIRE_EQ(mux_eof(b.m, id), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bu", EOF_, id), E_OK);
	REQUIRE(mux_channel_info(b.m, id, &info));
	CHECK(info.got_eof && info.sent_eof && !info.sent_close);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	REQUIRE(mux_channel_info(b.m, id, &info));
	CHECK(info.sent_close);
	REQUIRE_EQ(mux_open(b.m, "t", none, NULL, &at), E_OK);
	REQUIRE(mux_channel_info(b.m, at, &info));
	CHECK(!info.is_open);
	mux_set_user(b.m, at, &at);
	CHECK(mux_user(b.m, at) == &at);
	mux_set_user(b.m, 77, &at);
	CHECK(!mux_channel_info(b.m, 77, &info));
	at = 0;
	CHECK(mux_channel_next(b.m, &at) && at == 0);
	at++;
	CHECK(mux_channel_next(b.m, &at) && at == 1);
	at++;
	CHECK(!mux_channel_next(b.m, &at));
	CHECK_EQ(mux_channel_count(b.m), 2);
	muxbench_stop(&b);
}
