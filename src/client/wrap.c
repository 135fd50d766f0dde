/* SPDX-License-Identifier: ISC */
#include "client/wrap.h"

#include <string.h>

enum { LINE_MAX_BYTES = 2048, CHARACTER_MAX = 8 };

/* Bytes of the next piece that is not broken: one wide character, or a word. */
static size_t piece_len(const char *s)
{
	size_t n = 0;

	if ((*s & 0x80) != 0) {
		do
			n++;
		while ((s[n] & 0xc0) == 0x80);
		return n;
	}
	while (s[n] != '\0' && s[n] != ' ' && (s[n] & 0x80) == 0)
		n++;
	return n;
}

static size_t width_of(const char *s, size_t len)
{
	char piece[LINE_MAX_BYTES];

	if (len >= sizeof(piece))
		len = sizeof(piece) - 1;
	memcpy(piece, s, len);
	piece[len] = '\0';
	return picture_width(piece);
}

struct text {
	char bytes[LINE_MAX_BYTES];
	size_t len, width, begin; /* begin: bytes of the margin */
};

static void put(struct text *t, const char *s, size_t len)
{
	if (len > sizeof(t->bytes) - 1 - t->len)
		len = sizeof(t->bytes) - 1 - t->len;
	memcpy(t->bytes + t->len, s, len);
	t->len += len;
	t->width += width_of(s, len);
	t->bytes[t->len] = '\0';
}

static void margin(struct text *t, size_t width)
{
	while (t->width < width)
		put(t, " ", 1);
	t->begin = t->len;
}

/* A mark that closes a clause does not begin a line. */
static bool is_closing(const char *s)
{
	static const char *const marks[] = {"，", "。", "：", "；", "、", "）", "？"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strncmp(s, marks[i], strlen(marks[i])) == 0)
			return true;
	return false;
}

void wrap(const char *head, size_t head_width, const char *sentence, picture_line line, void *ctx)
{
	size_t from = WRAP_INDENT + head_width + 2;
	struct text t = {.len = 0};

	margin(&t, WRAP_INDENT);
	put(&t, head, strlen(head));
	margin(&t, from);
	for (const char *s = sentence; *s != '\0';) {
		size_t blanks = strspn(s, " "), n = piece_len(s + blanks);

		if (t.len > t.begin && !is_closing(s + blanks) &&
			t.width + blanks + width_of(s + blanks, n) > WRAP_COLUMNS) {
			line(ctx, t.bytes);
			t = (struct text){.len = 0};
			margin(&t, from);
			s += blanks;
			blanks = 0;
		}
		put(&t, s, blanks + n);
		s += blanks + n;
	}
	line(ctx, t.bytes);
}
