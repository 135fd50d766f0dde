/* SPDX-License-Identifier: ISC */
/* Walks over comma lists: RFC 4251 section 5 for the type, section 6 for the names in it. */
#include "wire/namelist.h"

#include "wire/msgs.h"

/* RFC 4251 6: printable US-ASCII, no comma, no white space, at most 64 characters */
static bool is_valid_name(struct bytes name)
{
	if (name.len > LIMIT_NAME)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= 0x20 || name.ptr[i] >= 0x7f)
			return false;
	}
	return true;
}

bool namelist_is_valid(struct bytes list)
{
	struct bytes name;

	if (list.len > LIMIT_NAMELIST)
		return false;
	while (namelist_next(&list, &name)) {
		if (!is_valid_name(name))
			return false;
	}
	return true;
}

bool namelist_next(struct bytes *rest, struct bytes *name)
{
	while (rest->len > 0) {
		const uint8_t *comma = memchr(rest->ptr, ',', rest->len);
		size_t n = comma != NULL ? (size_t)(comma - rest->ptr) : rest->len;
		size_t step = comma != NULL ? n + 1 : n;

		*name = bytes_of(rest->ptr, n);
		*rest = bytes_of(rest->ptr + step, rest->len - step);
		if (n > 0)
			return true;
	}
	return false;
}

static bool has(struct bytes list, struct bytes wanted)
{
	struct bytes name;

	while (namelist_next(&list, &name)) {
		if (bytes_eq(name, wanted))
			return true;
	}
	return false;
}

bool namelist_has(struct bytes list, const char *name)
{
	return has(list, bytes_str(name));
}

bool namelist_first_common(struct bytes ours, struct bytes theirs, bool (*skip)(struct bytes name),
	struct bytes *common)
{
	struct bytes name;

	while (namelist_next(&ours, &name)) {
		if ((skip == NULL || !skip(name)) && has(theirs, name)) {
			*common = name;
			return true;
		}
	}
	return false;
}
