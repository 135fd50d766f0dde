/* SPDX-License-Identifier: ISC */
/* A sentence under a heading, broken into lines for a terminal: the heading stands in a column of
 * its own, and lines after the first begin where the sentence began. */
#ifndef CLIENT_WRAP_H
#define CLIENT_WRAP_H

#include "client/picture.h"

enum { WRAP_INDENT = 2, WRAP_COLUMNS = 96 };

/* head: "" for a sentence that goes on under the heading before it. head_width: cells. A word longer
 * than a line stands alone; between wide characters (CJK) a line may end anywhere. */
void wrap(const char *head, size_t head_width, const char *sentence, picture_line line, void *ctx);

#endif
