/* SPDX-License-Identifier: ISC */
/*
 * Every getter goes through take(), the only place where the position moves. A failed take moves it
 * to the end, so that nothing behind the failure can be read by mistake.
 */
#include "wire/reader.h"

void rd_init(struct reader *r, struct bytes from)
{
	r->at = from.ptr;
	r->end = from.len > 0 ? from.ptr + from.len : from.ptr;
	r->bad = false;
}

void rd_fail(struct reader *r)
{
	r->bad = true;
	r->at = r->end;
}

size_t rd_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

bool rd_ok(const struct reader *r)
{
	return !r->bad;
}

bool rd_end(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}

enum err rd_finish(const struct reader *r)
{
	if (!rd_ok(r))
		return E_FORMAT;
	return rd_end(r) ? E_OK : E_TRAILING;
}

/* The next n bytes, or NULL and the failure sticks. n > 0. */
static const uint8_t *take(struct reader *r, size_t n)
{
	const uint8_t *p = r->at;

	if (r->bad || n > rd_left(r)) {
		rd_fail(r);
		return NULL;
	}
	r->at += n;
	return p;
}

uint8_t rd_u8(struct reader *r)
{
	const uint8_t *p = take(r, 1);

	return p != NULL ? *p : 0;
}

uint32_t rd_u32(struct reader *r)
{
	const uint8_t *p = take(r, 4);

	return p != NULL ? load_be32(p) : 0;
}

uint64_t rd_u64(struct reader *r)
{
	const uint8_t *p = take(r, 8);

	return p != NULL ? load_be64(p) : 0;
}

bool rd_bool(struct reader *r)
{
	/* RFC 4251 5: all non-zero values are true */
	return rd_u8(r) != 0;
}

struct bytes rd_raw(struct reader *r, size_t n)
{
	const uint8_t *p;

	if (n == 0)
		return bytes_of(NULL, 0);
	p = take(r, n);
	return bytes_of(p, p != NULL ? n : 0);
}

struct bytes rd_string(struct reader *r, size_t max)
{
	uint32_t n = rd_u32(r);

	if (n > max) {
		rd_fail(r);
		return bytes_of(NULL, 0);
	}
	return rd_raw(r, n);
}

struct bytes rd_text(struct reader *r, size_t max)
{
	struct bytes s = rd_string(r, max);

	if (s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL) {
		rd_fail(r);
		return bytes_of(NULL, 0);
	}
	return s;
}

/* RFC 4251 5: two's complement, most significant byte first, no unnecessary leading bytes; zero is
 * the empty string. Negative numbers occur in no message of ours. */
struct bytes rd_mpint(struct reader *r, size_t max)
{
	/* max bounds the magnitude; one zero byte may stand before it */
	struct bytes s = rd_string(r, max < SIZE_MAX ? max + 1 : max);

	if (s.len == 0)
		return s;
	if (s.ptr[0] == 0 && s.len > 1 && (s.ptr[1] & 0x80) != 0)
		return bytes_of(s.ptr + 1, s.len - 1);
	if (s.ptr[0] == 0 || (s.ptr[0] & 0x80) != 0 || s.len > max) {
		rd_fail(r);
		return bytes_of(NULL, 0);
	}
	return s;
}

struct bytes rd_rest(struct reader *r)
{
	return rd_raw(r, rd_left(r));
}
