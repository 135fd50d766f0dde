/* SPDX-License-Identifier: ISC */
/* Every write goes through wr_room(), the only place where the length grows. */
#include "wire/writer.h"

#include <assert.h>

void wr_init(struct writer *w, struct span into)
{
	*w = (struct writer){.mem = into.ptr, .cap = into.len};
}

uint8_t *wr_room(struct writer *w, size_t n)
{
	uint8_t *p;

	if (w->bad || n > w->cap - w->len) {
		w->bad = true;
		return NULL;
	}
	p = w->mem + w->len;
	w->len += n;
	return p;
}

void wr_u8(struct writer *w, uint8_t v)
{
	uint8_t *p = wr_room(w, 1);

	if (p != NULL)
		*p = v;
}

void wr_u32(struct writer *w, uint32_t v)
{
	uint8_t *p = wr_room(w, 4);

	if (p != NULL)
		store_be32(p, v);
}

void wr_u64(struct writer *w, uint64_t v)
{
	uint8_t *p = wr_room(w, 8);

	if (p != NULL)
		store_be64(p, v);
}

void wr_bool(struct writer *w, bool v)
{
	/* RFC 4251 5: only 0 and 1 may be stored, and a bool is nothing else */
	wr_u8(w, v);
}

void wr_raw(struct writer *w, struct bytes b)
{
	uint8_t *p;

	if (b.len == 0)
		return;
	p = wr_room(w, b.len);
	if (p != NULL)
		memcpy(p, b.ptr, b.len);
}

void wr_string(struct writer *w, struct bytes b)
{
	if (b.len > UINT32_MAX) {
		w->bad = true;
		return;
	}
	wr_u32(w, (uint32_t)b.len);
	wr_raw(w, b);
}

void wr_cstring(struct writer *w, const char *s)
{
	wr_string(w, bytes_str(s));
}

void wr_mpint(struct writer *w, struct bytes magnitude)
{
	size_t mark = wr_mark(w);

	while (magnitude.len > 0 && magnitude.ptr[0] == 0)
		magnitude = bytes_of(magnitude.ptr + 1, magnitude.len - 1);
	/* RFC 4251 5: a set high bit would make it negative */
	if (magnitude.len > 0 && (magnitude.ptr[0] & 0x80) != 0)
		wr_u8(w, 0);
	wr_raw(w, magnitude);
	wr_close(w, mark);
}

size_t wr_mark(struct writer *w)
{
	wr_u32(w, 0);
	return w->len;
}

void wr_close(struct writer *w, size_t mark)
{
	if (w->bad)
		return;
	assert(mark >= 4 && mark <= w->len);
	if (w->len - mark > UINT32_MAX) {
		w->bad = true;
		return;
	}
	store_be32(w->mem + mark - 4, (uint32_t)(w->len - mark));
}

bool wr_ok(const struct writer *w)
{
	return !w->bad;
}

struct bytes wr_bytes(const struct writer *w)
{
	return w->bad ? bytes_of(NULL, 0) : bytes_of(w->mem, w->len);
}

enum err wr_finish(const struct writer *w, size_t *len)
{
	if (!wr_ok(w))
		return E_LIMIT;
	*len = wr_bytes(w).len;
	return E_OK;
}
