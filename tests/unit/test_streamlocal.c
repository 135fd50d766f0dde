/* SPDX-License-Identifier: ISC */
#include "forward/streamlocal.h"

#include "harness.h"

static uint8_t memory[256];
static const struct span room = {memory, sizeof(memory)};

#define IS(s) CHECK(bytes_eq(bytes_of(memory, len), bytes_of(s, sizeof(s) - 1)))

TEST(streamlocal_listen)
{
	struct bytes path;
	size_t len = 0;

	REQUIRE_EQ(streamlocal_write_listen(room, bytes_str("/a"), &len), E_OK);
	IS("\0\0\0\2/a");
	REQUIRE_EQ(streamlocal_read_listen(bytes_of(memory, len), &path), E_OK);
	CHECK(bytes_is(path, "/a"));
	CHECK_EQ(streamlocal_read_listen(bytes_of("\0\0\0\2/", 5), &path), E_FORMAT);
	CHECK_EQ(streamlocal_read_listen(bytes_of("\0\0\0\2/\0", 6), &path), E_FORMAT);
	CHECK_EQ(streamlocal_read_listen(bytes_of("\0\0\0\1/x", 6), &path), E_TRAILING);
	CHECK_EQ(
		streamlocal_write_listen((struct span){memory, 5}, bytes_str("/a"), &len), E_LIMIT);
	CHECK(bytes_is(path, "/a"));
}

TEST(streamlocal_forwarded)
{
	struct bytes path;
	size_t len = 0;

	REQUIRE_EQ(streamlocal_write_forwarded(room, bytes_str("/a"), &len), E_OK);
	IS("\0\0\0\2/a\0\0\0\0");
	REQUIRE_EQ(streamlocal_read_forwarded(bytes_of(memory, len), &path), E_OK);
	CHECK(bytes_is(path, "/a"));
	/* What is reserved may hold anything. */
	CHECK_EQ(streamlocal_read_forwarded(bytes_of("\0\0\0\1/\0\0\0\2\0x", 11), &path), E_OK);
	CHECK_EQ(streamlocal_read_forwarded(bytes_of("\0\0\0\1/", 5), &path), E_FORMAT);
	CHECK_EQ(streamlocal_read_forwarded(bytes_of("\0\0\0\1/\0\0\0\0x", 10), &path), E_TRAILING);
}

TEST(streamlocal_open)
{
	struct streamlocal_open open = {bytes_str("/a"), bytes_str("::1"), 65535}, got;
	size_t len = 0;

	REQUIRE_EQ(streamlocal_write_open(room, &open, &len), E_OK);
	IS("\0\0\0\2/a\0\0\0\3::1\0\0\xff\xff");
	REQUIRE_EQ(streamlocal_read_open(bytes_of(memory, len), &got), E_OK);
	CHECK(bytes_is(got.path, "/a") && bytes_is(got.originator, "::1"));
	CHECK_EQ(got.originator_port, 65535);
	for (size_t cut = 0; cut < len; cut++)
		CHECK_EQ(streamlocal_read_open(bytes_of(memory, cut), &got), E_FORMAT);
	CHECK_EQ(streamlocal_read_open(bytes_of(memory, len + 1), &got), E_TRAILING);
}
