/* SPDX-License-Identifier: ISC */
#include "ctl/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/cells.h"

enum { GAP = 2 };

struct table {
	const struct table_column *column;
	size_t columns;
	char **cell;
	size_t cells, room;
	bool is_short;
	/* by column: what the cells need, and what they get; 0: the column is missing */
	size_t need[TABLE_COLUMNS_MAX], width[TABLE_COLUMNS_MAX];
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *t = count <= TABLE_COLUMNS_MAX ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return NULL;
	t->column = columns;
	t->columns = count;
	for (size_t i = 0; i < count; i++)
		t->need[i] = cells_width(columns[i].title);
	table_fit(t, 0);
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->cells; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t);
}

static bool make_room(struct table *t)
{
	size_t more = t->room == 0 ? 256 : 2 * t->room;
	char **bigger;

	if (t->cells < t->room)
		return true;
	bigger = reallocarray(t->cell, more, sizeof(*t->cell));
	if (!bigger)
		return false;
	t->cell = bigger;
	t->room = more;
	return true;
}

void table_add(struct table *t, const char *text)
{
	size_t i = t->cells % t->columns, width;
	char *copy = t->is_short || !make_room(t) ? NULL : cells_printable(text ? text : "");

	if (!copy) {
		t->is_short = true;
		return;
	}
	t->cell[t->cells++] = copy;
	width = cells_width(copy);
	if (width > t->need[i])
		t->need[i] = width;
}

bool table_is_whole(const struct table *t)
{
	return !t->is_short && t->cells % t->columns == 0;
}

size_t table_rows(const struct table *t)
{
	return t->cells / t->columns;
}

/* --- fitting ---------------------------------------------------------------------------------- */

static size_t sum(const struct table *t)
{
	size_t all = 0;

	for (size_t i = 0; i < t->columns; i++)
		if (t->width[i] > 0)
			all += t->width[i] + (all > 0 ? GAP : 0);
	return all;
}

static bool can_shrink(const struct table *t, size_t i)
{
	return t->column[i].least > 0 && t->width[i] > t->column[i].least;
}

/* One column from the widest that can give one. */
static bool shrink(struct table *t)
{
	size_t widest = t->columns;

	for (size_t i = 0; i < t->columns; i++)
		if (can_shrink(t, i) && (widest == t->columns || t->width[i] > t->width[widest]))
			widest = i;
	if (widest == t->columns)
		return false;
	t->width[widest]--;
	return true;
}

static bool leave_out(struct table *t)
{
	size_t next = t->columns;

	for (size_t i = 0; i < t->columns; i++)
		if (t->width[i] > 0 && t->column[i].goes > 0 &&
			(next == t->columns || t->column[i].goes < t->column[next].goes))
			next = i;
	if (next == t->columns)
		return false;
	t->width[next] = 0;
	return true;
}

void table_fit(struct table *t, unsigned width)
{
	memcpy(t->width, t->need, sizeof(t->width));
	if (width == 0)
		return;
	while (sum(t) > width && shrink(t))
		;
	while (sum(t) > width && leave_out(t))
		;
	/* What went may have made more room than was needed. */
	for (size_t i = 0; i < t->columns; i++)
		while (t->width[i] > 0 && t->width[i] < t->need[i] && sum(t) < width)
			t->width[i]++;
}

/* --- lines ------------------------------------------------------------------------------------ */

struct line {
	FILE *out;
	size_t blanks; /* before the next cell */
	bool has_begun;
};

static void put(struct line *l, const struct table *t, size_t i, const char *text)
{
	const char *mark;
	size_t len = cells_fit(text, t->width[i], &mark);
	size_t width = cells_width(text), lacks = t->width[i] > width ? t->width[i] - width : 0;

	if (t->width[i] == 0)
		return;
	l->blanks += (l->has_begun ? GAP : 0) + (t->column[i].is_right ? lacks : 0);
	l->has_begun = true;
	if (len > 0) {
		fprintf(l->out, "%*s%.*s%s", (int)l->blanks, "", (int)len, text, mark);
		l->blanks = 0;
	} else {
		l->blanks += t->column[i].is_right ? 0 : width;
	}
	l->blanks += t->column[i].is_right ? 0 : lacks;
}

void table_line(const struct table *t, size_t row, FILE *out)
{
	struct line l = {.out = out};

	for (size_t i = 0; i < t->columns; i++)
		put(&l, t, i, t->cell[row * t->columns + i]);
}

void table_head(const struct table *t, FILE *out)
{
	struct line l = {.out = out};

	for (size_t i = 0; i < t->columns; i++)
		put(&l, t, i, t->column[i].title);
}

unsigned table_width_of(FILE *out)
{
	struct winsize size = {0};

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

void table_print(struct table *t, FILE *out)
{
	table_fit(t, table_width_of(out));
	table_head(t, out);
	fputc('\n', out);
	for (size_t i = 0; i < table_rows(t); i++) {
		table_line(t, i, out);
		fputc('\n', out);
	}
	if (!table_is_whole(t))
		fprintf(out, "(memory is short: there is more)\n");
}
