/* SPDX-License-Identifier: ISC */
/*
 * The picture of the four roles: columns side by side, an arrow between each two that says what
 * runs there and who dials whom. Text only: what is in it and what it means is the caller's.
 */
#ifndef CLIENT_PICTURE_H
#define CLIENT_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

enum { PICTURE_COLUMNS = 4, PICTURE_ROWS = 3, PICTURE_CELL = 288 };

/* The arrow points from who dials to who is dialled. */
struct picture_link {
	const char *label; /* "TCP", "SSH"; ASCII */
	bool is_encrypted; /* drawn double */
	bool is_leftward;
};

struct picture {
	char cells[PICTURE_ROWS][PICTURE_COLUMNS][PICTURE_CELL]; /* printable UTF-8 */
	struct picture_link links[PICTURE_COLUMNS - 1];	/* drawn in row 1 */
};

typedef void (*picture_line)(void *ctx, const char *text);

/* is_utf8: the terminal shows box drawing characters; else ASCII does for the arrows. Lines have no
 * blanks at their ends. */
void picture_draw(const struct picture *p, bool is_utf8, picture_line line, void *ctx);
/* Cells of a terminal that text takes: two for each wide character (CJK). */
size_t picture_width(const char *text);

#endif
