/* SPDX-License-Identifier: ISC */
#include "client/picture.h"

#include <stdint.h>
#include <string.h>

enum { GAP = 2, LINE_MAX_BYTES = 4 * PICTURE_COLUMNS * PICTURE_CELL };

/* The ranges whose characters our own messages are made of; not a whole table of Unicode. */
static bool is_wide(uint32_t c)
{
	return (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
		(c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
		(c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6);
}

size_t picture_width(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t width = 0;

	while (*s != '\0') {
		uint32_t c = *s++;

		if (c >= 0xc0) {
			c &= c >= 0xf0 ? 0x07 : c >= 0xe0 ? 0x0f : 0x1f;
			while ((*s & 0xc0) == 0x80)
				c = c << 6 | (*s++ & 0x3f);
		}
		width += is_wide(c) ? 2 : 1;
	}
	return width;
}

/* One line under construction; what does not fit is cut. */
struct canvas {
	char text[LINE_MAX_BYTES];
	size_t len;
};

static void put(struct canvas *v, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(v->text) - 1 - v->len)
		n = 0;
	memcpy(v->text + v->len, text, n);
	v->len += n;
}

static void put_times(struct canvas *v, const char *text, size_t times)
{
	while (times-- > 0)
		put(v, text);
}

static void put_centred(struct canvas *v, const char *text, size_t width)
{
	size_t free_cells = width - picture_width(text);

	put_times(v, " ", free_cells / 2);
	put(v, text);
	put_times(v, " ", free_cells - free_cells / 2);
}

static void put_link(struct canvas *v, const struct picture_link *l, bool is_utf8)
{
	const char *dash = l->is_encrypted ? (is_utf8 ? "═" : "=") : (is_utf8 ? "─" : "-");

	put_times(v, " ", GAP);
	if (l->is_leftward)
		put(v, is_utf8 ? "◀" : "<");
	put_times(v, dash, 2);
	put(v, l->label);
	put_times(v, dash, 2);
	if (!l->is_leftward)
		put(v, is_utf8 ? "▶" : ">");
	put_times(v, " ", GAP);
}

static size_t link_width(const struct picture_link *l)
{
	return strlen(l->label) + 5 + 2 * GAP;
}

static void finish(struct canvas *v, picture_line line, void *ctx)
{
	while (v->len > 0 && v->text[v->len - 1] == ' ')
		v->len--;
	v->text[v->len] = '\0';
	line(ctx, v->text);
	v->len = 0;
}

void picture_draw(const struct picture *p, bool is_utf8, picture_line line, void *ctx)
{
	size_t widths[PICTURE_COLUMNS] = {0};
	struct canvas v = {.len = 0};

	for (int row = 0; row < PICTURE_ROWS; row++) {
		for (int i = 0; i < PICTURE_COLUMNS; i++) {
			size_t width = picture_width(p->cells[row][i]);

			if (width > widths[i])
				widths[i] = width;
		}
	}
	for (int row = 0; row < PICTURE_ROWS; row++) {
		put_times(&v, " ", GAP);
		for (int i = 0; i < PICTURE_COLUMNS; i++) {
			put_centred(&v, p->cells[row][i], widths[i]);
			if (i == PICTURE_COLUMNS - 1)
				break;
			if (row == 1)
				put_link(&v, &p->links[i], is_utf8);
			else
				put_times(&v, " ", link_width(&p->links[i]));
		}
		finish(&v, line, ctx);
	}
}
