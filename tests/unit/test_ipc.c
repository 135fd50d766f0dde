/* SPDX-License-Identifier: ISC */
#include "relay/ipc.h"
#include "relay/ipctun.h"

#include "harness.h"

static uint8_t room[IPC_SMALL_MAX];
static const struct span into = {room, sizeof(room)};

TEST(a_start_comes_as_it_was_written)
{
	struct ipc_start in, out = {LOG_LEVEL_DEBUG2, true, 12, 34};

	REQUIRE_EQ(ipc_rd_start(ipc_wr_start(into, &out), &in), E_OK);
	CHECK_EQ(in.level, LOG_LEVEL_DEBUG2);
	CHECK(in.has_user);
	CHECK_EQ(in.uid, 12);
	CHECK_EQ(in.gid, 34);
	out.level = (enum log_level)(LOG_LEVEL_DEBUG3 + 1);
	CHECK_EQ(ipc_rd_start(ipc_wr_start(into, &out), &in), E_FORMAT);
	CHECK_EQ(ipc_rd_start(bytes_str("short"), &in), E_FORMAT);
}

TEST(a_path_comes_whole_or_not_at_all)
{
	static struct ipc_load l;
	static char longest[IPC_PATH_MAX];
	struct bytes payload = ipc_wr_load(into, "/etc/key", true);

	REQUIRE_EQ(ipc_rd_load(payload, &l), E_OK);
	CHECK_STR(l.path, "/etc/key");
	CHECK(l.may_make);
	payload.len--;
	CHECK_EQ(ipc_rd_load(payload, &l), E_FORMAT);
	memset(longest, 'x', sizeof(longest) - 1);
	CHECK_EQ(ipc_rd_load(ipc_wr_load(into, longest, false), &l), E_OK);
	CHECK_STR(l.path, longest);
	/* No name of a file has a zero in it. */
	room[8] = '\0';
	CHECK_EQ(ipc_rd_load(bytes_of(room, 5 + sizeof(longest) - 1), &l), E_FORMAT);
}

TEST(r58_only_the_hash_of_an_exchange_is_to_be_signed)
{
	static const uint8_t text[DIGEST_MAX] = {1, 2, 3};
	struct ipc_sign in, out = {.index = 3, .alg = bytes_str("ssh-ed25519")};

	for (size_t n = 0; n <= sizeof(text); n++) {
		enum err want = n == 32 || n == 48 || n == 64 ? E_OK : E_VALUE;

		harness_note("%zu bytes", n);
		out.hash = bytes_of(text, n);
		CHECK_EQ(ipc_rd_sign(ipc_wr_sign(into, &out), &in), want);
	}
	CHECK_EQ(in.index, 3);
	CHECK_BYTES(in.alg, bytes_str("ssh-ed25519"));
	CHECK_BYTES(in.hash, bytes_of(text, sizeof(text)));
	/* Longer than any hash: a text of somebody's choice. */
	out.hash = bytes_str(
		"a text that is longer than sixty-four bytes and that nobody should get signed");
	CHECK_EQ(ipc_rd_sign(ipc_wr_sign(into, &out), &in), E_FORMAT);
}

TEST(a_tunnel_comes_as_it_was_asked_for)
{
	struct ipc_tun in, out = {.session = 3, .open = {.mode = TUN_ETHERNET, .unit = 7}};
	struct ipc_made got, made = {.id = 1ULL << 40, .name = "tap7", .offer = "10.9.0.2/32,peer=10.9.0.1"};
	struct bytes payload = ipctun_wr(into, &out);

	REQUIRE_EQ(payload.len, 12);
	REQUIRE_EQ(ipctun_rd(payload, &in), E_OK);
	CHECK_EQ(in.session, 3);
	CHECK(in.open.mode == TUN_ETHERNET && in.open.unit == 7);
	CHECK(ipctun_rd(bytes_of(payload.ptr, 11), &in) != E_OK);
	payload = ipctun_wr_made(into, &made);
	REQUIRE_EQ(ipctun_rd_made(payload, &got), E_OK);
	CHECK(got.id == made.id);
	CHECK_STR(got.name, "tap7");
	CHECK_STR(got.offer, made.offer);
	for (size_t cut = 0; cut < payload.len; cut++)
		CHECK_EQ(ipctun_rd_made(bytes_of(payload.ptr, cut), &got), E_FORMAT);
}
