/* SPDX-License-Identifier: ISC */
#include "transport/outbox.h"

#include "harness.h"
#include "seed.h"

enum { HOT = 1000, LIMIT = 100000 };

static uint8_t hot[HOT];

/* Puts n bytes of value v through a room. */
static enum err put(struct outbox *o, uint8_t v, size_t n)
{
	struct span room;
	enum err e = outbox_room(o, n, &room);

	if (e != E_OK)
		return e;
	memset(room.ptr, v, n);
	outbox_commit(o, n);
	return E_OK;
}

/* The whole content as one piece of memory. */
static size_t flat(const struct outbox *o, uint8_t *to)
{
	struct span pieces[64];
	size_t n = outbox_pieces(o, pieces, 64), len = 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(to + len, pieces[i].ptr, pieces[i].len);
		len += pieces[i].len;
	}
	return len;
}

TEST(hot_is_used_first_and_cold_when_it_does_not_fit)
{
	struct pool *pool = pool_new(0);
	struct outbox o;
	uint8_t all[4 * HOT];

	outbox_init(&o, pool, LIMIT);
	outbox_attach(&o, (struct span){hot, HOT});
	REQUIRE_EQ(put(&o, 1, 600), E_OK);
	CHECK_EQ(pool_out(pool), 0);
	CHECK(!outbox_is_cold(&o));
	CHECK_EQ(outbox_bulk(&o).len, 400);
	REQUIRE_EQ(put(&o, 2, 401), E_OK);
	CHECK(outbox_is_cold(&o));
	CHECK_EQ(outbox_bulk(&o).len, 0);
	REQUIRE_EQ(put(&o, 3, 10), E_OK); /* would fit into hot, but must not overtake */
	CHECK_EQ(outbox_len(&o), 1011);
	REQUIRE_EQ(flat(&o, all), 1011);
	CHECK_EQ(all[0], 1);
	CHECK_EQ(all[599], 1);
	CHECK_EQ(all[600], 2);
	CHECK_EQ(all[1001], 3);
	outbox_sent(&o, 1011);
	CHECK_EQ(outbox_len(&o), 0);
	CHECK_EQ(pool_out(pool), 0);
	CHECK_EQ(outbox_bulk(&o).len, HOT); /* hot is free again within the turn */
	outbox_fini(&o);
	pool_free(pool);
}

TEST(what_the_socket_leaves_is_parked_and_goes_first)
{
	struct pool *pool = pool_new(0);
	struct outbox o;
	uint8_t all[2 * HOT];

	outbox_init(&o, pool, LIMIT);
	outbox_attach(&o, (struct span){hot, HOT});
	REQUIRE_EQ(put(&o, 1, 100), E_OK);
	outbox_sent(&o, 30);
	REQUIRE_EQ(put(&o, 2, 5), E_OK);
	REQUIRE_EQ(outbox_park(&o), E_OK);
	memset(hot, 0xee, HOT);
	CHECK_EQ(outbox_len(&o), 75);
	REQUIRE_EQ(put(&o, 3, 5), E_OK); /* between turns */
	outbox_attach(&o, (struct span){hot, HOT});
	REQUIRE_EQ(put(&o, 4, 5), E_OK);
	REQUIRE_EQ(flat(&o, all), 85);
	CHECK_EQ(all[69], 1);
	CHECK_EQ(all[70], 2);
	CHECK_EQ(all[75], 3);
	CHECK_EQ(all[80], 4);
	REQUIRE_EQ(outbox_park(&o), E_OK);
	outbox_fini(&o);
	CHECK_EQ(pool_out(pool), 0);
	pool_free(pool);
}

TEST(a_room_given_up_leaves_nothing)
{
	struct pool *pool = pool_new(0);
	struct outbox o;
	struct span room;

	outbox_init(&o, pool, LIMIT);
	REQUIRE_EQ(outbox_room(&o, 500, &room), E_OK);
	outbox_commit(&o, 0);
	CHECK_EQ(pool_out(pool), 0);
	outbox_attach(&o, (struct span){hot, HOT});
	REQUIRE_EQ(outbox_room(&o, 500, &room), E_OK);
	outbox_commit(&o, 0);
	CHECK_EQ(outbox_len(&o), 0);
	REQUIRE_EQ(outbox_park(&o), E_OK);
	outbox_fini(&o);
	pool_free(pool);
}

TEST(the_limit_is_told)
{
	struct pool *pool = pool_new(0);
	struct outbox o;
	struct span room;

	outbox_init(&o, pool, 50);
	CHECK_EQ(outbox_room(&o, 51, &room), E_LIMIT);
	REQUIRE_EQ(put(&o, 1, 50), E_OK);
	CHECK_EQ(put(&o, 1, 1), E_LIMIT);
	outbox_sent(&o, 50);
	outbox_attach(&o, (struct span){hot, HOT});
	REQUIRE_EQ(put(&o, 1, 60), E_OK); /* hot is not counted */
	CHECK_EQ(outbox_park(&o), E_LIMIT);
	outbox_fini(&o);
	pool_free(pool);
}

/* Any mix of turns, rooms and partial writes gives the bytes in the order they were made. */
TEST(order_survives_any_mix)
{
	struct pool *pool = pool_new(0);
	struct outbox o;
	struct seed s;
	uint8_t next_in = 0, next_out = 0;
	bool is_attached = false;

	seed_init(&s, 7);
	outbox_init(&o, pool, LIMIT);
	for (int i = 0; i < 20000; i++) {
		struct span room, pieces[3];
		size_t n;

		switch (seed_below(&s, 5)) {
		case 0:
			if (is_attached)
				REQUIRE_EQ(outbox_park(&o), E_OK);
			else
				outbox_attach(&o, (struct span){hot, HOT});
			is_attached = !is_attached;
			break;
		case 1:
		case 2:
			n = 1 + seed_below(&s, 300);
			if (outbox_len(&o) + n > LIMIT)
				break;
			REQUIRE_EQ(outbox_room(&o, n, &room), E_OK);
			for (size_t k = 0; k < n; k++)
				room.ptr[k] = next_in++;
			outbox_commit(&o, n);
			break;
		default:
			n = outbox_pieces(&o, pieces, 3);
			for (size_t k = 0; k < n; k++) {
				size_t take = 1 + seed_below(&s, pieces[k].len);
				bool is_same = true;

				for (size_t j = 0; j < take; j++)
					is_same &= pieces[k].ptr[j] == next_out++;
				REQUIRE(is_same);
				outbox_sent(&o, take);
				break;
			}
		}
	}
	outbox_fini(&o);
	CHECK_EQ(pool_out(pool), 0);
	pool_free(pool);
}
