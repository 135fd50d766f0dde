/* SPDX-License-Identifier: ISC */
/* The bytes of CHANNEL_OPEN and its answers, by RFC 4254 5.1. */
#include "mux/opening.h"

#include "fakeport.h"
#include "harness.h"

static struct fakeport *port;

static const char open_hex[] = "5a 00000007 73657373696f6e 00000005 00010000 00008000 787a";
static const char yes_hex[] = "5b 00000005 00000009 00020000 00004000 787a";
static const char no_hex[] = "5c 00000005 00000002 00000003 776879 00000000";

static struct bytes sent(const char *hex)
{
	struct bytes m = fakeport_take(port);

	CHECK_HEX(m.ptr, m.len, hex);
	return m;
}

/* A reader behind the message number, cut at n. */
static struct reader reader_at(struct bytes m, size_t n)
{
	struct reader r;

	rd_init(&r, bytes_of(m.ptr + 1, n));
	return r;
}

TEST(opening_open)
{
	struct opening o = {bytes_str("session"), 5, 0x10000, 0x8000, bytes_str("xz")}, got;
	struct port p;
	struct reader r;
	struct bytes m;

	port = fakeport_new();
	p = fakeport_port(port);
	REQUIRE_EQ(opening_send(&p, &o), E_OK);
	m = sent(open_hex);
	for (size_t n = 0; n < m.len; n++) {
		r = reader_at(m, n);
		CHECK_EQ(opening_read(&r, &got), n < m.len - 3 ? E_FORMAT : E_OK);
	}
	CHECK(bytes_is(got.type, "session") && bytes_is(got.extra, "xz"));
	CHECK(got.sender == 5 && got.window == 0x10000 && got.packet_max == 0x8000);
	o.packet_max = 0;
	REQUIRE_EQ(opening_send(&p, &o), E_OK);
	m = fakeport_take(port);
	r = reader_at(m, m.len - 1);
	CHECK_EQ(opening_read(&r, &got), E_FORMAT);
	fakeport_free(port);
}

TEST(opening_yes)
{
	struct opening_yes o = {5, 9, 0x20000, 0x4000, bytes_str("xz")}, got;
	struct port p;
	struct reader r;
	struct bytes m;

	port = fakeport_new();
	p = fakeport_port(port);
	REQUIRE_EQ(opening_send_yes(&p, &o), E_OK);
	m = sent(yes_hex);
	for (size_t n = 0; n < m.len; n++) {
		r = reader_at(m, n);
		CHECK_EQ(opening_read_yes(&r, &got), n < m.len - 3 ? E_FORMAT : E_OK);
	}
	CHECK(got.recipient == 5 && got.sender == 9 && got.window == 0x20000);
	CHECK(got.packet_max == 0x4000 && bytes_is(got.extra, "xz"));
	o.packet_max = 0;
	REQUIRE_EQ(opening_send_yes(&p, &o), E_OK);
	m = fakeport_take(port);
	r = reader_at(m, m.len - 1);
	CHECK_EQ(opening_read_yes(&r, &got), E_FORMAT);
	fakeport_free(port);
}

TEST(opening_no)
{
	struct opening_no o = {5, 2, bytes_str("why")}, got;
	struct port p;
	struct reader r;
	struct bytes m;

	port = fakeport_new();
	p = fakeport_port(port);
	REQUIRE_EQ(opening_send_no(&p, &o), E_OK);
	m = sent(no_hex);
	for (size_t n = 0; n < m.len; n++) {
		r = reader_at(m, n);
		CHECK_EQ(opening_read_no(&r, &got), n < m.len - 1 ? E_FORMAT : E_OK);
	}
	CHECK(got.recipient == 5 && got.reason == 2 && bytes_is(got.text, "why"));
	fakeport_free(port);
}
