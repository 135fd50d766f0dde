/* SPDX-License-Identifier: ISC */
/* Members of an answer. What is missing or of another type is nothing: "-", 0, false. */
#ifndef CTL_FIELD_H
#define CTL_FIELD_H

#include <jansson.h>
#include <stdbool.h>

/* As it came: to be made printable (ctl/cells.h, ctl/table.h). */
static inline const char *field_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && s[0] ? s : "-";
}

static inline long long field_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static inline bool field_is(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

#endif
