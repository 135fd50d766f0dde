/* SPDX-License-Identifier: ISC */
/*
 * Memory that is given out piece by piece and freed at once: what a parsed file is made of. Pieces
 * never move.
 */
#ifndef KEYS_ARENA_H
#define KEYS_ARENA_H

#include "base/bytes.h"

struct arena {
	struct arena_block *blocks; /* private */
};

void arena_init(struct arena *a);
void arena_fini(struct arena *a);
/* n bytes, zeroed, aligned for anything; NULL when memory is short. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy with a NUL behind it, or NULL. */
char *arena_text(struct arena *a, struct bytes text);

#endif
