/* SPDX-License-Identifier: ISC */
/*
 * Writing of SSH data types into a lent span. Failure sticks: what does not fit sets the writer bad
 * and writes nothing more; wr_ok() must be checked before the bytes are used.
 */
#ifndef WIRE_WRITER_H
#define WIRE_WRITER_H

#include "base/bytes.h"
#include "base/err.h"

struct writer {
	uint8_t *mem; /* private from here on */
	size_t len, cap;
	bool bad;
};

void wr_init(struct writer *w, struct span into);
void wr_u8(struct writer *w, uint8_t v);
void wr_u32(struct writer *w, uint32_t v);
void wr_u64(struct writer *w, uint64_t v);
void wr_bool(struct writer *w, bool v);
void wr_raw(struct writer *w, struct bytes b);
void wr_string(struct writer *w, struct bytes b);
void wr_cstring(struct writer *w, const char *s);
/* Big-endian magnitude as mpint: leading zeros go, a zero byte comes before a set high bit. */
void wr_mpint(struct writer *w, struct bytes magnitude);
/* A string whose length is known later: mark, write, then close with the mark. */
size_t wr_mark(struct writer *w);
void wr_close(struct writer *w, size_t mark);
bool wr_ok(const struct writer *w);
struct bytes wr_bytes(const struct writer *w); /* what stands there; empty when bad */
/* How many bytes stand there; E_LIMIT, and *len untouched, when they did not fit. */
enum err wr_finish(const struct writer *w, size_t *len) MUST_USE;
/* Room for n bytes that the caller fills; NULL when bad. */
uint8_t *wr_room(struct writer *w, size_t n);

#endif
