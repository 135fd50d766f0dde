/* SPDX-License-Identifier: ISC */
#include "crypto/rand.h"

#include "harness.h"
#include "seed.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct counting {
	unsigned calls;
	uint8_t next;
	enum err result;
};

/* The bytes 0, 1, 2 and so on. */
static enum err fill_counting(void *ctx, uint8_t *dst, size_t n)
{
	struct counting *c = ctx;

	c->calls++;
	for (size_t i = 0; i < n && !c->result; i++)
		dst[i] = c->next++;
	return c->result;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

TEST(rand_batches_hand_every_byte_out_once)
{
	struct counting c = {0};
	struct rng r;
	uint8_t got[RNG_BATCH * 4];
	size_t at = 0;

	rng_init(&r, fill_counting, &c);
	for (size_t n = 1; at + n <= sizeof(got); at += n, n = n * 3 % 61)
		REQUIRE_EQ(rng_bytes(&r, got + at, n), E_OK);
	for (size_t i = 0; i < at; i++)
		REQUIRE_EQ(got[i], (uint8_t)i);
	CHECK(c.calls <= 4);
	rng_fini(&r);
}

TEST(rand_wipes_what_was_handed_out)
{
	struct counting c = {.next = 1};
	struct rng r;
	uint8_t got[100];

	rng_init(&r, fill_counting, &c);
	REQUIRE_EQ(rng_bytes(&r, got, sizeof(got)), E_OK);
	CHECK(is_zero(r.batch, sizeof(got)));
	CHECK_EQ(r.batch[sizeof(got)], 101);
	rng_fini(&r);
	CHECK(is_zero(r.batch, sizeof(r.batch)));
}

TEST(rand_large_requests_go_past_the_batch)
{
	struct counting c = {0};
	struct rng r;
	uint8_t got[RNG_BATCH + 1];

	rng_init(&r, fill_counting, &c);
	REQUIRE_EQ(rng_bytes(&r, got, sizeof(got)), E_OK);
	CHECK_EQ(c.calls, 1);
	CHECK_EQ(got[RNG_BATCH], (uint8_t)RNG_BATCH);
	CHECK_EQ(r.left, 0);
}

TEST(rand_failure_of_the_source_comes_through)
{
	struct counting c = {.result = E_CRYPTO};
	struct rng r;
	uint8_t got[8];

	rng_init(&r, fill_counting, &c);
	CHECK_EQ(rng_bytes(&r, got, sizeof(got)), E_CRYPTO);
	c.result = E_OK;
	CHECK_EQ(rng_bytes(&r, got, sizeof(got)), E_OK);
	CHECK_HEX(got, sizeof(got), "0001020304050607");
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* No value twice. */
TEST(r52_cve_2008_0166_rand_system_does_not_repeat)
{
	enum { COUNT = 10000 };
	static uint64_t seen[COUNT];
	struct rng r;

	rng_system(&r);
	for (size_t i = 0; i < COUNT; i++) {
		REQUIRE_EQ(rng_bytes(&r, (uint8_t *)&seen[i], sizeof(seen[i])), E_OK);
		REQUIRE(seen[i] != 0);
	}
	qsort(seen, COUNT, sizeof(seen[0]), compare);
	for (size_t i = 1; i < COUNT; i++)
		REQUIRE(seen[i - 1] != seen[i]);
	rng_fini(&r);
}

TEST(r52_rand_parent_and_child_differ_after_fork)
{
	struct rng r;
	uint8_t here[32], there[32];
	int fds[2], status = -1;

	rng_system(&r);
	REQUIRE_EQ(rng_bytes(&r, here, 1), E_OK); /* a batch is now there to be copied */
	REQUIRE_EQ(pipe(fds), 0);
	pid_t child = fork();
	if (child == 0) {
		bool ok = rng_bytes(&r, there, sizeof(there)) == E_OK &&
			  write(fds[1], there, sizeof(there)) == sizeof(there);
		_exit(ok ? 0 : 1);
	}
	REQUIRE(child > 0);
	REQUIRE_EQ(rng_bytes(&r, here, sizeof(here)), E_OK);
	REQUIRE_EQ(read(fds[0], there, sizeof(there)), sizeof(there));
	REQUIRE_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	CHECK(memcmp(here, there, sizeof(here)) != 0);
	close(fds[0]);
	close(fds[1]);
}
