/* SPDX-License-Identifier: ISC */
/*
 * Text for a terminal, counted in columns. Whoever a text came from, nothing in it moves the cursor,
 * changes the colour or hides: what the locale cannot show, and characters that take no column of their
 * own, are written as \xNN, byte by byte. Needs setlocale(LC_CTYPE, "").
 */
#ifndef CTL_CELLS_H
#define CTL_CELLS_H

#include <stdbool.h>
#include <stddef.h>

/* For free(); NULL when memory is short. */
char *cells_printable(const char *text);
/* Columns of a text that was made printable. */
size_t cells_width(const char *text);
/* How many bytes of a printable text to show in so many columns, and what to put behind them: an ellipsis,
 * or "" when the text is whole. */
size_t cells_fit(const char *text, size_t columns, const char **mark);
/* Whether signs beyond ASCII can be shown. */
bool cells_has_signs(void);

#endif
