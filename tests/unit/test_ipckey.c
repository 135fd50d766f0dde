/* SPDX-License-Identifier: ISC */
#include "relay/ipckey.h"

#include <stdlib.h>

#include "harness.h"

static const uint8_t blob[] = "\0\0\0\x0bssh-ed25519\0\0\0\x20"
			      "0123456789abcdef0123456789abcdef";
static uint8_t room[IPCKEY_IDENTITY_ROOM];
static const struct span into = {room, sizeof(room)};

static struct ipc_key question(void)
{
	return (struct ipc_key){.session = 7,
		.user = "bob",
		.blob = bytes_of(blob, sizeof(blob) - 1),
		.proof = bytes_str("what was signed"),
		.signature = bytes_str("how"),
		.peer = "192.0.2.1",
		.local = "::1",
		.local_port = 2200};
}

TEST(ipckey_comes_as_it_was_written)
{
	struct ipc_key out = question(), in;

	REQUIRE_EQ(ipckey_rd(ipckey_wr(into, &out), &in), E_OK);
	CHECK_EQ(in.session, 7);
	CHECK_STR(in.user, "bob");
	CHECK_BYTES(in.blob, out.blob);
	CHECK_BYTES(in.proof, out.proof);
	CHECK_BYTES(in.signature, out.signature);
	CHECK_STR(in.peer, "192.0.2.1");
	CHECK_STR(in.local, "::1");
	CHECK_EQ(in.local_port, 2200);
}

TEST(ipckey_is_whole_or_nothing)
{
	struct ipc_key out = question(), in;
	struct bytes all = ipckey_wr(into, &out);

	for (size_t n = 0; n < all.len; n++)
		CHECK_EQ(ipckey_rd(bytes_of(all.ptr, n), &in), E_FORMAT);
	room[all.len] = 0;
	CHECK_EQ(ipckey_rd(bytes_of(room, all.len + 1), &in), E_FORMAT);
	room[8] = '\0'; /* no name has a zero in it */
	CHECK_EQ(ipckey_rd(all, &in), E_FORMAT);
}

static struct identity *full(void)
{
	static const char *permits[] = {"8000-8099", "*", "localhost:2222", "[::1]:7"};
	struct authkey key = {.comment = "a comment",
		.line = 12,
		.port_forwarding = true,
		.no_touch = true,
		.verify_required = true,
		.permitlisten = permits,
		.permitlisten_count = 4,
		.expiry = "20991231000000",
		.expiry_is_utc = true,
		.max_visitors = 5,
		.max_forwards = 6,
		.rate_bytes = 5000000000,
		.visitors_from = "192.0.2.0/24",
		.name = "bob",
		.takeover = AUTHKEY_TAKEOVER_STANDBY};
	struct keyring_place at = {.key = &key, .path = "/etc/keys", .since = 1700000000};
	struct identity *id;

	REQUIRE_EQ(identity_new("bob", bytes_of(blob, sizeof(blob) - 1), &at, &id, NULL), E_OK);
	return id;
}

static void check_same(const struct identity *a, const struct identity *b)
{
	CHECK_STR(a->user, b->user);
	CHECK_STR(a->fingerprint, b->fingerprint);
	CHECK_STR(a->key_name, b->key_name);
	CHECK_EQ(a->is_named, b->is_named);
	CHECK_BYTES(bytes_of(a->blob, a->blob_len), bytes_of(b->blob, b->blob_len));
	CHECK_EQ(a->may_forward, b->may_forward);
	CHECK_EQ(a->is_cert, b->is_cert);
	CHECK_STR(a->cert.id, b->cert.id);
	CHECK_EQ(a->cert.serial, b->cert.serial);
	CHECK_STR(a->cert.authority, b->cert.authority);
	CHECK_EQ(a->since, b->since);
	CHECK_EQ(a->no_touch, b->no_touch);
	CHECK_EQ(a->verify_required, b->verify_required);
	CHECK_EQ(a->is_limited, b->is_limited);
	CHECK_EQ(a->permit_count, b->permit_count);
	for (size_t i = 0; i < a->permit_count && i < b->permit_count; i++) {
		CHECK_STR(a->permit[i].host, b->permit[i].host);
		CHECK_EQ(a->permit[i].first, b->permit[i].first);
		CHECK_EQ(a->permit[i].last, b->permit[i].last);
	}
	CHECK_EQ(a->max_visitors, b->max_visitors);
	CHECK_EQ(a->max_forwards, b->max_forwards);
	CHECK_EQ(a->rate_bytes, b->rate_bytes);
	CHECK_EQ(a->takeover, b->takeover);
	CHECK_EQ(a->expires, b->expires);
	CHECK_STR(a->path, b->path);
	CHECK_EQ(a->line, b->line);
}

TEST(ipckey_identity_comes_as_it_was)
{
	struct identity *out = full(), *in;

	out->is_cert = true;
	strcpy(out->cert.id, "bob's laptop");
	out->cert.serial = UINT64_MAX;
	strcpy(out->cert.authority, "SHA256:authority");
	REQUIRE_EQ(ipckey_rd_identity(ipckey_wr_identity(into, out), &in), E_OK);
	check_same(in, out);
	CHECK_STR(in->visitors_from, "192.0.2.0/24");
	CHECK(in->expires != 0);
	identity_free(in);
	identity_free(out);
}

TEST(ipckey_identity_without_limits_has_none)
{
	struct authkey key = {.comment = ""};
	struct keyring_place at = {.key = &key, .path = "keys", .since = 1700000000};
	struct identity *out, *in;

	REQUIRE_EQ(identity_new("x", bytes_of(blob, sizeof(blob) - 1), &at, &out, NULL), E_OK);
	REQUIRE_EQ(ipckey_rd_identity(ipckey_wr_identity(into, out), &in), E_OK);
	check_same(in, out);
	CHECK(in->visitors_from == NULL);
	CHECK(!in->is_limited && !in->may_forward);
	identity_free(in);
	identity_free(out);
}

TEST(ipckey_identity_is_whole_or_nothing)
{
	struct identity *out = full(), *in;
	struct bytes all = ipckey_wr_identity(into, out);

	REQUIRE(all.len > 0);
	for (size_t n = 0; n < all.len; n++)
		CHECK_EQ(ipckey_rd_identity(bytes_of(all.ptr, n), &in), E_FORMAT);
	identity_free(out);
}

TEST(ipckey_identity_fits_whatever_a_line_has)
{
	static char text[AUTHKEYS_LINE_MAX], *at = text;
	static const char *permits[AUTHKEYS_PERMITS_MAX];
	struct authkey key = {.comment = "", .permitlisten = permits};
	struct keyring_place place = {.key = &key, .path = "keys"};
	struct identity *out, *in;
	struct bytes all;

	/* As many as fit: each is permitlisten="N", on the line. */
	for (size_t left = AUTHKEYS_LINE_MAX; left > 17; left -= 17, at += 2) {
		strcpy(at, "7");
		permits[key.permitlisten_count++] = at;
	}
	REQUIRE_EQ(identity_new("x", bytes_of(blob, sizeof(blob) - 1), &place, &out, NULL), E_OK);
	all = ipckey_wr_identity(into, out);
	REQUIRE(all.len > 0);
	REQUIRE_EQ(ipckey_rd_identity(all, &in), E_OK);
	CHECK_EQ(in->permit_count, key.permitlisten_count);
	identity_free(in);
	identity_free(out);
}
