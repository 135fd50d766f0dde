/* SPDX-License-Identifier: ISC */
/* Global requests: order both ways, whatever order the program answers in. */
#include "mux/global.h"

#include "failalloc.h"
#include "fakeport.h"
#include "harness.h"
#include "seed.h"
#include "wire/msgs.h"

struct bench {
	struct fakeport *out;
	struct port port;
	struct global g;
};

static void start(struct bench *b)
{
	b->out = fakeport_new();
	b->port = fakeport_port(b->out);
	global_init(&b->g);
}

static void stop(struct bench *b)
{
	global_fini(&b->g);
	fakeport_free(b->out);
}

static uint32_t owe(struct bench *b)
{
	uint32_t token = UINT32_MAX;
	bool is_event;

	REQUIRE_EQ(global_owe(&b->g, &b->port, &is_event, &token), E_OK);
	REQUIRE(is_event);
	return token;
}

static void took(struct bench *b, const char *hex)
{
	struct bytes m = fakeport_take(b->out);

	CHECK_HEX(m.ptr, m.len, hex);
}

static const struct bytes no_data;

TEST(global_reads_a_request)
{
	static const uint8_t mem[] = "\0\0\0\3abc\2rest";
	struct global_request q;
	struct reader r;

	for (size_t n = 0; n < 8; n++) {
		rd_init(&r, bytes_of(mem, n));
		CHECK_EQ(global_read_request(&r, &q), E_FORMAT);
	}
	rd_init(&r, bytes_of(mem, 12));
	REQUIRE_EQ(global_read_request(&r, &q), E_OK);
	CHECK(bytes_is(q.name, "abc") && q.want_reply && bytes_is(q.data, "rest"));
}

TEST(global_asks)
{
	struct global_request q = {bytes_str("x@y"), false, bytes_str("z")};
	struct bench b;
	bool is_event;
	uint32_t token;

	start(&b);
	REQUIRE_EQ(global_ask(&b.g, &b.port, &q, 9), E_OK);
	took(&b, "50 00000003 784079 00 7a");
	/* Nothing was asked for. */
	REQUIRE_EQ(global_on_reply(&b.g, &is_event, &token), E_OK);
	CHECK(!is_event);
	q.want_reply = true;
	for (uint32_t i = 0; i < 3; i++) {
		REQUIRE_EQ(global_ask(&b.g, &b.port, &q, 100 + i), E_OK);
		took(&b, "50 00000003 784079 01 7a");
	}
	for (uint32_t i = 0; i < 3; i++) {
		REQUIRE_EQ(global_on_reply(&b.g, &is_event, &token), E_OK);
		CHECK(is_event);
		CHECK_EQ(token, 100 + i);
	}
	stop(&b);
}

TEST(global_bounds_what_it_asks)
{
	static uint8_t big[DATA_MAX + 1];
	struct global_request q = {bytes_str("x"), true, {0}};
	struct bench b;

	start(&b);
	for (int i = 0; i < GLOBAL_ASKED_MAX; i++)
		REQUIRE_EQ(global_ask(&b.g, &b.port, &q, 1), E_OK);
	CHECK_EQ(global_ask(&b.g, &b.port, &q, 1), E_LIMIT);
	CHECK_EQ(global_keepalive(&b.g, &b.port), E_LIMIT);
	CHECK(!b.g.is_keepalive_open);
	q.want_reply = false;
	CHECK_EQ(global_ask(&b.g, &b.port, &q, 1), E_OK);
	q.data = bytes_of(big, sizeof(big));
	CHECK_EQ(global_ask(&b.g, &b.port, &q, 1), E_LIMIT);
	q = (struct global_request){.name = bytes_of(big, LIMIT_NAME + 1)};
	CHECK_EQ(global_ask(&b.g, &b.port, &q, 1), E_LIMIT);
	stop(&b);
}

TEST(global_keepalive_is_one)
{
	struct global_request q = {bytes_str("x"), true, {0}};
	struct bench b;
	bool is_event;
	uint32_t token;

	start(&b);
	REQUIRE_EQ(global_ask(&b.g, &b.port, &q, 7), E_OK);
	fakeport_take(b.out);
	REQUIRE_EQ(global_keepalive(&b.g, &b.port), E_OK);
	took(&b, "50 00000015 6b656570616c697665406f70656e7373682e636f6d 01");
	CHECK(b.g.is_keepalive_open);
	REQUIRE_EQ(global_keepalive(&b.g, &b.port), E_OK);
	CHECK_EQ(b.out->count, 0);
	/* In order: the first is the request's. */
	REQUIRE_EQ(global_on_reply(&b.g, &is_event, &token), E_OK);
	CHECK(is_event && token == 7 && b.g.is_keepalive_open);
	REQUIRE_EQ(global_on_reply(&b.g, &is_event, &token), E_OK);
	CHECK(!is_event && !b.g.is_keepalive_open);
	REQUIRE_EQ(global_keepalive(&b.g, &b.port), E_OK);
	CHECK_EQ(b.out->count, 1);
	stop(&b);
}

/* R8: a hundred, and no more. CVE-2026-39830. */
TEST(r8_cve_2026_39830_global_unasked_replies)
{
	struct bench b;
	bool is_event;
	uint32_t token;

	start(&b);
	for (int i = 0; i < LIMIT_STRAY; i++) {
		REQUIRE_EQ(global_on_reply(&b.g, &is_event, &token), E_OK);
		CHECK(!is_event);
	}
	CHECK_EQ(global_on_reply(&b.g, &is_event, &token), E_LIMIT);
	stop(&b);
}

TEST(global_replies_in_order)
{
	struct bench b;
	uint32_t t[4];

	start(&b);
	for (int i = 0; i < 4; i++)
		t[i] = owe(&b);
	REQUIRE_EQ(global_reply(&b.g, &b.port, t[2], true, bytes_str("abc"), "hm"), E_OK);
	REQUIRE_EQ(global_reply(&b.g, &b.port, t[1], false, no_data, "why"), E_OK);
	CHECK_EQ(b.out->count, 0);
	CHECK_EQ(global_reply(&b.g, &b.port, t[1], true, no_data, NULL), E_STATE); /* twice */
	CHECK_EQ(global_reply(&b.g, &b.port, t[3] + 1, true, no_data, NULL), E_STATE);
	REQUIRE_EQ(global_reply(&b.g, &b.port, t[0], true, no_data, NULL), E_OK);
	took(&b, "51");
	took(&b, "04 00 00000003 776879 00000000"); /* the reason, then the refusal */
	took(&b, "52");
	took(&b, "04 00 00000002 686d 00000000"); /* a remark, then the success */
	took(&b, "51 616263");
	CHECK_EQ(b.out->count, 0);
	REQUIRE_EQ(global_reply(&b.g, &b.port, t[3], false, no_data, "no"), E_OK);
	took(&b, "04 00 00000002 6e6f 00000000");
	took(&b, "52");
	CHECK_EQ(global_reply(&b.g, &b.port, t[3], true, no_data, NULL), E_STATE);
	CHECK_EQ(b.g.owed_count, 0);
	stop(&b);
}

TEST(global_bounds_replies)
{
	static uint8_t data[GLOBAL_DATA_MAX + 1];
	static char reason[2 * LIMIT_STRING];
	struct bench b;
	uint32_t first, second;
	struct bytes m;

	start(&b);
	memset(reason, 'x', sizeof(reason) - 1);
	first = owe(&b);
	second = owe(&b);
	CHECK_EQ(global_reply(&b.g, &b.port, first, true, bytes_of(data, sizeof(data)), NULL),
		E_LIMIT);
	CHECK_EQ(global_reply(&b.g, &b.port, second, false, no_data, reason), E_OK);
	CHECK_EQ(global_reply(&b.g, &b.port, first, true, bytes_of(data, GLOBAL_DATA_MAX), NULL),
		E_OK);
	m = fakeport_take(b.out);
	CHECK_EQ(m.len, 1 + GLOBAL_DATA_MAX);
	m = fakeport_take(b.out);
	CHECK_EQ(m.len, 1 + 1 + 4 + LIMIT_STRING + 4);
	stop(&b);
}

/* Past LIMIT_REPLIES requests are refused in their place, and it costs no memory. */
TEST(global_refuses_what_is_too_much)
{
	struct bench b;
	uint32_t t[LIMIT_REPLIES], token;
	bool is_event;

	start(&b);
	REQUIRE_EQ(global_owe_refusal(&b.g, &b.port), E_OK); /* nothing waits: at once */
	took(&b, "52");
	for (int i = 0; i < LIMIT_REPLIES; i++)
		t[i] = owe(&b);
	failalloc_arm(1);
	for (int i = 0; i < LIMIT_STRAY; i++) {
		REQUIRE_EQ(global_owe(&b.g, &b.port, &is_event, &token), E_OK);
		CHECK(!is_event);
	}
	CHECK(!failalloc_disarm());
	CHECK_EQ(b.out->count, 0);
	CHECK_EQ(global_owe(&b.g, &b.port, &is_event, &token), E_LIMIT);
	for (int i = LIMIT_REPLIES - 1; i >= 0; i--)
		REQUIRE_EQ(global_reply(&b.g, &b.port, t[i], true, no_data, NULL), E_OK);
	for (int i = 0; i < LIMIT_REPLIES; i++)
		took(&b, "51");
	for (int i = 0; i < LIMIT_STRAY; i++)
		took(&b, "52");
	CHECK_EQ(b.out->count, 0);
	stop(&b);
}

TEST(global_tokens_go_round)
{
	struct bench b;
	uint32_t old;

	start(&b);
	b.g.next_token = UINT32_MAX;
	old = owe(&b);
	CHECK_EQ(old, UINT32_MAX);
	CHECK_EQ(owe(&b), 0);
	b.g.next_token = UINT32_MAX; /* four thousand million requests later */
	CHECK_EQ(owe(&b), 1);
	stop(&b);
}

TEST(global_failing_allocations)
{
	struct global_request q = {bytes_str("x"), true, {0}};
	struct bench b;
	unsigned n = 1;

	for (bool has_failed = true; has_failed; n++) {
		bool is_event;
		uint32_t token[2];

		start(&b);
		failalloc_arm(n);
		if (global_ask(&b.g, &b.port, &q, 1) == E_OK &&
			global_owe(&b.g, &b.port, &is_event, &token[0]) == E_OK &&
			global_owe(&b.g, &b.port, &is_event, &token[1]) == E_OK &&
			global_reply(&b.g, &b.port, token[1], false, no_data, "why") == E_OK)
			CHECK_EQ(global_reply(&b.g, &b.port, token[0], true, no_data, NULL), E_OK);
		has_failed = failalloc_disarm();
		CHECK(has_failed || b.g.owed_count == 0);
		stop(&b);
	}
	CHECK(n > 4);
}

/* --- freeze ----------------------------------------------------------------------------------- */

static struct bytes freeze(const struct bench *b, uint8_t *mem, size_t cap)
{
	struct writer w;

	wr_init(&w, (struct span){mem, cap});
	global_freeze(&b->g, &w);
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

static enum err thaw(struct bench *b, struct bytes frozen)
{
	struct reader r;
	enum err e;

	global_fini(&b->g);
	global_init(&b->g);
	rd_init(&r, frozen);
	e = global_thaw(&b->g, &r);
	return e == E_OK && !rd_end(&r) ? E_TRAILING : e;
}

/* Something of everything. */
static void fill(struct bench *b)
{
	struct global_request q = {bytes_str("x"), true, {0}};
	uint32_t t[3];

	REQUIRE_EQ(global_ask(&b->g, &b->port, &q, 7), E_OK);
	REQUIRE_EQ(global_keepalive(&b->g, &b->port), E_OK);
	for (int i = 0; i < 3; i++)
		t[i] = owe(b);
	REQUIRE_EQ(global_owe_refusal(&b->g, &b->port), E_OK);
	REQUIRE_EQ(global_reply(&b->g, &b->port, t[1], true, bytes_str("abc"), NULL), E_OK);
	REQUIRE_EQ(global_reply(&b->g, &b->port, t[2], false, no_data, "why"), E_OK);
	REQUIRE_EQ(global_stray(&b->g), E_OK);
	fakeport_clear(b->out);
}

TEST(global_thaws_what_it_froze)
{
	uint8_t one[1024], two[1024];
	struct bench b;
	struct bytes frozen, again;
	bool is_event;
	uint32_t token;

	start(&b);
	fill(&b);
	frozen = freeze(&b, one, sizeof(one));
	REQUIRE_EQ(thaw(&b, frozen), E_OK);
	again = freeze(&b, two, sizeof(two));
	CHECK_BYTES(again, frozen);
	CHECK(b.g.is_keepalive_open);
	/* And it goes on as the first would have. */
	REQUIRE_EQ(global_reply(&b.g, &b.port, 0, true, no_data, NULL), E_OK);
	took(&b, "51");
	took(&b, "51 616263");
	took(&b, "04 00 00000003 776879 00000000");
	took(&b, "52");
	took(&b, "52");
	REQUIRE_EQ(global_on_reply(&b.g, &is_event, &token), E_OK);
	CHECK(is_event && token == 7);
	REQUIRE_EQ(global_on_reply(&b.g, &is_event, &token), E_OK);
	CHECK(!is_event && !b.g.is_keepalive_open);
	stop(&b);
}

TEST(global_thaw_of_cut_and_broken_input)
{
	uint8_t mem[1024], again[1024];
	struct bench b;
	struct bytes frozen;
	struct seed s;

	start(&b);
	fill(&b);
	frozen = freeze(&b, mem, sizeof(mem));
	for (size_t n = 0; n < frozen.len; n++)
		CHECK_EQ(thaw(&b, bytes_of(mem, n)), E_FORMAT);
	seed_init(&s, 3);
	for (int i = 0; i < 5000; i++) {
		size_t at = seed_below(&s, frozen.len);
		uint8_t kept = mem[at];

		mem[at] = (uint8_t)seed_u64(&s);
		/* Either it is refused, or it is a state that freezes and thaws. */
		if (thaw(&b, frozen) == E_OK)
			CHECK_EQ(thaw(&b, freeze(&b, again, sizeof(again))), E_OK);
		mem[at] = kept;
	}
	stop(&b);
}

/* Two requests of the peer as global_freeze writes them. */
static enum err thaw_two(struct bench *b, uint32_t token, bool first_answered, bool second_answered,
	bool is_ok, const char *data, const char *reason)
{
	uint8_t mem[256];
	struct writer w;

	wr_init(&w, (struct span){mem, sizeof(mem)});
	wr_u32(&w, 9); /* next token */
	wr_u32(&w, 0); /* strays */
	wr_u32(&w, 2);
	for (int i = 0; i < 2; i++) {
		wr_u32(&w, i == 0 ? 1 : token);
		wr_u32(&w, 0);
		wr_bool(&w, i == 0 ? first_answered : second_answered);
		wr_bool(&w, i == 1 && is_ok);
		wr_cstring(&w, i == 1 ? data : "");
		wr_cstring(&w, i == 1 ? reason : "");
	}
	wr_u32(&w, 0);
	REQUIRE(wr_ok(&w));
	return thaw(b, wr_bytes(&w));
}

TEST(global_thaw_of_what_cannot_be)
{
	struct bench b;

	start(&b);
	CHECK_EQ(thaw_two(&b, 2, false, false, false, "", ""), E_OK);
	CHECK_EQ(thaw_two(&b, 2, false, true, true, "data", ""), E_OK);
	CHECK_EQ(thaw_two(&b, 2, false, true, false, "", "reason"), E_OK);
	CHECK_EQ(thaw_two(&b, 1, false, false, false, "", ""), E_FORMAT); /* the same token */
	CHECK_EQ(thaw_two(&b, 2, true, false, false, "", ""), E_FORMAT);  /* would have left */
	CHECK_EQ(thaw_two(&b, 2, false, false, true, "", ""), E_FORMAT);
	CHECK_EQ(thaw_two(&b, 2, false, true, true, "data", "remark"), E_OK);
	CHECK_EQ(thaw_two(&b, 2, false, true, false, "data", ""), E_FORMAT);
	CHECK_EQ(thaw_two(&b, 2, false, false, false, "", "reason"), E_FORMAT);
	stop(&b);
}

TEST(global_thaw_failing_allocations)
{
	uint8_t mem[1024];
	struct bench b;
	struct bytes frozen;
	unsigned n = 1;

	start(&b);
	fill(&b);
	frozen = freeze(&b, mem, sizeof(mem));
	for (bool has_failed = true; has_failed; n++) {
		enum err e;

		failalloc_arm(n);
		e = thaw(&b, frozen);
		has_failed = failalloc_disarm();
		CHECK_EQ(e, has_failed ? E_NOMEM : E_OK);
	}
	CHECK(n > 5);
	stop(&b);
}
