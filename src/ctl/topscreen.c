/* SPDX-License-Identifier: ISC */
#include "ctl/topscreen.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cells.h"
#include "ctl/table.h"
#include "ctl/units.h"

enum { HEAD_LINES = 2, FOOT_LINES = 1, COLOUR_LIMITED = 1, COLOUR_SILENT, ESCAPE_MS = 25 };

static const struct table_column columns[] = {
	{"PORT", true, 0, 0},
	{"KEY", false, 8, 0},
	{"AGENT", false, 8, 3},
	{"FROM", false, 9, 1},
	{"VISITORS", true, 0, 6},
	{"IN", true, 0, 0},
	{"OUT", true, 0, 0},
	{"HISTORY", false, 0, 4},
	{"ROUND TRIP", true, 0, 2},
	{"LIMITED BY", false, 8, 5},
};

bool topscreen_begin(void)
{
	const char *plain = getenv("NO_COLOR");

	if (!newterm(NULL, stdout, stdin))
		return false;
	/* Every key is ours: a signal would leave the terminal to whoever catches it. */
	raw();
	noecho();
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	if (has_colors() && !(plain && plain[0])) {
		start_color();
		use_default_colors();
		init_pair(COLOUR_LIMITED, COLOR_YELLOW, -1);
		init_pair(COLOUR_SILENT, COLOR_RED, -1);
	}
	return true;
}

void topscreen_end(void)
{
	/* A terminal that has one screen only keeps the picture; the shell goes on below it. */
	move(LINES - 1, 0);
	clrtoeol();
	refresh();
	endwin();
}

size_t topscreen_rows(void)
{
	int rows = LINES - HEAD_LINES - FOOT_LINES - 1;

	return rows > 1 ? (size_t)rows : 1;
}

/* A whole line, cut to the screen. */
static void put_line(int y, chtype how, const char *text)
{
	char *shown = cells_printable(text);
	const char *mark = "";
	size_t len = shown ? cells_fit(shown, COLS > 0 ? (size_t)COLS : 0, &mark) : 0;

	if (shown && y < LINES) {
		attrset(how);
		mvaddnstr(y, 0, shown, (int)len);
		addstr(mark);
		if (how & A_REVERSE)
			chgat(-1, how, 0, NULL);
		attrset(A_NORMAL);
	}
	free(shown);
}

static void put_head(const struct topscreen *s, const struct tunnels *t, size_t shown)
{
	char text[512], in[UNITS_TEXT], out[UNITS_TEXT], at[16] = "";
	struct tm tm;

	if (localtime_r(&s->seen, &tm))
		strftime(at, sizeof(at), "%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s  %lld agents  %zu tunnels  %lld visitors  in %s  out %s%s",
		at, t->agents, t->count, t->visitors, units_rate(t->rate_in, in),
		units_rate(t->rate_out, out), s->is_paused ? "  paused" : "");
	put_line(0, A_BOLD, text);
	if (s->trouble[0])
		snprintf(text, sizeof(text), "%s", s->trouble);
	else
		snprintf(text, sizeof(text), "by %s%s%s%s%s", tunnels_order_name(s->order),
			s->is_reversed ? ", reversed" : "",
			s->filter[0] ? ", only those with '" : "", s->filter,
			s->filter[0] ? "'" : "");
	put_line(1, s->trouble[0] ? A_BOLD : A_NORMAL, text);
	if (t->count == 0)
		put_line(HEAD_LINES + 1, A_NORMAL, "no port is open");
	else if (shown == 0)
		put_line(HEAD_LINES + 1, A_NORMAL, "no tunnel is like that");
}

static void put_foot(const struct topscreen *s)
{
	char text[FILTER_MAX + 64];

	if (s->is_typing) {
		snprintf(text, sizeof(text), "filter: %s_  (Enter keeps it, Esc drops it)",
			s->filter);
		put_line(LINES - 1, A_BOLD, text);
		return;
	}
	put_line(LINES - 1, A_NORMAL,
		"q quit  < > sort  r reverse  / filter  up down page home end scroll  space pause");
}

static void add_row(struct table *t, const struct tunnel *one)
{
	char text[UNITS_TEXT], spark[SPARK_TEXT_MAX];

	snprintf(text, sizeof(text), "%lld", one->port);
	table_add(t, text);
	table_add(t, one->key);
	table_add(t, one->who);
	table_add(t, one->peer);
	snprintf(text, sizeof(text), "%lld", one->visitors);
	table_add(t, text);
	table_add(t, units_rate(one->rate_in, text));
	table_add(t, units_rate(one->rate_out, text));
	table_add(t, spark_text(&one->spark, spark));
	table_add(t, units_ms(one->rtt_ms, text));
	table_add(t, one->is_silent   ? "does not answer"
		     : one->stands_by ? "stands by"
				      : one->limits);
}

/* A line of the table, by itself: memory is short when there is none. */
static void put_row(int y, chtype how, const struct table *t, size_t row, bool is_head)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	if (is_head)
		table_head(t, out);
	else
		table_line(t, row, out);
	if (fclose(out) == 0)
		put_line(y, how, text);
	free(text);
}

static chtype look_of(const struct tunnel *one)
{
	if (one->is_silent)
		return (chtype)COLOR_PAIR(COLOUR_SILENT) | A_BOLD;
	return one->limits[0] ? (chtype)COLOR_PAIR(COLOUR_LIMITED) : A_NORMAL;
}

static void put_rows(const struct topscreen *s, const struct tunnel *const *view, size_t count)
{
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	size_t last = s->first + topscreen_rows();

	if (!t)
		return;
	if (last > count)
		last = count;
	for (size_t i = s->first; i < last; i++)
		add_row(t, view[i]);
	table_fit(t, COLS > 0 ? (unsigned)COLS : 1);
	put_row(HEAD_LINES, A_REVERSE, t, 0, true);
	for (size_t i = 0; i < table_rows(t) && HEAD_LINES + 1 + (int)i < LINES - FOOT_LINES; i++)
		put_row(HEAD_LINES + 1 + (int)i, look_of(view[s->first + i]), t, i, false);
	table_free(t);
}

void topscreen_draw(struct topscreen *s, const struct tunnels *t)
{
	size_t count, rows = topscreen_rows();
	const struct tunnel **view = tunnels_view(t, s->order, s->is_reversed, s->filter, &count);

	if (s->first + rows > count)
		s->first = count > rows ? count - rows : 0;
	erase();
	if (view)
		put_rows(s, view, count);
	put_head(s, t, count);
	put_foot(s);
	refresh();
	free(view);
}
