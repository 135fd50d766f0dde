/* SPDX-License-Identifier: ISC */
/*
 * Bounded reading of SSH data types (RFC 4251 5). Failure sticks: after a short or malformed read
 * every getter yields zero or an empty slice, and rd_end() is false for good. A handler reads all
 * fields into locals, checks rd_end(), and only then touches state.
 *
 * Slices borrow the memory the reader was started on.
 */
#ifndef WIRE_READER_H
#define WIRE_READER_H

#include "base/bytes.h"
#include "base/err.h"

struct reader {
	const uint8_t *at, *end; /* private from here on */
	bool bad;
};

void rd_init(struct reader *r, struct bytes from);
uint8_t rd_u8(struct reader *r);
uint32_t rd_u32(struct reader *r);
uint64_t rd_u64(struct reader *r);
bool rd_bool(struct reader *r);                           /* any non-zero byte is true */
struct bytes rd_raw(struct reader *r, size_t n);          /* n bytes as they stand */
struct bytes rd_string(struct reader *r, size_t max);     /* longer than max is a failure */
/* Text: a string without NUL, at most max bytes. */
struct bytes rd_text(struct reader *r, size_t max);
/* A non-negative mpint in canonical form; the slice comes without the leading zero byte. */
struct bytes rd_mpint(struct reader *r, size_t max);
struct bytes rd_rest(struct reader *r);                   /* everything left */
size_t rd_left(const struct reader *r);
void rd_fail(struct reader *r);                           /* a value check of the caller failed */
bool rd_ok(const struct reader *r);                       /* nothing failed so far */
bool rd_end(const struct reader *r);                      /* nothing failed and nothing is left */
/* The same as an error: E_FORMAT when something failed, E_TRAILING when something is left. */
enum err rd_finish(const struct reader *r) MUST_USE;

#endif
