/* SPDX-License-Identifier: ISC */
/*
 * Rows under headings. As wide as its longest cells, or made to fit: columns that may shrink do, the
 * widest first, and then columns that may be missing go. Cells are made printable as they come.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table_column {
	const char *title;
	bool is_right;	   /* aligned */
	unsigned least;	   /* columns it may shrink to; 0: not at all */
	unsigned goes; /* which is missing first when there is no room: 1; 0: never */
};

struct table; /* opaque */

/* columns: the caller's, and outlives it. NULL when memory is short. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *t);
/* Cells from left to right, row by row; NULL and "": empty. What memory is too short for is missing, and
 * table_is_whole says so. */
void table_add(struct table *t, const char *text);
bool table_is_whole(const struct table *t);
size_t table_rows(const struct table *t);
/* Chooses the columns' widths; 0: no limit. */
void table_fit(struct table *t, unsigned width);
/* A row as it was fitted, or the headings; without blanks or a newline at its end. */
void table_line(const struct table *t, size_t row, FILE *out);
void table_head(const struct table *t, FILE *out);
/* All of it, made to fit if out is a terminal. */
void table_print(struct table *t, FILE *out);

/* Columns of the terminal that out is; 0: it is none, or does not say. */
unsigned table_width_of(FILE *out);

#endif
