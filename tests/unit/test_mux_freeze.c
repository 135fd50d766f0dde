/* SPDX-License-Identifier: ISC */
/* Thaw believes nothing. That a live pair survives freezing at every step is in test_mux.c. */
#include "failalloc.h"
#include "muxbench.h"
#include "seed.h"

/* A connection with a channel in each state, and requests open both ways. */
static void start(struct muxbench *b)
{
	uint32_t id;

	muxbench_start(b, true);
	id = muxbench_accepted(b, 5);
	REQUIRE_EQ(muxbench_feed(b, "buz", MSG_CHANNEL_DATA, id, 77U), E_OK);
	REQUIRE_EQ(mux_consumed(b->m, id, 7), E_OK);
	REQUIRE_EQ(mux_request(b->m, id, "x", true, (struct bytes){0}), E_OK);
	REQUIRE_EQ(muxbench_feed(b, "busb", MSG_CHANNEL_REQUEST, id, "x", 1), E_OK);
	REQUIRE_EQ(muxbench_feed(b, "busb", MSG_CHANNEL_REQUEST, id, "keepalive@openssh.com", 1),
		E_OK);
	REQUIRE_EQ(mux_eof(b->m, muxbench_accepted(b, 6)), E_OK);
	REQUIRE_EQ(mux_close(b->m, muxbench_opened(b, 7)), E_OK);
	REQUIRE_EQ(muxbench_feed(b, "bu", MSG_CHANNEL_EOF, muxbench_accepted(b, 8)), E_OK);
	REQUIRE_EQ(mux_open(b->m, "t", (struct bytes){0}, NULL, &id), E_OK);
	REQUIRE_EQ(mux_open(b->m, "t", (struct bytes){0}, NULL, &id), E_OK);
	REQUIRE_EQ(mux_close(b->m, id), E_OK);
	REQUIRE_EQ(muxbench_feed(b, "bsuuu", MSG_CHANNEL_OPEN, "t", 9U, 1U, 1U), E_OK);
	REQUIRE_EQ(muxbench_feed(b, "bsb", MSG_GLOBAL_REQUEST, "x", 1), E_OK);
	REQUIRE_EQ(mux_keepalive(b->m), E_OK);
	REQUIRE_EQ(muxbench_feed(b, "bsb", MSG_GLOBAL_REQUEST, "no-more-sessions@openssh.com", 0),
		E_OK);
	fakeport_clear(b->out);
}

static struct bytes freeze(const struct mux *m, uint8_t *mem, size_t cap)
{
	struct writer w;

	wr_init(&w, (struct span){mem, cap});
	REQUIRE_EQ(mux_freeze(m, &w), E_OK);
	return wr_bytes(&w);
}

static enum err thaw(struct muxbench *b, struct bytes frozen, struct mux **m)
{
	struct reader r;

	rd_init(&r, frozen);
	return mux_thaw(&b->cfg, &r, m);
}

TEST(mux_freeze_thaws_the_same)
{
	uint8_t one[2048], two[2048];
	struct muxbench b;
	struct bytes frozen;
	struct mux *m;

	start(&b);
	frozen = freeze(b.m, one, sizeof(one));
	REQUIRE_EQ(thaw(&b, frozen, &m), E_OK);
	CHECK_BYTES(freeze(m, two, sizeof(two)), frozen);
	CHECK_EQ(mux_channel_count(m), mux_channel_count(b.m));
	CHECK(mux_user(m, 0) == NULL); /* the program's to set */
	CHECK(mux_keepalive_is_open(m));
	CHECK_EQ(mux_can_send(m, 0), mux_can_send(b.m, 0));
	mux_free(b.m);
	b.m = m;
	/* It goes on where the other stopped. */
	CHECK_EQ(muxbench_feed(&b, "bsuuu", MSG_CHANNEL_OPEN, "session", 1U, 1U, 1U), E_PROTO);
	REQUIRE_EQ(mux_request_reply(b.m, 0, true), E_OK);
	muxbench_took(&b, "bu", MSG_CHANNEL_SUCCESS, 5U);
	muxbench_took(&b, "bu", MSG_CHANNEL_FAILURE, 5U);
	REQUIRE_EQ(mux_consumed(b.m, 0, 70), E_OK);
	CHECK_EQ(mux_consumed(b.m, 0, 1), E_STATE);
	muxbench_stop(&b);
}

/* Found by fuzz_mux: a refusal behind a reply that our CLOSE made void was left over. */
TEST(mux_freeze_replies_made_void_by_close)
{
	uint8_t mem[256];
	struct muxbench b;
	struct mux *m;
	uint32_t id;

	muxbench_start(&b, true);
	id = muxbench_accepted(&b, 5);
	REQUIRE_EQ(muxbench_feed(&b, "busb", MSG_CHANNEL_REQUEST, id, "x", 1), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "busb", MSG_CHANNEL_REQUEST, id, "keepalive@openssh.com", 1),
		E_OK);
	REQUIRE_EQ(mux_close(b.m, id), E_OK);
	fakeport_clear(b.out);
	REQUIRE_EQ(mux_request_reply(b.m, id, true), E_OK);
	muxbench_took(&b, NULL);
	REQUIRE_EQ(thaw(&b, freeze(b.m, mem, sizeof(mem)), &m), E_OK);
	mux_free(m);
	muxbench_stop(&b);
}

TEST(mux_freeze_wants_room)
{
	uint8_t mem[2048];
	struct muxbench b;
	struct bytes frozen;
	struct writer w;

	start(&b);
	frozen = freeze(b.m, mem, sizeof(mem));
	wr_init(&w, (struct span){mem, frozen.len - 1});
	CHECK_EQ(mux_freeze(b.m, &w), E_LIMIT);
	muxbench_stop(&b);
}

TEST(mux_freeze_cut_input)
{
	uint8_t mem[2048];
	struct muxbench b;
	struct bytes frozen;
	struct mux *m;

	start(&b);
	frozen = freeze(b.m, mem, sizeof(mem));
	for (size_t n = 0; n < frozen.len; n++)
		CHECK_EQ(thaw(&b, bytes_of(mem, n), &m), E_FORMAT);
	muxbench_stop(&b);
}

/* With any byte changed it is refused, or it is a connection that works and freezes again. */
TEST(mux_freeze_broken_input)
{
	uint8_t mem[2048], again[2048];
	struct muxbench b;
	struct bytes frozen;
	struct seed s;
	int refused = 0, taken = 0;

	start(&b);
	frozen = freeze(b.m, mem, sizeof(mem));
	seed_init(&s, 5);
	for (int i = 0; i < 20000; i++) {
		size_t at = seed_below(&s, frozen.len);
		uint8_t kept = mem[at];
		struct mux *m, *next;

		mem[at] = (uint8_t)seed_u64(&s);
		if (thaw(&b, frozen, &m) == E_OK) {
			taken++;
			REQUIRE_EQ(thaw(&b, freeze(m, again, sizeof(again)), &next), E_OK);
			for (uint32_t id = 0; mux_channel_next(next, &id); id++) {
				struct mux_channel_info info;

				REQUIRE(mux_channel_info(next, id, &info));
				REQUIRE(!info.is_open || mux_close(next, id) == E_OK);
			}
			mux_free(next);
			mux_free(m);
		} else {
			refused++;
		}
		fakeport_clear(b.out);
		mem[at] = kept;
	}
	CHECK(refused > 1000 && taken > 1000);
	muxbench_stop(&b);
}

/* A channel as mux_freeze writes it, in the only place of a frozen connection. */
static enum err thaw_one(struct muxbench *b, uint32_t count, uint32_t given, uint32_t id,
	uint8_t in, uint8_t out, uint8_t flags)
{
	uint8_t mem[256];
	struct writer w;
	struct mux *m;
	enum err e;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_bool(&w, false);
	wr_u32(&w, given);
	for (int i = 0; i < 4; i++)
		wr_u32(&w, 0); /* nothing global */
	wr_u32(&w, count);
	for (uint32_t i = 0; i < count && i < 3; i++) {
		wr_u32(&w, id);
		for (int j = 0; j < 6; j++)
			wr_u32(&w, 1); /* peer_id to consumed */
		w.mem[w.len - 1] = 0;
		wr_u8(&w, in);
		wr_u8(&w, out);
		wr_u8(&w, flags);
		wr_u8(&w, 0);
		wr_u8(&w, 0);
		wr_u32(&w, 0);
		wr_u8(&w, 0);
		wr_u64(&w, 0);
		wr_u64(&w, 0);
	}
	REQUIRE(wr_ok(&w));
	e = thaw(b, wr_bytes(&w), &m);
	if (e == E_OK)
		mux_free(m);
	return e;
}

TEST(mux_freeze_channels_that_cannot_be)
{
	struct muxbench b;

	muxbench_start(&b, true);
	CHECK_EQ(thaw_one(&b, 0, 0, 0, 0, 0, 0), E_OK);
	CHECK_EQ(thaw_one(&b, 1, 6, 5, 1, 1, 1), E_OK);
	CHECK_EQ(thaw_one(&b, 1, 5, 5, 1, 1, 1), E_FORMAT);	/* a number never given */
	CHECK_EQ(thaw_one(&b, 2, 6, 5, 1, 1, 1), E_FORMAT);	/* twice */
	CHECK_EQ(thaw_one(&b, 1, 999, 200, 1, 1, 1), E_FORMAT); /* past the table */
	CHECK_EQ(thaw_one(&b, 1, 999, 199, 1, 1, 1), E_OK);
	CHECK_EQ(thaw_one(&b, 1, 6, 5, 1, 1, 8), E_FORMAT); /* flags */
	CHECK_EQ(thaw_one(&b, 1, 6, 5, 3, 1, 0), E_FORMAT); /* states */
	CHECK_EQ(thaw_one(&b, 1, 6, 5, 1, 0, 0), E_FORMAT);
	CHECK_EQ(thaw_one(&b, 1, 6, 5, 0, 1, 0), E_FORMAT);
	CHECK_EQ(thaw_one(&b, 201, 6, 5, 1, 1, 1), E_FORMAT);
	CHECK_EQ(thaw_one(&b, UINT32_MAX, 6, 5, 1, 1, 1), E_FORMAT);
	muxbench_stop(&b);
}

TEST(mux_freeze_bounds_channels_being_opened)
{
	static uint8_t mem[16384];
	struct muxbench b;
	struct bytes frozen;
	struct mux *m;
	uint32_t id;

	muxbench_start(&b, true);
	for (int i = 0; i < LIMIT_OPENING; i++)
		REQUIRE_EQ(mux_open(b.m, "t", (struct bytes){0}, NULL, &id), E_OK);
	REQUIRE_EQ(muxbench_feed(&b, "bsuuu", MSG_CHANNEL_OPEN, "t", 9U, 1U, 1U), E_OK);
	frozen = freeze(b.m, mem, sizeof(mem));
	REQUIRE_EQ(thaw(&b, frozen, &m), E_OK);
	CHECK_EQ(mux_open(m, "t", (struct bytes){0}, NULL, &id), E_LIMIT);
	mux_free(m);
	/* The peer's turned into one of ours: that is one too many. */
	mem[frozen.len - 23] = 1;
	CHECK_EQ(thaw(&b, frozen, &m), E_FORMAT);
	muxbench_stop(&b);
}

TEST(mux_freeze_failing_allocations)
{
	uint8_t mem[2048];
	struct muxbench b;
	struct bytes frozen;
	unsigned n = 1;

	start(&b);
	frozen = freeze(b.m, mem, sizeof(mem));
	for (bool has_failed = true; has_failed; n++) {
		struct mux *m = NULL;
		enum err e;

		failalloc_arm(n);
		e = thaw(&b, frozen, &m);
		has_failed = failalloc_disarm();
		CHECK_EQ(e, has_failed ? E_NOMEM : E_OK);
		mux_free(m);
	}
	CHECK(n > 10);
	muxbench_stop(&b);
}
