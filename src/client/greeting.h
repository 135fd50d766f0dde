/* SPDX-License-Identifier: ISC */
/* The first words of a service that speaks before it is spoken to: one line, however it arrives. */
#ifndef CLIENT_GREETING_H
#define CLIENT_GREETING_H

#include "base/bytes.h"

enum { GREETING_MAX = 255, GREETING_TEXT = 128 };

struct greeting {
	uint8_t bytes[GREETING_MAX]; /* private from here on */
	size_t len;
	bool is_whole;
};

/* What follows the first line is passed over. */
void greeting_add(struct greeting *g, struct bytes data);
/* There is no need to wait for more. */
bool greeting_is_whole(const struct greeting *g);
bool greeting_is_empty(const struct greeting *g);
/* The line without its end. */
struct bytes greeting_line(const struct greeting *g);
/* The same, escaped and cut. */
const char *greeting_text(const struct greeting *g, char out[static GREETING_TEXT]);
bool greeting_is_same(const struct greeting *a, const struct greeting *b);

#endif
