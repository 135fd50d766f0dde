/* SPDX-License-Identifier: ISC */
/*
 * A small curve of numbers, one sign each, the newest last: eight heights of block signs, or of ASCII where
 * the locale has no others. The largest is full height; only 0 is blank.
 */
#ifndef CTL_SPARK_H
#define CTL_SPARK_H

#include <stddef.h>
#include <stdint.h>

enum { SPARK_VALUES = 24, SPARK_TEXT_MAX = 3 * SPARK_VALUES + 1 };

struct spark {
	uint64_t value[SPARK_VALUES]; /* a ring */
	size_t next;
};

/* spark: zeroed before the first. */
void spark_take(struct spark *s, uint64_t value);
const char *spark_text(const struct spark *s, char out[static SPARK_TEXT_MAX]);

#endif
