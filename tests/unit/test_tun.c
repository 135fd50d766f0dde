/* SPDX-License-Identifier: ISC */
#include "forward/tun.h"

#include "harness.h"

static uint8_t memory[TUN_DATA_MAX + 8];

/* An IP packet of n bytes behind room for its head. */
static struct span packet_of(uint8_t version, size_t n)
{
	memset(memory, 0xee, sizeof(memory));
	memory[TUN_FAMILY] = (uint8_t)(version << 4);
	return (struct span){memory, TUN_FAMILY + n};
}

static enum err read_back(enum tun_mode mode, struct span data, struct bytes *packet)
{
	return tun_read_packet(mode, bytes_of(data.ptr, data.len), packet);
}

TEST(tun_open)
{
	struct tun_open open = {.mode = TUN_ETHERNET, .unit = TUN_UNIT_ANY}, got;
	size_t len = 0;

	REQUIRE_EQ(tun_write_open((struct span){memory, sizeof(memory)}, &open, &len), E_OK);
	REQUIRE_EQ(len, 8);
	CHECK(memcmp(memory, "\0\0\0\2\x7f\xff\xff\xff", 8) == 0);
	REQUIRE_EQ(tun_read_open(bytes_of(memory, len), &got), E_OK);
	CHECK_EQ(got.mode, TUN_ETHERNET);
	CHECK_EQ(got.unit, TUN_UNIT_ANY);
	for (size_t cut = 0; cut < len; cut++)
		CHECK_EQ(tun_read_open(bytes_of(memory, cut), &got), E_FORMAT);
	memory[8] = 2;
	CHECK_EQ(tun_read_open(bytes_of(memory, 9), &got), E_VALUE);
	CHECK(!got.wants_address);
	open.wants_address = true;
	REQUIRE_EQ(tun_write_open((struct span){memory, sizeof(memory)}, &open, &len), E_OK);
	REQUIRE_EQ(len, TUN_OPEN_LEN);
	REQUIRE_EQ(tun_read_open(bytes_of(memory, len), &got), E_OK);
	CHECK(got.wants_address && got.mode == TUN_ETHERNET);
	CHECK_EQ(tun_read_open(bytes_of(memory, len + 1), &got), E_TRAILING);
	CHECK_EQ(tun_read_open(bytes_of("\0\0\0\1\x80\0\0\0", 8), &got), E_VALUE);
	CHECK_EQ(tun_read_open(bytes_of("\0\0\0\0\0\0\0\0", 8), &got), E_VALUE);
	CHECK_EQ(tun_read_open(bytes_of("\0\0\0\3\0\0\0\0", 8), &got), E_VALUE);
	REQUIRE_EQ(tun_read_open(bytes_of("\0\0\0\1\0\0\0\7", 8), &got), E_OK);
	CHECK_EQ(got.mode, TUN_POINT_TO_POINT);
	CHECK_EQ(got.unit, 7);
}

TEST(tun_packets_of_layer_3)
{
	struct bytes packet;
	struct span data = packet_of(4, 20);

	REQUIRE_EQ(tun_write_head(TUN_POINT_TO_POINT, data), E_OK);
	CHECK(memcmp(memory, "\0\0\0\2\x40", 5) == 0);
	REQUIRE_EQ(read_back(TUN_POINT_TO_POINT, data, &packet), E_OK);
	CHECK(packet.ptr == memory + 4 && packet.len == 20);

	data = packet_of(6, 40);
	REQUIRE_EQ(tun_write_head(TUN_POINT_TO_POINT, data), E_OK);
	CHECK(memcmp(memory, "\0\0\0\x18\x60", 5) == 0);
	REQUIRE_EQ(read_back(TUN_POINT_TO_POINT, data, &packet), E_OK);
	CHECK_EQ(packet.len, 40);
	/* The family has to be the packet's own. */
	store_be32(memory, TUN_INET);
	CHECK_EQ(read_back(TUN_POINT_TO_POINT, data, &packet), E_FORMAT);
	store_be32(memory, 10);
	CHECK_EQ(read_back(TUN_POINT_TO_POINT, data, &packet), E_FORMAT);
}

TEST(tun_packets_that_are_none)
{
	struct bytes packet;
	struct span data;

	data = packet_of(4, 19);
	CHECK_EQ(tun_write_head(TUN_POINT_TO_POINT, data), E_FORMAT);
	store_be32(memory, TUN_INET);
	CHECK_EQ(read_back(TUN_POINT_TO_POINT, data, &packet), E_FORMAT);
	CHECK_EQ(tun_write_head(TUN_POINT_TO_POINT, packet_of(6, 39)), E_FORMAT);
	CHECK_EQ(tun_write_head(TUN_POINT_TO_POINT, packet_of(5, 100)), E_FORMAT);
	for (size_t n = 0; n <= TUN_FAMILY; n++) {
		data = (struct span){memory, n};
		CHECK_EQ(tun_write_head(TUN_POINT_TO_POINT, data), E_FORMAT);
		CHECK_EQ(read_back(TUN_POINT_TO_POINT, data, &packet), E_FORMAT);
	}
	data = packet_of(4, TUN_DATA_MAX - TUN_FAMILY);
	CHECK_EQ(tun_write_head(TUN_POINT_TO_POINT, data), E_OK);
	data.len++;
	CHECK_EQ(tun_write_head(TUN_POINT_TO_POINT, data), E_FORMAT);
	CHECK_EQ(read_back(TUN_POINT_TO_POINT, data, &packet), E_FORMAT);
}

TEST(tun_frames)
{
	struct bytes packet;
	struct span data = {memory, 14};

	memset(memory, 0xff, sizeof(memory));
	REQUIRE_EQ(tun_write_head(TUN_ETHERNET, data), E_OK);
	CHECK_EQ(memory[0], 0xff);
	REQUIRE_EQ(read_back(TUN_ETHERNET, data, &packet), E_OK);
	CHECK(packet.ptr == memory && packet.len == 14);
	data.len = 13;
	CHECK_EQ(tun_write_head(TUN_ETHERNET, data), E_FORMAT);
	CHECK_EQ(read_back(TUN_ETHERNET, data, &packet), E_FORMAT);
	data.len = 0;
	CHECK_EQ(read_back(TUN_ETHERNET, data, &packet), E_FORMAT);
	data.len = TUN_DATA_MAX + 1;
	CHECK_EQ(read_back(TUN_ETHERNET, data, &packet), E_FORMAT);
}

TEST(tun_words)
{
	static const struct {
		const char *text, *again;
	} good[] = {{"0", "0:any"}, {"any", "any:any"}, {"3:4", "3:4"}, {"any:0", "any:0"},
		{"ANY:Any", "any:any"}, {"2147483645:1", "2147483645:1"}};
	static const char *const bad[] = {"", ":", "0:", ":0", "0:1:2", "-1", "tun0", "0x1", "1 ", " 1",
		"2147483646", "2147483647", "4294967296", "anyone", "1:any ", "00000000000000000000000000000000000000001"};
	struct tun_spec spec;
	char text[TUN_SPEC_TEXT];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		REQUIRE(tun_spec_parse(good[i].text, &spec));
		tun_spec_print(&spec, text);
		CHECK_STR(text, good[i].again);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!tun_spec_parse(bad[i], &spec));
}
