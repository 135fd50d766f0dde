/* SPDX-License-Identifier: ISC */
#include "forward/flow.h"

#include "harness.h"

#include <stdlib.h>

enum { LEN = 64 };

struct packet {
	uint8_t mem[LEN];
};

static struct packet ipv4(uint8_t proto, uint8_t from, uint8_t port)
{
	struct packet p = {{0x45}};

	p.mem[9] = proto;
	p.mem[15] = from;
	p.mem[21] = port;
	return p;
}

static struct packet ipv6(uint8_t proto, uint8_t from, uint8_t port)
{
	struct packet p = {{0x60}};

	p.mem[6] = proto;
	p.mem[23] = from;
	p.mem[41] = port;
	return p;
}

static uint32_t of(enum tun_mode mode, struct packet p)
{
	return flow_of(mode, bytes_of(p.mem, sizeof(p.mem)), 7);
}

static uint32_t of_ip(struct packet p)
{
	return of(TUN_POINT_TO_POINT, p);
}

TEST(flow_is_made_of_addresses_protocol_and_ports)
{
	struct packet (*const makers[])(uint8_t, uint8_t, uint8_t) = {ipv4, ipv6};

	for (size_t i = 0; i < 2; i++) {
		struct packet one = makers[i](6, 1, 1), twin = one;

		twin.mem[LEN - 1] = 9;
		CHECK_EQ(of_ip(one), of_ip(twin));
		CHECK(of_ip(one) != of_ip(makers[i](17, 1, 1)));
		CHECK(of_ip(one) != of_ip(makers[i](6, 2, 1)));
		CHECK(of_ip(one) != of_ip(makers[i](6, 1, 2)));
		/* What stands there is no port. */
		CHECK_EQ(of_ip(makers[i](1, 1, 1)), of_ip(makers[i](1, 1, 2)));
	}
	CHECK(flow_of(TUN_POINT_TO_POINT, bytes_of(ipv4(6, 1, 1).mem, LEN), 1) !=
		flow_of(TUN_POINT_TO_POINT, bytes_of(ipv4(6, 1, 1).mem, LEN), 2));
}

TEST(flow_of_fragments_is_one)
{
	struct packet first = ipv4(17, 1, 1), second = ipv4(17, 1, 99);

	first.mem[6] = 0x20;
	second.mem[7] = 10;
	CHECK_EQ(of_ip(first), of_ip(second));
}

TEST(flow_of_frames)
{
	struct packet inner = ipv4(6, 1, 1), frame = {{0}}, tagged = {{0}}, other;

	memcpy(frame.mem + 12, "\x08\0", 2);
	memcpy(frame.mem + 14, inner.mem, LEN - 14);
	other = frame;
	other.mem[0] = 9; /* addresses of the link do not matter where there are better ones */
	CHECK_EQ(of(TUN_ETHERNET, frame), of(TUN_ETHERNET, other));
	other.mem[14 + 21] = 9;
	CHECK(of(TUN_ETHERNET, frame) != of(TUN_ETHERNET, other));
	memcpy(tagged.mem + 12, "\x81\0\0\5\x08\0", 6);
	memcpy(tagged.mem + 18, inner.mem, LEN - 18);
	other = tagged;
	other.mem[18 + 21] = 9;
	CHECK(of(TUN_ETHERNET, tagged) != of(TUN_ETHERNET, other));
	other = tagged;
	other.mem[15] = 6;
	CHECK(of(TUN_ETHERNET, tagged) != of(TUN_ETHERNET, other));
	memcpy(frame.mem + 12, "\x08\6", 2);
	other = frame;
	other.mem[0] = 9;
	CHECK(of(TUN_ETHERNET, frame) != of(TUN_ETHERNET, other));
}

/* Nothing is read behind the end (the sanitizers look on). */
TEST(flow_of_short_packets)
{
	for (size_t n = 0; n < LEN; n++) {
		uint8_t *exact = malloc(n + 1);
		struct packet p = n % 2 ? ipv4(6, 1, 1) : ipv6(6, 1, 1);

		REQUIRE(exact != NULL);
		memcpy(exact, p.mem, n);
		(void)flow_of(TUN_POINT_TO_POINT, bytes_of(exact, n), 0);
		memcpy(exact + (n > 13 ? 12 : 0), "\x81", n > 13 ? 1 : 0);
		(void)flow_of(TUN_ETHERNET, bytes_of(exact, n), 0);
		free(exact);
	}
}
