/* SPDX-License-Identifier: ISC */
#include "base/idmap.h"

#include "failalloc.h"
#include "harness.h"
#include "seed.h"

static int things[64];

TEST(idmap_gives_the_lowest_free_id)
{
	struct idmap m;
	uint32_t id;

	idmap_init(&m, 64);
	for (uint32_t i = 0; i < 40; i++) {
		REQUIRE_EQ(idmap_add(&m, &things[i], &id), E_OK);
		CHECK_EQ(id, i);
	}
	idmap_drop(&m, 30);
	idmap_drop(&m, 3);
	idmap_drop(&m, 17);
	CHECK_EQ(idmap_count(&m), 37);
	for (uint32_t i = 0; i < 4; i++) {
		static const uint32_t want[] = {3, 17, 30, 40};

		REQUIRE_EQ(idmap_add(&m, &things[50], &id), E_OK);
		CHECK_EQ(id, want[i]);
	}
	idmap_fini(&m);
	CHECK_EQ(idmap_count(&m), 0);
	idmap_fini(&m);
}

TEST(r13_idmap_get_checks_bound_and_liveness)
{
	struct idmap m;
	uint32_t id;

	idmap_init(&m, 64);
	CHECK(idmap_get(&m, 0) == NULL);
	REQUIRE_EQ(idmap_add(&m, &things[0], &id), E_OK);
	CHECK(idmap_get(&m, 0) == &things[0]);
	CHECK(idmap_get(&m, 1) == NULL);
	CHECK(idmap_get(&m, 63) == NULL);
	CHECK(idmap_get(&m, 64) == NULL);
	CHECK(idmap_get(&m, UINT32_MAX) == NULL);
	idmap_drop(&m, 0);
	CHECK(idmap_get(&m, 0) == NULL);
	idmap_fini(&m);
}

TEST(idmap_keeps_its_limit)
{
	struct idmap m;
	uint32_t id = 77;

	idmap_init(&m, 3);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(idmap_add(&m, &things[i], &id), E_OK);
	id = 77;
	CHECK_EQ(idmap_add(&m, &things[3], &id), E_LIMIT);
	CHECK_EQ(id, 77);
	CHECK_EQ(idmap_add_at(&m, 3, &things[3]), E_LIMIT);
	CHECK_EQ(idmap_add_at(&m, UINT32_MAX, &things[3]), E_LIMIT);
	CHECK(m.cap <= 3);
	idmap_fini(&m);

	idmap_init(&m, 0);
	CHECK_EQ(idmap_add(&m, &things[0], &id), E_LIMIT);
	idmap_fini(&m);
}

TEST(idmap_add_at_takes_named_places)
{
	struct idmap m;
	uint32_t id;

	idmap_init(&m, 64);
	CHECK_EQ(idmap_add_at(&m, 50, &things[50]), E_OK);
	CHECK_EQ(idmap_add_at(&m, 0, &things[0]), E_OK);
	CHECK_EQ(idmap_add_at(&m, 50, &things[1]), E_VALUE);
	CHECK(idmap_get(&m, 50) == &things[50]);
	CHECK_EQ(idmap_count(&m), 2);
	CHECK_EQ(idmap_add(&m, &things[2], &id), E_OK);
	CHECK_EQ(id, 1);
	idmap_fini(&m);
}

TEST(idmap_walks_in_order)
{
	struct idmap m;
	uint32_t id = 0, seen = 0;

	idmap_init(&m, 64);
	CHECK(idmap_next(&m, &id) == NULL);
	REQUIRE_EQ(idmap_add_at(&m, 2, &things[2]), E_OK);
	REQUIRE_EQ(idmap_add_at(&m, 9, &things[9]), E_OK);
	REQUIRE_EQ(idmap_add_at(&m, 63, &things[63]), E_OK);
	for (id = 0; idmap_next(&m, &id) != NULL; id++) {
		CHECK(idmap_next(&m, &id) == &things[id]);
		seen++;
	}
	CHECK_EQ(seen, 3);
	idmap_fini(&m);
}

TEST(idmap_survives_failing_allocations)
{
	struct idmap m;
	uint32_t id;

	idmap_init(&m, 64);
	failalloc_arm(1);
	CHECK_EQ(idmap_add(&m, &things[0], &id), E_NOMEM);
	CHECK(failalloc_disarm());
	while (idmap_count(&m) < m.cap || m.cap == 0)
		REQUIRE_EQ(idmap_add(&m, &things[0], &id), E_OK);
	failalloc_arm(1);
	CHECK_EQ(idmap_add(&m, &things[1], &id), E_NOMEM);
	CHECK(failalloc_disarm());
	CHECK_EQ(idmap_count(&m), m.cap);
	CHECK_EQ(idmap_add(&m, &things[1], &id), E_OK);
	idmap_fini(&m);
}

/* Against a plain array. */
TEST(idmap_agrees_with_a_table)
{
	enum { LIMIT = 50 };
	void *model[LIMIT] = {NULL};
	uint32_t count = 0;
	struct idmap m;
	struct seed s;

	seed_init(&s, 4);
	idmap_init(&m, LIMIT);
	for (int round = 0; round < 20000; round++) {
		uint32_t want = 0, id = (uint32_t)seed_below(&s, LIMIT);

		harness_note("round %d", round);
		if (seed_one_in(&s, 2)) {
			while (want < LIMIT && model[want] != NULL)
				want++;
			REQUIRE_EQ(idmap_add(&m, &things[id], &id), want == LIMIT ? E_LIMIT : E_OK);
			if (want < LIMIT) {
				REQUIRE_EQ(id, want);
				model[id] = idmap_get(&m, id);
				count++;
			}
		} else if (model[id] != NULL) {
			idmap_drop(&m, id);
			model[id] = NULL;
			count--;
		}
		REQUIRE_EQ(idmap_count(&m), count);
		for (uint32_t i = 0; i < LIMIT; i++)
			REQUIRE(idmap_get(&m, i) == model[i]);
	}
	idmap_fini(&m);
}

static void drop_free_place(void *arg)
{
	idmap_drop(arg, 5);
}

TEST(idmap_asserts_its_caller)
{
	struct idmap m;

	idmap_init(&m, 64);
	CHECK_ABORTS(drop_free_place, &m);
	idmap_fini(&m);
}
