/* SPDX-License-Identifier: ISC */
/* Lines and words of key files. */
#include "keys/lines.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct bytes lines_trim(struct bytes s)
{
	while (s.len > 0 && is_blank(s.ptr[0]))
		s = bytes_of(s.ptr + 1, s.len - 1);
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct bytes lines_word(struct bytes *rest)
{
	struct bytes word = *rest;
	size_t len = 0;

	while (len < word.len && !is_blank(word.ptr[len]))
		len++;
	if (len > 0)
		*rest = lines_trim(bytes_of(word.ptr + len, word.len - len));
	word.len = len;
	return word;
}

void lines_init(struct lines *l, struct bytes text)
{
	*l = (struct lines){.rest = text};
}

/* The next line as it stands, without its end. */
static bool next_raw(struct lines *l, struct bytes *raw)
{
	const uint8_t *end;

	if (l->rest.len == 0)
		return false;
	*raw = l->rest;
	end = memchr(raw->ptr, '\n', raw->len);
	if (end == NULL) {
		l->rest = bytes_of(NULL, 0);
	} else {
		raw->len = (size_t)(end - raw->ptr);
		l->rest = bytes_of(end + 1, l->rest.len - raw->len - 1);
	}
	if (raw->len > 0 && raw->ptr[raw->len - 1] == '\r')
		raw->len--;
	l->number++;
	return true;
}

bool lines_next(struct lines *l, struct bytes *line, size_t *raw_len)
{
	struct bytes raw;

	while (next_raw(l, &raw)) {
		*line = lines_trim(raw);
		*raw_len = raw.len;
		if (line->len > 0 && line->ptr[0] != '#')
			return true;
	}
	return false;
}
