/* SPDX-License-Identifier: ISC */
#include "bridge/outlet.h"

#include "harness.h"
#include "seed.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MUCH = 1024 * 1024 };

static struct pool *pool;
static struct outlet outlet;
static int ends[2];

static void begin(size_t limit)
{
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	pool = pool_new(0);
	outlet_init(&outlet, ends[0], pool, limit);
}

static void end(void)
{
	outlet_fini(&outlet);
	CHECK_EQ(pool_out(pool), 0);
	pool_free(pool);
	close(ends[0]);
	close(ends[1]);
}

TEST(outlet_writes_pieces_in_one_go)
{
	uint8_t a[] = "abc", b[] = "", c[] = "defg", got[16];
	struct span pieces[] = {{a, 3}, {b, 0}, {c, 4}};
	size_t taken;
	int code = 0;

	begin(100);
	CHECK_EQ(outlet_sum(pieces, 3), 7);
	CHECK_EQ(outlet_write(&outlet, pieces, 3, &taken, &code), E_OK);
	CHECK_EQ(taken, 7);
	CHECK_EQ(outlet_len(&outlet), 0);
	CHECK_EQ(read(ends[1], got, sizeof(got)), 7);
	CHECK_MEM(got, 7, "abcdefg");
	end();
}

/* Random pieces into a socket that is read now and then: what comes out is what went in. */
TEST(outlet_keeps_order_whatever_the_socket_takes)
{
	uint8_t *in = malloc(MUCH), *out = malloc(MUCH);
	size_t at = 0, got = 0, total = 0, taken;
	struct seed s;
	int code = 0;

	begin(MUCH);
	seed_init(&s, 99);
	seed_fill(&s, in, MUCH);
	while (got < MUCH) {
		struct span pieces[OUTLET_PIECES];
		size_t count = 0;

		while (at < MUCH && count < OUTLET_PIECES && !seed_one_in(&s, 8)) {
			size_t n = 1 + seed_below(&s, 9000);

			if (n > MUCH - at)
				n = MUCH - at;
			pieces[count++] = (struct span){in + at, n};
			at += n;
		}
		if (count > 0) {
			REQUIRE_EQ(outlet_write(&outlet, pieces, count, &taken, &code), E_OK);
			total += taken;
		}
		if (at == MUCH || seed_one_in(&s, 3)) {
			ssize_t n =
				read(ends[1], out + got, 1 + seed_below(&s, 60000) % (MUCH - got));

			got += n > 0 ? (size_t)n : 0;
			REQUIRE_EQ(outlet_flush(&outlet, &taken, &code), E_OK);
			total += taken;
		}
		CHECK(total + outlet_len(&outlet) == at);
	}
	CHECK_EQ(total, MUCH);
	CHECK_MEM(out, MUCH, in);
	free(in);
	free(out);
	end();
}

TEST(outlet_is_bounded)
{
	uint8_t *mem = calloc(1, MUCH);
	struct span piece = {mem, MUCH};
	size_t taken;
	int code = 0;

	begin(1000);
	CHECK_EQ(outlet_write(&outlet, &piece, 1, &taken, &code), E_LIMIT);
	CHECK(taken > 0 && taken < MUCH);
	piece.len = 900;
	CHECK_EQ(outlet_write(&outlet, &piece, 1, &taken, &code), E_OK);
	CHECK_EQ(taken, 0);
	CHECK_EQ(outlet_len(&outlet), 900);
	piece.len = 101;
	CHECK_EQ(outlet_write(&outlet, &piece, 1, &taken, &code), E_LIMIT);
	free(mem);
	end();
}

TEST(outlet_tells_a_broken_socket_and_raises_no_signal)
{
	uint8_t byte = 1;
	struct span piece = {&byte, 1};
	size_t taken;
	int code = 0;

	begin(10);
	close(ends[1]);
	CHECK_EQ(outlet_write(&outlet, &piece, 1, &taken, &code), E_SYS);
	CHECK_EQ(code, EPIPE);
	CHECK_EQ(taken, 0);
	ends[1] = -1;
	end();
}
