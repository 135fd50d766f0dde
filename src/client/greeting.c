/* SPDX-License-Identifier: ISC */
#include "client/greeting.h"

#include "base/text.h"

void greeting_add(struct greeting *g, struct bytes data)
{
	const uint8_t *end;
	size_t len = data.len;

	if (g->is_whole || len == 0)
		return;
	end = memchr(data.ptr, '\n', len);
	if (end != NULL)
		len = (size_t)(end - data.ptr) + 1;
	g->is_whole = end != NULL || len >= GREETING_MAX - g->len;
	if (len > GREETING_MAX - g->len)
		len = GREETING_MAX - g->len;
	memcpy(g->bytes + g->len, data.ptr, len);
	g->len += len;
}

bool greeting_is_whole(const struct greeting *g)
{
	return g->is_whole;
}

bool greeting_is_empty(const struct greeting *g)
{
	return g->len == 0;
}

struct bytes greeting_line(const struct greeting *g)
{
	size_t len = g->len;

	if (len > 0 && g->bytes[len - 1] == '\n')
		len--;
	if (len > 0 && len < g->len && g->bytes[len - 1] == '\r')
		len--;
	return bytes_of(g->bytes, len);
}

const char *greeting_text(const struct greeting *g, char out[static GREETING_TEXT])
{
	return text_escape(out, GREETING_TEXT, greeting_line(g));
}

bool greeting_is_same(const struct greeting *a, const struct greeting *b)
{
	return bytes_eq(greeting_line(a), greeting_line(b));
}
