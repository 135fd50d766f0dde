/* SPDX-License-Identifier: ISC */
/* What a peer may and may not send on the connection protocol: every rule with the message that
 * breaks it. */
#include "failalloc.h"
#include "muxbench.h"

#include <malloc.h>

TEST(mux_in_open_and_accept)
{
	struct muxbench b;
	int user;

	muxbench_start(&b, true);
	REQUIRE_EQ(
		muxbench_feed(&b, "bsuuur", 90, "forwarded-tcpip", 7U, 500U, 64U, "extra"), E_OK);
	CHECK_EQ(b.ev.kind, MUX_OPEN);
	CHECK(bytes_is(b.ev.name, "forwarded-tcpip") && bytes_is(b.ev.data, "extra"));
	CHECK_EQ(b.ev.channel, 0);
	CHECK(b.ev.user == NULL);
	muxbench_took(&b, NULL);
	CHECK_EQ(mux_can_send(b.m, 0), 0);
	REQUIRE_EQ(mux_accept(b.m, 0, &user), E_OK);
	muxbench_took(&b, "buuuu", 91, 7U, 0U, 1000U, 100U);
	CHECK_EQ(mux_can_send(b.m, 0), 500);
	CHECK(mux_user(b.m, 0) == &user);
	CHECK_EQ(mux_accept(b.m, 0, &user), E_STATE);
	CHECK_EQ(mux_refuse(b.m, 0, 1, "no"), E_STATE);
	/* The event of data names the user. */
	REQUIRE_EQ(muxbench_feed(&b, "buz", DATA, 0U, 3U), E_OK);
	CHECK(b.ev.kind == MUX_DATA && b.ev.user == &user && b.ev.data.len == 3);
	muxbench_stop(&b);
}

TEST(mux_in_open_and_refuse)
{
	struct muxbench b;

	muxbench_start(&b, true);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "session", 7U, 500U, 64U), E_OK);
	REQUIRE_EQ(mux_refuse(b.m, 0, OPEN_ADMINISTRATIVELY_PROHIBITED, "not here"), E_OK);
	muxbench_took(&b, "buuss", 92, 7U, 1U, "not here", "");
	CHECK_EQ(mux_channel_count(b.m), 0);
	CHECK_EQ(mux_refuse(b.m, 0, 1, ""), E_STATE);
	muxbench_stop(&b);
}

TEST(mux_in_our_open_is_confirmed_or_refused)
{
	struct muxbench b;
	uint32_t id;
	int user;

	muxbench_start(&b, false);
	REQUIRE_EQ(mux_open(b.m, "direct", bytes_str("xy"), &user, &id), E_OK);
	muxbench_took(&b, "bsuuur", 90, "direct", id, 1000U, 100U, "xy");
	REQUIRE_EQ(muxbench_feed(&b, "buuuur", 91, id, 77U, 500U, 64U, "more"), E_OK);
	CHECK(b.ev.kind == MUX_OPENED && b.ev.channel == id && b.ev.user == &user);
	CHECK(bytes_is(b.ev.data, "more"));
	/* It is open now. */
	muxbench_breaks(&b, muxbench_feed(&b, "buuuu", 91, id, 77U, 500U, 64U), E_PROTO);
	muxbench_breaks(&b, muxbench_feed(&b, "buuss", 92, id, 1U, "no", ""), E_PROTO);
	REQUIRE_EQ(mux_open(b.m, "direct", (struct bytes){0}, &user, &id), E_OK);
	CHECK_EQ(id, 1);
	REQUIRE_EQ(muxbench_feed(&b, "buuss", 92, id, 2U, "no way", "en"), E_OK);
	CHECK(b.ev.kind == MUX_REFUSED && b.ev.channel == id && b.ev.user == &user);
	CHECK(b.ev.code == 2 && bytes_is(b.ev.data, "no way"));
	CHECK_EQ(mux_channel_count(b.m), 1);
	CHECK(mux_user(b.m, id) == NULL);
	muxbench_breaks(&b, muxbench_feed(&b, "buuss", 92, id, 2U, "", ""), E_PROTO);
	/* A channel of the peer cannot be confirmed by the peer. */
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 7U, 500U, 64U), E_OK);
	muxbench_breaks(&b, muxbench_feed(&b, "buuuu", 91, b.ev.channel, 7U, 500U, 64U), E_PROTO);
	muxbench_stop(&b);
}

/* Every message that is cut, or goes on too long, is malformed and changes nothing. */
TEST(mux_in_malformed)
{
	static const struct {
		const char *message;
		size_t len;
		bool may_go_on; /* what follows belongs to the type */
	} rows[] = {
		{"\x50\0\0\0\1x\0", 7, true},
		{"\x51", 1, true},
		{"\x52", 1, false},
		{"\x5a\0\0\0\1t\0\0\0\1\0\0\0\1\0\0\0\1", 18, true},
		{"\x5b\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1", 17, true},
		{"\x5c\0\0\0\0\0\0\0\1\0\0\0\1x\0\0\0\1x", 19, false},
		{"\x5d\0\0\0\0\0\0\0\1", 9, false},
		{"\x5e\0\0\0\0\0\0\0\1x", 10, false},
		{"\x5f\0\0\0\0\0\0\0\1\0\0\0\1x", 14, false},
		{"\x60\0\0\0\0", 5, false},
		{"\x61\0\0\0\0", 5, false},
		{"\x62\0\0\0\0\0\0\0\1x\0", 11, true},
		{"\x63\0\0\0\0", 5, false},
		{"\x64\0\0\0\0", 5, false},
	};
	struct muxbench b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t longer[32] = {0};

		harness_note("row %zu", i);
		muxbench_start(&b, true);
		muxbench_opened(&b, 5);
		memcpy(longer, rows[i].message, rows[i].len);
		for (size_t n = 1; n < rows[i].len; n++) {
			b.f = (struct fault){0};
			muxbench_breaks(&b, mux_on(b.m, bytes_of(rows[i].message, n), &b.ev, &b.f),
				E_FORMAT);
		}
		b.f = (struct fault){0};
		if (!rows[i].may_go_on)
			muxbench_breaks(&b,
				mux_on(b.m, bytes_of(longer, rows[i].len + 1), &b.ev, &b.f),
				E_FORMAT);
		CHECK_EQ(mux_channel_count(b.m), 1);
		muxbench_took(&b, NULL);
		muxbench_stop(&b);
	}
	muxbench_start(&b, true);
	muxbench_breaks(&b, muxbench_feed(&b, "bsuuu", 90, "t", 1U, 1U, 0U), E_FORMAT);
	muxbench_opened(&b, 5);
	muxbench_breaks(&b, muxbench_feed(&b, "buuz", EXTENDED, 0U, 0U, 1U), E_FORMAT);
	muxbench_stop(&b);
}

TEST(r9_mux_in_numbers_of_others)
{
	struct muxbench b;

	muxbench_start(&b, true);
	for (unsigned msg = 0; msg < 256; msg++) {
		if (msg < 80 || (msg > 82 && msg < 90) || msg > 100)
			muxbench_breaks(&b, muxbench_feed(&b, "b", (int)msg), E_PROTO);
	}
	muxbench_breaks(&b, mux_on(b.m, (struct bytes){0}, &b.ev, &b.f), E_PROTO);
	muxbench_stop(&b);
}

/* R13: one look-up; nothing reaches a channel that is not there. CVE-2002-0083 was off by one. */
TEST(r13_cve_2002_0083_mux_in_unknown_channels)
{
	static const uint32_t ids[] = {1, 2, 199, 200, 201, 0x7fffffff, 0x80000000, 0xffffffff};
	struct muxbench b;

	muxbench_start(&b, true);
	muxbench_accepted(&b, 5);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		muxbench_breaks(&b, muxbench_feed(&b, "buuuu", 91, ids[i], 1U, 1U, 1U), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "buuss", 92, ids[i], 1U, "", ""), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "buu", ADJUST, ids[i], 1U), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, ids[i], 1U), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "buuz", EXTENDED, ids[i], 1U, 1U), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "bu", EOF_, ids[i]), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "bu", CLOSE, ids[i]), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "busb", REQUEST, ids[i], "x", 1), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "bu", SUCCESS, ids[i]), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "bu", FAILURE, ids[i]), E_PROTO);
	}
	muxbench_took(&b, NULL);
	muxbench_stop(&b);
}

TEST(r9_mux_in_half_open_channels)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	REQUIRE_EQ(mux_open(b.m, "t", (struct bytes){0}, NULL, &id), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 7U, 500U, 64U), E_OK);
	for (id = 0; id < 2; id++) {
		muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 1U), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "bu", EOF_, id), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "bu", CLOSE, id), E_PROTO);
		muxbench_breaks(&b, muxbench_feed(&b, "busb", REQUEST, id, "x", 0), E_PROTO);
		CHECK_EQ(muxbench_feed(&b, "bu", SUCCESS, id), E_OK);
		CHECK_EQ(muxbench_feed(&b, "buu", ADJUST, id, 9U), E_OK);
		CHECK_EQ(b.ev.kind, MUX_NOTHING);
		CHECK_EQ(mux_can_send(b.m, id), 0);
	}
	muxbench_stop(&b);
}

/* R25: the window to the byte, and packets to the byte. */
TEST(r25_mux_in_windows_and_packets)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 101U), E_LIMIT);
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 256U * 1024 + 1), E_FORMAT);
	for (int i = 0; i < 9; i++) {
		REQUIRE_EQ(muxbench_feed(&b, "buz", DATA, id, 100U), E_OK);
		CHECK(b.ev.kind == MUX_DATA && b.ev.code == 0);
	}
	/* Extended data uses the same window (RFC 4254 5.2). */
	REQUIRE_EQ(muxbench_feed(&b, "buuz", EXTENDED, id, 1U, 99U), E_OK);
	CHECK(b.ev.kind == MUX_DATA && b.ev.code == 1 && b.ev.data.len == 99);
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 2U), E_LIMIT);
	CHECK_EQ(muxbench_feed(&b, "buz", DATA, id, 0U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	CHECK_EQ(muxbench_feed(&b, "buz", DATA, id, 1U), E_OK);
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 1U), E_LIMIT);
	/* What is consumed is given back, and then it may come again. */
	CHECK_EQ(mux_consumed(b.m, id, 1001), E_STATE);
	REQUIRE_EQ(mux_consumed(b.m, id, 300), E_OK);
	muxbench_took(&b, "buu", ADJUST, 5U, 300U);
	CHECK_EQ(muxbench_feed(&b, "buz", DATA, id, 100U), E_OK);
	muxbench_stop(&b);
}

/* R24 on a channel; the limit is not reached by less. */
TEST(r24_cve_2025_54804_mux_in_window_adjusts)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 0xffffffffU - 1000), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING); /* it was not empty */
	CHECK_EQ(mux_can_send(b.m, id), 0xffffffff);
	CHECK_EQ(muxbench_feed(&b, "buu", ADJUST, id, 0U), E_OK);
	muxbench_breaks(&b, muxbench_feed(&b, "buu", ADJUST, id, 1U), E_LIMIT);
	muxbench_breaks(&b, muxbench_feed(&b, "buu", ADJUST, id, 0xffffffffU), E_LIMIT);
	muxbench_stop(&b);
}

TEST(mux_in_window_event)
{
	struct muxbench b;
	uint8_t data[1000] = {0};
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	REQUIRE_EQ(mux_write(b.m, id, 0, bytes_of(data, 1000)), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 0U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 5U), E_OK);
	CHECK(b.ev.kind == MUX_WINDOW && b.ev.channel == id && b.ev.user == &b);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 5U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	/* Too short for a piece counts as well. */
	CHECK_EQ(mux_write(b.m, id, 0, bytes_of(data, 11)), E_AGAIN);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 1U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_WINDOW);
	REQUIRE_EQ(mux_write(b.m, id, 0, bytes_of(data, 11)), E_OK);
	/* RFC 4254 5.3: legal after our EOF, of no use. */
	REQUIRE_EQ(mux_eof(b.m, id), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 5U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	muxbench_stop(&b);
}

TEST(mux_in_eof_is_half)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	for (int i = 0; i < 5; i++)
		REQUIRE_EQ(muxbench_feed(&b, "buz", DATA, id, 100U), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bu", EOF_, id), E_OK);
	CHECK(b.ev.kind == MUX_EOF && b.ev.channel == id);
	muxbench_breaks(&b, muxbench_feed(&b, "bu", EOF_, id), E_PROTO);
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 1U), E_PROTO);
	muxbench_breaks(&b, muxbench_feed(&b, "buuz", EXTENDED, id, 1U, 1U), E_PROTO);
	/* Ours goes on; and no credit is given that nobody could use. */
	CHECK_EQ(mux_can_send(b.m, id), 1000);
	REQUIRE_EQ(mux_write(b.m, id, 0, bytes_str("x")), E_OK);
	muxbench_took(&b, "bus", DATA, 5U, "x");
	REQUIRE_EQ(mux_consumed(b.m, id, 500), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "exit-status", 0), E_OK);
	CHECK_EQ(b.ev.kind, MUX_REQUEST);
	REQUIRE_EQ(muxbench_feed(&b, "bu", CLOSE, id), E_OK);
	CHECK_EQ(b.ev.kind, MUX_CLOSED);
	muxbench_took(&b, "bu", CLOSE, 5U);
	muxbench_stop(&b);
}

TEST(mux_in_close_is_answered_at_once)
{
	struct muxbench b;
	uint32_t id, next;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	next = muxbench_accepted(&b, 6);
	REQUIRE_EQ(muxbench_feed(&b, "bu", CLOSE, id), E_OK);
	CHECK(b.ev.kind == MUX_CLOSED && b.ev.channel == id && b.ev.user == &b);
	muxbench_took(&b, "bu", CLOSE, 5U);
	muxbench_took(&b, NULL);
	/* The number is dead for the program as well. */
	CHECK(mux_user(b.m, id) == NULL);
	CHECK_EQ(mux_can_send(b.m, id), 0);
	CHECK_EQ(mux_write(b.m, id, 0, bytes_str("x")), E_STATE);
	CHECK_EQ(mux_eof(b.m, id), E_STATE);
	CHECK_EQ(mux_close(b.m, id), E_STATE);
	CHECK_EQ(mux_consumed(b.m, id, 0), E_STATE);
	CHECK_EQ(mux_request(b.m, id, "x", false, (struct bytes){0}), E_STATE);
	CHECK_EQ(mux_request_reply(b.m, id, true), E_STATE);
	CHECK_EQ(mux_commit(b.m, id, 0), E_STATE);
	muxbench_took(&b, NULL);
	/* For the peer too, but for what may have crossed. */
	muxbench_breaks(&b, muxbench_feed(&b, "bu", CLOSE, id), E_PROTO);
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 1U), E_PROTO);
	muxbench_breaks(&b, muxbench_feed(&b, "bu", EOF_, id), E_PROTO);
	muxbench_breaks(&b, muxbench_feed(&b, "busb", REQUEST, id, "x", 1), E_PROTO);
	for (int i = 0; i < 3 * LIMIT_STRAY; i++) {
		REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 0xffffffffU), E_OK);
		REQUIRE_EQ(muxbench_feed(&b, "bu", SUCCESS, id), E_OK);
		REQUIRE_EQ(muxbench_feed(&b, "bu", FAILURE, id), E_OK);
		CHECK_EQ(b.ev.kind, MUX_NOTHING);
	}
	CHECK_EQ(mux_channel_count(b.m), 1);
	CHECK_EQ(muxbench_accepted(&b, 7), id);
	CHECK(next != id);
	muxbench_stop(&b);
}

/* What crosses our CLOSE is dropped without a word, but not without a bound. R26. */
TEST(r26_mux_in_after_our_close)
{
	struct muxbench b;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	for (int i = 0; i < 6; i++)
		REQUIRE_EQ(muxbench_feed(&b, "buz", DATA, id, 50U), E_OK);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	muxbench_took(&b, "bu", CLOSE, 5U);
	for (int i = 0; i < 7; i++) {
		REQUIRE_EQ(muxbench_feed(&b, "buz", DATA, id, 100U), E_OK);
		CHECK_EQ(b.ev.kind, MUX_NOTHING);
	}
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 1U), E_LIMIT);
	REQUIRE_EQ(mux_consumed(b.m, id, 300), E_OK); /* no credit */
	muxbench_took(&b, NULL);
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "x", 1), E_OK); /* no reply */
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "busb", REQUEST, id, "keepalive@openssh.com", 1), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 0xffffffffU), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "buu", ADJUST, id, 0xffffffffU), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bu", SUCCESS, id), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	REQUIRE_EQ(muxbench_feed(&b, "bu", EOF_, id), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	muxbench_breaks(&b, muxbench_feed(&b, "bu", EOF_, id), E_PROTO);
	muxbench_breaks(&b, muxbench_feed(&b, "buz", DATA, id, 1U), E_PROTO);
	/* The number is not used again before the peer's CLOSE. */
	CHECK(muxbench_accepted(&b, 6) != id);
	REQUIRE_EQ(muxbench_feed(&b, "bu", CLOSE, id), E_OK);
	CHECK(b.ev.kind == MUX_CLOSED && b.ev.channel == id);
	muxbench_took(&b, NULL);
	CHECK_EQ(muxbench_accepted(&b, 7), id);
	muxbench_stop(&b);
}

/* R27: refused channels leave nothing behind, whichever side refuses. */
TEST(r27_mux_in_a_million_refused_opens)
{
	struct muxbench b;
	size_t used_before = 0, used_after;
	uint32_t id;

	muxbench_start(&b, true);
	for (int i = 0; i < 500 * 1000; i++) {
		if (i == 1) /* the first makes the tables */
			used_before = mallinfo2().uordblks;
		REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "x11", 1U, 1U, 1U), E_OK);
		REQUIRE_EQ(b.ev.channel, 0);
		REQUIRE_EQ(mux_refuse(b.m, 0, 1, "no"), E_OK);
		REQUIRE_EQ(mux_open(b.m, "t", (struct bytes){0}, NULL, &id), E_OK);
		REQUIRE_EQ(muxbench_feed(&b, "buuss", 92, id, 1U, "", ""), E_OK);
		fakeport_clear(b.out);
	}
	used_after = mallinfo2().uordblks;
	CHECK(used_after <= used_before);
	CHECK_EQ(mux_channel_count(b.m), 0);
	muxbench_stop(&b);
}

TEST(r27_mux_in_bounds_channels_being_opened)
{
	struct muxbench b;
	uint32_t accepted = 0;

	muxbench_start(&b, true);
	for (int i = 0; i < LIMIT_OPENING; i++)
		REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 1U, 1U, 1U), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 9U, 1U, 1U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	muxbench_took(&b, "buuss", 92, 9U, 4U, "too many channels wait to be opened", "");
	REQUIRE_EQ(mux_accept(b.m, accepted++, NULL), E_OK);
	fakeport_clear(b.out);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 9U, 1U, 1U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_OPEN);
	/* And all channels. */
	while (mux_channel_count(b.m) < b.cfg.channels_max) {
		REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 1U, 1U, 1U), E_OK);
		if (b.ev.kind == MUX_NOTHING)
			REQUIRE_EQ(mux_accept(b.m, accepted++, NULL), E_OK);
	}
	REQUIRE_EQ(mux_accept(b.m, accepted, NULL), E_OK);
	fakeport_clear(b.out);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 9U, 1U, 1U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	muxbench_took(&b, "buuss", 92, 9U, 4U, "too many channels", "");
	muxbench_stop(&b);
}

/* An sshd opens a channel for every visitor as it comes, answered or not. */
TEST(mux_in_a_client_takes_a_crowd)
{
	struct muxbench b;

	muxbench_start(&b, false);
	mux_free(b.m);
	b.cfg.channels_max = LIMIT_CHANNELS;
	REQUIRE_EQ(mux_new(&b.cfg, &b.m), E_OK);
	for (int i = 0; i < LIMIT_OPENING_CLIENT; i++) {
		REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 1U, 1U, 1U), E_OK);
		REQUIRE_EQ(b.ev.kind, MUX_OPEN);
	}
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 9U, 1U, 1U), E_OK);
	CHECK_EQ(b.ev.kind, MUX_NOTHING);
	muxbench_took(&b, "buuss", 92, 9U, 4U, "too many channels wait to be opened", "");
	muxbench_stop(&b);
}

TEST(mux_in_out_of_memory_refuses)
{
	struct muxbench b;

	muxbench_start(&b, true);
	for (unsigned n = 1; n <= 2; n++) {
		failalloc_arm(n);
		CHECK_EQ(muxbench_feed(&b, "bsuuu", 90, "t", 9U, 1U, 1U), E_OK);
		CHECK(failalloc_disarm());
		CHECK_EQ(b.ev.kind, MUX_NOTHING);
		muxbench_took(&b, "buuss", 92, 9U, 4U, "out of memory", "");
		CHECK_EQ(mux_channel_count(b.m), 0);
	}
	muxbench_accepted(&b, 5);
	muxbench_stop(&b);
}
