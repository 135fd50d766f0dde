/* SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include "failalloc.h"
#include "harness.h"
#include "seed.h"

TEST(buf_holds_nothing_while_empty)
{
	struct buf b;
	struct span room;

	buf_init(&b, 100);
	CHECK(b.mem == NULL);
	CHECK_EQ(buf_append(&b, bytes_str("abc")), E_OK);
	CHECK(b.mem != NULL);
	buf_consume(&b, 3);
	CHECK(b.mem == NULL);
	CHECK_EQ(buf_reserve(&b, 10, &room), E_OK);
	buf_commit(&b, 0);
	CHECK(b.mem == NULL);
	CHECK_EQ(buf_bytes(&b).len, 0);
	buf_fini(&b);
	buf_fini(&b);
	b = (struct buf){0};
	buf_fini(&b);
}

TEST(buf_keeps_its_limit)
{
	struct buf b;
	struct span room;
	uint8_t data[100] = {0};

	buf_init(&b, 100);
	CHECK_EQ(buf_reserve(&b, 101, &room), E_LIMIT);
	CHECK_EQ(buf_reserve(&b, SIZE_MAX, &room), E_LIMIT);
	CHECK_EQ(buf_append(&b, bytes_of(data, 60)), E_OK);
	CHECK_EQ(buf_append(&b, bytes_of(data, 41)), E_LIMIT);
	CHECK_EQ(buf_append(&b, bytes_of(data, 40)), E_OK);
	CHECK_EQ(buf_append(&b, bytes_of(data, 1)), E_LIMIT);
	CHECK_EQ(buf_append(&b, bytes_of(data, 0)), E_OK);
	CHECK_EQ(buf_bytes(&b).len, 100);
	CHECK(b.cap <= 100);
	buf_fini(&b);
}

TEST(buf_consume_wipes)
{
	struct buf b;

	buf_init(&b, 100);
	REQUIRE_EQ(buf_append(&b, bytes_str("secret!rest")), E_OK);
	buf_consume(&b, 7);
	CHECK_HEX(b.mem, 7, "00000000000000");
	CHECK_BYTES(buf_bytes(&b), bytes_str("rest"));
	buf_fini(&b);
}

/* Against a plain array. */
TEST(buf_is_a_queue)
{
	enum { LIMIT = 700 };
	uint8_t model[LIMIT], data[LIMIT];
	size_t len = 0;
	struct buf b;
	struct seed s;

	seed_init(&s, 1);
	buf_init(&b, LIMIT);
	for (int round = 0; round < 20000; round++) {
		size_t n = seed_below(&s, 120);

		harness_note("round %d", round);
		if (seed_one_in(&s, 2)) {
			enum err want = len + n > LIMIT ? E_LIMIT : E_OK;
			struct span room;

			seed_fill(&s, data, n);
			REQUIRE_EQ(buf_reserve(&b, n, &room), want);
			if (want == E_OK) {
				size_t kept = n == 0 ? 0 : seed_below(&s, n + 1);

				REQUIRE_EQ(room.len, n);
				if (n > 0)
					memcpy(room.ptr, data, n);
				buf_commit(&b, kept);
				memcpy(model + len, data, kept);
				len += kept;
			}
		} else {
			if (n > len)
				n = len;
			buf_consume(&b, n);
			len -= n;
			memmove(model, model + n, len);
		}
		REQUIRE_EQ(buf_bytes(&b).len, len);
		REQUIRE_MEM(buf_bytes(&b).ptr, len, model);
	}
	buf_fini(&b);
}

TEST(r16_cve_2003_0693_buf_survives_failing_allocations)
{
	struct buf b;
	uint8_t data[200] = {7};

	buf_init(&b, 1000);
	failalloc_arm(1);
	CHECK_EQ(buf_append(&b, bytes_str("abc")), E_NOMEM);
	CHECK(failalloc_disarm());
	CHECK_EQ(buf_append(&b, bytes_str("abc")), E_OK);
	failalloc_arm(1);
	CHECK_EQ(buf_append(&b, bytes_of(data, sizeof(data))), E_NOMEM);
	CHECK(failalloc_disarm());
	CHECK_BYTES(buf_bytes(&b), bytes_str("abc"));
	buf_fini(&b);
}

static void commit_too_much(void *arg)
{
	struct buf *b = arg;
	struct span room;

	if (buf_reserve(b, 1, &room) == E_OK)
		buf_commit(b, b->cap + 1);
}

static void consume_too_much(void *arg)
{
	buf_consume(arg, 3);
}

TEST(buf_asserts_its_caller)
{
	struct buf b;

	buf_init(&b, 100);
	REQUIRE_EQ(buf_append(&b, bytes_str("ab")), E_OK);
	CHECK_ABORTS(commit_too_much, &b);
	CHECK_ABORTS(consume_too_much, &b);
	buf_fini(&b);
}
