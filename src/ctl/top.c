/* SPDX-License-Identifier: ISC */
#include "ctl/top.h"

#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "ctl/topscreen.h"

enum { CTRL_C = 3, CTRL_L = 12, ESCAPE = 27, DELETE = 127 };

struct viewer {
	enum err (*ask)(void *ctx, json_t **ls, struct fault *f);
	void *ctx;
	struct tunnels tunnels;
	struct topscreen screen;
	bool is_over;
};

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the filter ------------------------------------------------------------------------------- */

/* Takes the last character away, with all its bytes. */
static void erase_last(char *text)
{
	size_t len = strlen(text);

	while (len > 0 && ((unsigned char)text[--len] & 0xc0) == 0x80)
		;
	text[len] = '\0';
}

static void type(struct topscreen *s, wint_t c)
{
	char bytes[MB_LEN_MAX + 1] = "";
	mbstate_t state = {0};
	size_t len = strlen(s->filter), n = wcrtomb(bytes, (wchar_t)c, &state);

	if (c == '\r' || c == '\n') {
		s->is_typing = false;
	} else if (c == ESCAPE || c == CTRL_C) {
		s->is_typing = false;
		s->filter[0] = '\0';
	} else if (c == '\b' || c == DELETE) {
		erase_last(s->filter);
	} else if (c >= ' ' && n != (size_t)-1 && len + n < sizeof(s->filter)) {
		memcpy(s->filter + len, bytes, n);
		s->filter[len + n] = '\0';
	}
}

/* --- keys ------------------------------------------------------------------------------------- */

static void scroll_by(struct topscreen *s, long rows)
{
	if (rows < 0 && s->first < (size_t)-rows)
		s->first = 0;
	else
		s->first += (size_t)rows; /* the end is known when it is drawn */
}

static void sort_by(struct topscreen *s, int step)
{
	s->order = (enum tunnels_order)(((int)s->order + step + TUNNELS_ORDERS) % TUNNELS_ORDERS);
	s->first = 0;
}

/* Keys that are no characters. */
static void on_key(struct topscreen *s, wint_t key)
{
	long page = (long)topscreen_rows();

	switch (key) {
	case KEY_UP:
		scroll_by(s, -1);
		break;
	case KEY_DOWN:
		scroll_by(s, 1);
		break;
	case KEY_PPAGE:
		scroll_by(s, -page);
		break;
	case KEY_NPAGE:
		scroll_by(s, page);
		break;
	case KEY_HOME:
		s->first = 0;
		break;
	case KEY_END:
		s->first = INT_MAX;
		break;
	case KEY_LEFT:
		sort_by(s, -1);
		break;
	case KEY_RIGHT:
		sort_by(s, 1);
		break;
	case KEY_BACKSPACE:
		if (s->is_typing)
			erase_last(s->filter);
		break;
	case KEY_ENTER:
		s->is_typing = false;
		break;
	default: /* KEY_RESIZE: drawn anew like after any other */
		break;
	}
}

static void on_character(struct viewer *v, wint_t c)
{
	struct topscreen *s = &v->screen;

	switch (c) {
	case 'q':
	case CTRL_C:
		v->is_over = true;
		break;
	case '<':
		sort_by(s, -1);
		break;
	case '>':
		sort_by(s, 1);
		break;
	case 'r':
		s->is_reversed = !s->is_reversed;
		break;
	case '/':
		s->is_typing = true;
		break;
	case ' ':
		s->is_paused = !s->is_paused;
		break;
	case ESCAPE:
		s->filter[0] = '\0';
		break;
	case CTRL_L:
		clearok(curscr, TRUE);
		break;
	default:
		break;
	}
}

/* --- looking ---------------------------------------------------------------------------------- */

static enum err look(struct viewer *v, struct fault *f)
{
	json_t *ls = NULL;
	enum err e = v->ask(v->ctx, &ls, f);

	if (e != E_OK) {
		snprintf(v->screen.trouble, sizeof(v->screen.trouble), "%s", f->text);
		return e;
	}
	tunnels_take(&v->tunnels, ls);
	json_decref(ls);
	v->screen.trouble[0] = '\0';
	v->screen.seen = time(NULL);
	return E_OK;
}

/* Whatever was pressed until the next look is due. False: the terminal is gone. */
static bool serve_keys(struct viewer *v, long long due_ms)
{
	while (!v->is_over) {
		long long left = due_ms - now_ms();
		wint_t c;
		int kind;

		if (left <= 0)
			return true;
		timeout((int)left);
		kind = get_wch(&c);
		if (kind == ERR) {
			/* The time is up, or nobody is there any more. */
			if (now_ms() < due_ms && !isatty(STDIN_FILENO))
				return false;
			continue;
		}
		if (kind == KEY_CODE_YES)
			on_key(&v->screen, c);
		else if (v->screen.is_typing)
			type(&v->screen, c);
		else
			on_character(v, c);
		topscreen_draw(&v->screen, &v->tunnels);
	}
	return true;
}

static void show(struct viewer *v)
{
	long long due_ms = now_ms();

	while (!v->is_over) {
		struct fault f = {0};

		topscreen_draw(&v->screen, &v->tunnels);
		due_ms += TOP_EACH_MS;
		if (due_ms < now_ms())
			due_ms = now_ms() + TOP_EACH_MS;
		if (!serve_keys(v, due_ms))
			return;
		if (!v->screen.is_paused && !v->is_over)
			(void)look(v, &f); /* told on the screen */
	}
}

/* --- lines of JSON ---------------------------------------------------------------------------- */

static enum err print(struct viewer *v, struct fault *f)
{
	for (;;) {
		json_t *ls = NULL;
		enum err e = v->ask(v->ctx, &ls, f);
		struct timespec wait = {.tv_sec = TOP_EACH_MS / 1000};

		if (e != E_OK)
			return e;
		json_dumpf(ls, stdout, JSON_COMPACT);
		json_decref(ls);
		putchar('\n');
		if (fflush(stdout) != 0)
			return E_OK;
		nanosleep(&wait, NULL);
	}
}

enum err top(enum err (*ask)(void *ctx, json_t **ls, struct fault *f), void *ctx, bool is_json,
	struct fault *f)
{
	struct viewer v = {.ask = ask, .ctx = ctx};
	enum err e;

	if (is_json)
		return print(&v, f);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return fault_set(f, E_STATE, 0, "top wants a terminal; --json does without");
	e = look(&v, f);
	if (e != E_OK)
		return e;
	if (!topscreen_begin()) {
		tunnels_fini(&v.tunnels);
		return fault_set(f, E_STATE, 0, "this terminal cannot show a screen (TERM)");
	}
	show(&v);
	topscreen_end();
	tunnels_fini(&v.tunnels);
	return E_OK;
}
