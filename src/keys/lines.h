/* SPDX-License-Identifier: ISC */
/*
 * Walks the lines of a key file. A line comes without its LF or CR LF and without blanks around it;
 * the last one needs no line end. Empty lines and comments (#) are passed over but counted.
 */
#ifndef KEYS_LINES_H
#define KEYS_LINES_H

#include "base/bytes.h"

struct lines {
	struct bytes rest; /* private from here on but number */
	unsigned number;   /* of the line given last, from 1 */
};

void lines_init(struct lines *l, struct bytes text);
/* The next line that says something; false at the end. raw_len: its length in the file with all
 * blanks, which is what a limit holds against. */
bool lines_next(struct lines *l, struct bytes *line, size_t *raw_len);

/* Blanks: space and tab. */
struct bytes lines_trim(struct bytes s);
/* The word at the front of *rest, which must be trimmed; what follows stays there, trimmed. */
struct bytes lines_word(struct bytes *rest);

#endif
