/* SPDX-License-Identifier: ISC */
/*
 * An array of pointers that grows by doubling up to the limit; NULL is a free place. first_free
 * only ever stands at or below the lowest free place, so the search for one starts there.
 */
#include "base/idmap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_FIRST = 16 };

void idmap_init(struct idmap *m, uint32_t limit)
{
	*m = (struct idmap){.limit = limit};
}

void idmap_fini(struct idmap *m)
{
	free(m->slot);
	*m = (struct idmap){.limit = m->limit};
}

/* Makes slot[id] exist; id is below the limit. */
static enum err grow_to(struct idmap *m, uint32_t id)
{
	uint32_t cap = m->cap > m->limit / 2 ? m->limit : m->cap * 2;
	void **slot;

	if (id < m->cap)
		return E_OK;
	if (cap < CAP_FIRST)
		cap = CAP_FIRST;
	if (cap <= id)
		cap = id + 1;
	if (cap > m->limit)
		cap = m->limit;
	slot = reallocarray(m->slot, cap, sizeof(*slot));
	if (slot == NULL)
		return E_NOMEM;
	memset(slot + m->cap, 0, (size_t)(cap - m->cap) * sizeof(*slot));
	m->slot = slot;
	m->cap = cap;
	return E_OK;
}

enum err idmap_add_at(struct idmap *m, uint32_t id, void *what)
{
	enum err e;

	assert(what != NULL);
	if (id >= m->limit)
		return E_LIMIT;
	if (idmap_get(m, id) != NULL)
		return E_VALUE;
	e = grow_to(m, id);
	if (e != E_OK)
		return e;
	m->slot[id] = what;
	m->count++;
	return E_OK;
}

enum err idmap_add(struct idmap *m, void *what, uint32_t *id)
{
	uint32_t place = m->first_free;
	enum err e;

	while (place < m->cap && m->slot[place] != NULL)
		place++;
	m->first_free = place;
	e = idmap_add_at(m, place, what);
	if (e == E_OK)
		*id = place;
	return e;
}

void *idmap_get(const struct idmap *m, uint32_t id)
{
	return id < m->cap ? m->slot[id] : NULL;
}

void idmap_drop(struct idmap *m, uint32_t id)
{
	assert(idmap_get(m, id) != NULL);
	m->slot[id] = NULL;
	m->count--;
	if (id < m->first_free)
		m->first_free = id;
}

uint32_t idmap_count(const struct idmap *m)
{
	return m->count;
}

void *idmap_next(const struct idmap *m, uint32_t *id)
{
	for (uint32_t i = *id; i < m->cap; i++) {
		if (m->slot[i] != NULL) {
			*id = i;
			return m->slot[i];
		}
	}
	return NULL;
}
