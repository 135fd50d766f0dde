/* SPDX-License-Identifier: ISC */
#include "keys/arena.h"

#include "failalloc.h"
#include "harness.h"

#include <stdalign.h>

TEST(pieces_are_zero_aligned_and_apart)
{
	struct arena a;
	uint8_t *pieces[200];

	arena_init(&a);
	for (size_t i = 0; i < 200; i++) {
		size_t n = i * 7;

		pieces[i] = arena_alloc(&a, n);
		REQUIRE(pieces[i] != NULL);
		CHECK_EQ((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t k = 0; k < n; k++)
			REQUIRE(pieces[i][k] == 0);
		memset(pieces[i], (int)i, n);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < i * 7; k++)
			REQUIRE(pieces[i][k] == (uint8_t)i);
	}
	arena_fini(&a);
	CHECK(a.blocks == NULL);
	arena_fini(&a);
}

TEST(big_pieces_have_their_place)
{
	struct arena a;
	uint8_t *big;

	arena_init(&a);
	REQUIRE(arena_alloc(&a, 1) != NULL);
	big = arena_alloc(&a, 1 << 20);
	REQUIRE(big != NULL);
	memset(big, 1, 1 << 20);
	CHECK(arena_alloc(&a, SIZE_MAX) == NULL);
	CHECK(arena_alloc(&a, SIZE_MAX / 2 + 1) == NULL);
	arena_fini(&a);
}

TEST(text_is_copied)
{
	struct arena a;
	char from[] = "abc";
	char *text;

	arena_init(&a);
	text = arena_text(&a, bytes_of(from, 2));
	from[0] = 'x';
	CHECK_STR(text, "ab");
	CHECK_STR(arena_text(&a, bytes_of(NULL, 0)), "");
	arena_fini(&a);
}

TEST(no_memory_is_null)
{
	struct arena a;

	arena_init(&a);
	failalloc_arm(1);
	CHECK(arena_text(&a, bytes_str("abc")) == NULL);
	CHECK(failalloc_disarm());
	CHECK(arena_alloc(&a, 3) != NULL);
	arena_fini(&a);
}
