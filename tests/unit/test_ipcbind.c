/* SPDX-License-Identifier: ISC */
#include "relay/ipcbind.h"

#include <errno.h>

#include "harness.h"
#include "relay/ipc.h"

static uint8_t room[IPC_SMALL_MAX];
static const struct span into = {room, sizeof(room)};

TEST(ipcbind_comes_as_it_was_written)
{
	struct ipc_bind out = {.session = 9, .is_chosen = true, .port = 65535}, in;

	memset(out.host, 'x', sizeof(out.host) - 1);
	REQUIRE_EQ(ipcbind_rd(ipcbind_wr(into, &out), &in), E_OK);
	CHECK_EQ(in.session, 9);
	CHECK(in.is_chosen);
	CHECK_EQ(in.port, 65535);
	CHECK_STR(in.host, out.host);
}

TEST(ipcbind_is_whole_or_nothing)
{
	struct ipc_bind out = {.session = 9, .port = 80, .host = "localhost"}, in;
	struct bytes all = ipcbind_wr(into, &out);

	for (size_t n = 0; n < all.len; n++)
		CHECK_EQ(ipcbind_rd(bytes_of(all.ptr, n), &in), E_FORMAT);
	store_be32(room + 5, 65536); /* no port */
	CHECK_EQ(ipcbind_rd(all, &in), E_FORMAT);
}

TEST(ipcbind_unbound_says_where)
{
	struct ipc_unbound out = {.code = EADDRINUSE, .why = "it is taken"}, in;
	char text[SOCK_TEXT_MAX];

	REQUIRE(sock_parse("127.0.0.1", 80, &out.addr[0]) && sock_parse("::1", 80, &out.addr[1]));
	out.count = 2;
	REQUIRE_EQ(ipcbind_rd_unbound(ipcbind_wr_unbound(into, &out), &in), E_OK);
	CHECK_EQ(in.code, EADDRINUSE);
	CHECK_STR(in.why, "it is taken");
	REQUIRE_EQ(in.count, 2);
	sock_text(&in.addr[1], text);
	CHECK_STR(text, "[::1]:80");
	out.count = 0;
	REQUIRE_EQ(ipcbind_rd_unbound(ipcbind_wr_unbound(into, &out), &in), E_OK);
	CHECK_EQ(in.count, 0);
}

TEST(ipcbind_unbound_has_room_for_so_many)
{
	static struct ipc_unbound out = {.count = BINDER_MAX}, in;
	struct bytes all;

	for (size_t i = 0; i < BINDER_MAX; i++)
		out.addr[i].len = sizeof(out.addr[i].ss);
	all = ipcbind_wr_unbound(into, &out);
	REQUIRE(all.len > 0);
	REQUIRE_EQ(ipcbind_rd_unbound(all, &in), E_OK);
	CHECK_EQ(in.count, BINDER_MAX);
	memset(room + all.len, 0, 4); /* one more, an empty one */
	CHECK_EQ(ipcbind_rd_unbound(bytes_of(room, all.len + 4), &in), E_FORMAT);
}

TEST(ipcbind_bound_is_a_number)
{
	CHECK_EQ(ipcbind_rd_bound(ipcbind_wr_bound(into, 0x123456789abcdef0)), 0x123456789abcdef0);
}
