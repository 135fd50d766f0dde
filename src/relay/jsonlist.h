/* SPDX-License-Identifier: ISC */
/* Lists that are built as long as memory lasts. */
#ifndef RELAY_JSONLIST_H
#define RELAY_JSONLIST_H

#include <jansson.h>

/* Takes both. What could not be made makes the whole NULL, and json_pack as well. */
static inline json_t *jsonlist_add(json_t *list, json_t *item)
{
	if (list && item && json_array_append_new(list, item) == 0)
		return list;
	if (!list)
		json_decref(item);
	json_decref(list);
	return NULL;
}

#endif
