/* SPDX-License-Identifier: ISC */
#include "forward/tcpip.h"

#include "harness.h"
#include "hex.h"

/* RFC 4254 7.1: what ssh -R 2222:... sends behind the request name and want-reply. */
static const char localhost_2222[] = "00000009 6c6f63616c686f7374 000008ae";

static struct bytes from_hex(const char *hex, uint8_t *mem, size_t cap)
{
	return bytes_of(mem, hex_to(hex, mem, cap));
}

TEST(tcpip_listen_both_ways)
{
	uint8_t mem[64], out[64];
	struct bytes wire = from_hex(localhost_2222, mem, sizeof(mem));
	struct tcpip_listen got;
	size_t len;

	REQUIRE_EQ(tcpip_read_listen(wire, &got), E_OK);
	CHECK(bytes_is(got.host, "localhost"));
	CHECK_EQ(got.port, 2222);
	REQUIRE_EQ(tcpip_write_listen((struct span){out, sizeof(out)}, &got, &len), E_OK);
	CHECK_HEX(out, len, localhost_2222);
}

TEST(tcpip_listen_takes_the_empty_host_and_port_0)
{
	uint8_t mem[16];
	struct tcpip_listen got;

	REQUIRE_EQ(tcpip_read_listen(from_hex("00000000 00000000", mem, sizeof(mem)), &got), E_OK);
	CHECK_EQ(got.host.len, 0);
	CHECK_EQ(got.port, 0);
}

TEST(tcpip_listen_refuses_and_leaves_the_result)
{
	static const struct {
		const char *hex;
		enum err e;
	} bad[] = {
		{"", E_FORMAT},
		{"00000009 6c6f63616c686f7374 0008ae", E_FORMAT},
		{"ffffffff 6c", E_FORMAT},
		{"00000001 00 00000016", E_FORMAT}, /* a zero byte in a host */
		{"00000001 61 00000016 00", E_TRAILING},
		{"00000001 61 00010000", E_VALUE},
	};
	uint8_t mem[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct tcpip_listen got = {.port = 7};

		harness_note("%s", bad[i].hex);
		CHECK_EQ(tcpip_read_listen(from_hex(bad[i].hex, mem, sizeof(mem)), &got), bad[i].e);
		CHECK_EQ(got.port, 7);
	}
}

TEST(tcpip_reply_port)
{
	uint8_t mem[16], out[4];
	uint32_t port = 0;
	size_t len;

	REQUIRE_EQ(tcpip_read_port(from_hex("0000d903", mem, sizeof(mem)), &port), E_OK);
	CHECK_EQ(port, 55555);
	REQUIRE_EQ(tcpip_write_port((struct span){out, sizeof(out)}, port, &len), E_OK);
	CHECK_HEX(out, len, "0000d903");
	CHECK_EQ(tcpip_read_port(from_hex("00000000", mem, sizeof(mem)), &port), E_VALUE);
	CHECK_EQ(tcpip_read_port(from_hex("00010000", mem, sizeof(mem)), &port), E_VALUE);
	CHECK_EQ(tcpip_read_port(from_hex("0000d9", mem, sizeof(mem)), &port), E_FORMAT);
	CHECK_EQ(tcpip_read_port(from_hex("0000d90300", mem, sizeof(mem)), &port), E_TRAILING);
	CHECK_EQ(port, 55555);
}

static const char open_visitor[] = "00000009 6c6f63616c686f7374 000008ae"
				   "0000000b 3230332e302e3131332e37 0000cafe";

TEST(tcpip_open_both_ways)
{
	uint8_t mem[64], out[64];
	struct tcpip_open got;
	size_t len;

	REQUIRE_EQ(tcpip_read_open(from_hex(open_visitor, mem, sizeof(mem)), &got), E_OK);
	CHECK(bytes_is(got.host, "localhost"));
	CHECK_EQ(got.port, 2222);
	CHECK(bytes_is(got.originator, "203.0.113.7"));
	CHECK_EQ(got.originator_port, 0xcafe);
	REQUIRE_EQ(tcpip_write_open((struct span){out, sizeof(out)}, &got, &len), E_OK);
	CHECK_HEX(out, len, open_visitor);
}

TEST(tcpip_open_every_cut_is_refused)
{
	uint8_t mem[64];
	struct bytes whole = from_hex(open_visitor, mem, sizeof(mem));

	for (size_t n = 0; n < whole.len; n++) {
		struct tcpip_open got;

		harness_note("%zu of %zu bytes", n, whole.len);
		CHECK_EQ(tcpip_read_open(bytes_of(mem, n), &got), E_FORMAT);
	}
	mem[whole.len] = 0;
	CHECK_EQ(
		tcpip_read_open(bytes_of(mem, whole.len + 1), &(struct tcpip_open){0}), E_TRAILING);
}

TEST(tcpip_open_ports_are_checked)
{
	uint8_t mem[64];
	struct tcpip_open got;
	struct bytes wire = from_hex(open_visitor, mem, sizeof(mem));

	mem[14] = 1; /* the listening port becomes 0x000108ae */
	CHECK_EQ(tcpip_read_open(wire, &got), E_VALUE);
	mem[14] = 0;
	mem[wire.len - 3] = 1;
	CHECK_EQ(tcpip_read_open(wire, &got), E_VALUE);
}

TEST(tcpip_writers_say_when_there_is_no_room)
{
	uint8_t out[64];
	const struct tcpip_open open = {bytes_str("h"), 1, bytes_str("o"), 2};
	const struct tcpip_listen listen = {bytes_str("h"), 1};
	size_t len = 99;

	for (size_t room = 0; room < 18; room++)
		CHECK_EQ(tcpip_write_open((struct span){out, room}, &open, &len), E_LIMIT);
	for (size_t room = 0; room < 9; room++)
		CHECK_EQ(tcpip_write_listen((struct span){out, room}, &listen, &len), E_LIMIT);
	CHECK_EQ(tcpip_write_port((struct span){out, 3}, 1, &len), E_LIMIT);
	CHECK_EQ(len, 99);
}

TEST(tcpip_a_host_has_a_limit)
{
	static uint8_t out[2048], long_host[1025];
	struct tcpip_listen in = {bytes_of(long_host, sizeof(long_host)), 22}, got;
	size_t len;

	memset(long_host, 'a', sizeof(long_host));
	REQUIRE_EQ(tcpip_write_listen((struct span){out, sizeof(out)}, &in, &len), E_OK);
	CHECK_EQ(tcpip_read_listen(bytes_of(out, len), &got), E_FORMAT);
	in.host.len--;
	REQUIRE_EQ(tcpip_write_listen((struct span){out, sizeof(out)}, &in, &len), E_OK);
	CHECK_EQ(tcpip_read_listen(bytes_of(out, len), &got), E_OK);
}
