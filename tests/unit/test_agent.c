/* SPDX-License-Identifier: ISC */
/* Messages laid out by hand after draft-ietf-sshm-ssh-agent. */
#include "keys/agent.h"

#include "harness.h"
#include "wire/msgs.h"

#include <stdlib.h>

static uint8_t mem[2 * LIMIT_BLOB];

static struct writer fresh(void)
{
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	return w;
}

TEST(agent_requests)
{
	static const struct {
		const char *alg, *flags;
	} rows[] = {{"rsa-sha2-256", "00000002"}, {"rsa-sha2-512", "00000004"},
		{"ssh-ed25519", "00000000"}, {"ecdsa-sha2-nistp256", "00000000"}};
	struct writer w = fresh();

	agent_write_list(&w);
	CHECK_HEX(wr_bytes(&w).ptr, wr_bytes(&w).len, "00000001 0b");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		w = fresh();
		agent_write_sign(&w, bytes_str("key"), bytes_str("data"), rows[i].alg);
		REQUIRE_EQ(wr_bytes(&w).len, agent_sign_len(bytes_str("key"), bytes_str("data")));
		CHECK_HEX(mem, 20, "00000014 0d 00000003 6b6579 00000004 64617461");
		CHECK_HEX(mem + 20, 4, rows[i].flags);
	}
}

TEST(agent_bind)
{
	static const struct agent_bind b = {{(const uint8_t *)"key", 3}, {(const uint8_t *)"id", 2},
		{(const uint8_t *)"sig", 3}};
	struct writer w = fresh();

	agent_write_bind(&w, &b);
	REQUIRE_EQ(wr_bytes(&w).len, agent_bind_len(&b));
	CHECK_HEX(mem, wr_bytes(&w).len,
		"00000032 1b 00000018 73657373696f6e2d62696e64406f70656e7373682e636f6d "
		"00000003 6b6579 00000002 6964 00000003 736967 00");
	CHECK_EQ(agent_read_done(bytes_of("\6", 1)), E_OK);
	CHECK_EQ(agent_read_done(bytes_of("\5", 1)), E_DENIED);
	CHECK_EQ(agent_read_done(bytes_of("\34", 1)), E_DENIED);
	CHECK_EQ(agent_read_done(bytes_of("\6x", 2)), E_FORMAT);
	CHECK_EQ(agent_read_done(bytes_of("\16", 1)), E_FORMAT);
	CHECK_EQ(agent_read_done(bytes_of("", 0)), E_FORMAT);
}

TEST(agent_messages_come_in_pieces)
{
	static const uint8_t in[] = {0, 0, 0, 2, 5, 6, 0, 0};
	static const uint8_t empty[] = {0, 0, 0, 0, 1};
	static const uint8_t longest[] = {0, 4, 0, 0}, longer[] = {0, 4, 0, 1};
	struct bytes message;
	size_t want;

	for (size_t len = 0; len < 6; len++) {
		CHECK_EQ(agent_next(bytes_of(in, len), &message, &want), E_AGAIN);
		CHECK_EQ(want, len < 4 ? 4 : 6);
	}
	for (size_t len = 6; len <= sizeof(in); len++) {
		REQUIRE_EQ(agent_next(bytes_of(in, len), &message, &want), E_OK);
		CHECK_HEX(message.ptr, message.len, "0506");
	}
	CHECK_EQ(agent_next(bytes_of(empty, 5), &message, &want), E_FORMAT);
	CHECK_EQ(agent_next(bytes_of(longest, 4), &message, &want), E_AGAIN);
	CHECK_EQ(want, 4 + AGENT_MESSAGE_MAX);
	CHECK_EQ(agent_next(bytes_of(longer, 4), &message, &want), E_LIMIT);
}

static struct bytes answer(uint32_t count, unsigned present, size_t blob_len, size_t comment_len)
{
	static uint8_t filler[LIMIT_BLOB + 1];
	struct writer w = fresh();

	wr_u8(&w, 12);
	wr_u32(&w, count);
	for (unsigned i = 0; i < present; i++) {
		wr_string(&w, bytes_of(filler, blob_len));
		wr_string(&w, bytes_of(filler, comment_len));
	}
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

TEST(agent_list_walk)
{
	struct agent_list l;
	struct bytes blob, comment, whole;
	struct writer w = fresh();

	wr_u8(&w, 12);
	wr_u32(&w, 2);
	wr_cstring(&w, "one");
	wr_cstring(&w, "first key");
	wr_cstring(&w, "two");
	wr_cstring(&w, "");
	whole = wr_bytes(&w);
	REQUIRE_EQ(agent_list_init(&l, whole), E_OK);
	REQUIRE(agent_list_next(&l, &blob, &comment));
	CHECK(bytes_is(blob, "one") && bytes_is(comment, "first key"));
	REQUIRE(agent_list_next(&l, &blob, &comment));
	CHECK(bytes_is(blob, "two") && comment.len == 0);
	CHECK(!agent_list_next(&l, &blob, &comment));
	for (size_t cut = 0; cut < whole.len; cut++)
		CHECK_EQ(agent_list_init(&l, bytes_of(mem, cut)), E_FORMAT);
	mem[whole.len] = 0;
	CHECK_EQ(agent_list_init(&l, bytes_of(mem, whole.len + 1)), E_FORMAT);
	CHECK_EQ(agent_list_init(&l, answer(0, 0, 0, 0)), E_OK);
	CHECK(!agent_list_next(&l, &blob, &comment));
}

TEST(r14_agent_list_limits)
{
	struct agent_list l;

	CHECK_EQ(agent_list_init(&l, answer(1, 1, LIMIT_BLOB, AGENT_COMMENT_MAX)), E_OK);
	CHECK_EQ(agent_list_init(&l, answer(1, 1, LIMIT_BLOB + 1, 0)), E_LIMIT);
	CHECK_EQ(agent_list_init(&l, answer(1, 1, 3, AGENT_COMMENT_MAX + 1)), E_LIMIT);
	CHECK_EQ(agent_list_init(&l, answer(AGENT_KEYS_MAX, 1, 3, 3)), E_FORMAT);
	CHECK_EQ(agent_list_init(&l, answer(AGENT_KEYS_MAX + 1, 1, 3, 3)), E_LIMIT);
	CHECK_EQ(agent_list_init(&l, answer(2, 1, 3, 3)), E_FORMAT);
	CHECK_EQ(agent_list_init(&l, answer(1, 2, 3, 3)), E_FORMAT);
}

TEST(agent_signature)
{
	struct bytes signature = bytes_str("untouched");
	struct writer w = fresh();
	size_t len;

	wr_u8(&w, 14);
	wr_cstring(&w, "signed");
	len = wr_bytes(&w).len;
	for (size_t cut = 0; cut < len; cut++)
		CHECK_EQ(agent_read_signature(bytes_of(mem, cut), &signature), E_FORMAT);
	mem[len] = 0;
	CHECK_EQ(agent_read_signature(bytes_of(mem, len + 1), &signature), E_FORMAT);
	CHECK(bytes_is(signature, "untouched"));
	REQUIRE_EQ(agent_read_signature(bytes_of(mem, len), &signature), E_OK);
	CHECK(bytes_is(signature, "signed"));
	mem[0] = 12;
	CHECK_EQ(agent_read_signature(bytes_of(mem, len), &signature), E_FORMAT);
	w = fresh();
	wr_u8(&w, 14);
	wr_cstring(&w, "");
	CHECK_EQ(agent_read_signature(wr_bytes(&w), &signature), E_FORMAT);
}

TEST(agent_refusals)
{
	static const uint8_t refusals[] = {5, 28};
	struct agent_list l;
	struct bytes signature;

	for (size_t i = 0; i < 2; i++) {
		CHECK_EQ(agent_list_init(&l, bytes_of(&refusals[i], 1)), E_DENIED);
		CHECK_EQ(agent_read_signature(bytes_of(&refusals[i], 1), &signature), E_DENIED);
	}
	CHECK_EQ(agent_list_init(&l, (struct bytes){0}), E_FORMAT);
	CHECK_EQ(agent_read_signature((struct bytes){0}, &signature), E_FORMAT);
}
