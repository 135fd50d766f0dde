/* SPDX-License-Identifier: ISC */
/*
 * Small dense numbers to pointers: the channel table. Ids are given lowest first, up to a limit, and a
 * freed id is reused only when idmap_drop was called for it.
 */
#ifndef BASE_IDMAP_H
#define BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct idmap {
	void **slot; /* private from here on */
	uint32_t cap, count, limit;
	uint32_t first_free; /* no free id below */
};

void idmap_init(struct idmap *m, uint32_t limit);
void idmap_fini(struct idmap *m); /* does not touch what the slots point to */
enum err idmap_add(struct idmap *m, void *what, uint32_t *id) MUST_USE; /* E_LIMIT, E_NOMEM */
enum err idmap_add_at(struct idmap *m, uint32_t id, void *what) MUST_USE; /* for thaw; E_VALUE if taken */
void *idmap_get(const struct idmap *m, uint32_t id); /* NULL when there is none: bound and liveness */
void idmap_drop(struct idmap *m, uint32_t id);
uint32_t idmap_count(const struct idmap *m);
/* Walks: start with *id = 0; returns the next entry at or after *id and sets *id to it; NULL at the end. */
void *idmap_next(const struct idmap *m, uint32_t *id);

#endif
