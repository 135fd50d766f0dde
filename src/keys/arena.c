/* SPDX-License-Identifier: ISC */
/* Blocks in a list, the one in use first; a big piece gets a block of its own. */
#include "keys/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 16 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	alignas(max_align_t) uint8_t mem[];
};

void arena_init(struct arena *a)
{
	a->blocks = NULL;
}

void arena_fini(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *block = a->blocks;
	void *piece;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (block == NULL || n > block->cap - block->used) {
		size_t cap = n > BLOCK_BYTES ? n : BLOCK_BYTES;

		block = calloc(1, sizeof *block + cap);
		if (block == NULL)
			return NULL;
		block->cap = cap;
		block->next = a->blocks;
		a->blocks = block;
	}
	piece = block->mem + block->used;
	block->used += n;
	return piece;
}

char *arena_text(struct arena *a, struct bytes text)
{
	char *copy = arena_alloc(a, text.len + 1);

	if (copy != NULL && text.len > 0)
		memcpy(copy, text.ptr, text.len);
	return copy;
}
