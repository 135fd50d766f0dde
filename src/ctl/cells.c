/* SPDX-License-Identifier: ISC */
#include "ctl/cells.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

bool cells_has_signs(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Bytes of the character at text, and how many columns it takes; 0 columns: not to be shown. */
static size_t look(const char *text, size_t left, int *columns)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t n = mbrtowc(&c, text, left, &state);

	*columns = 0;
	if (n == 0 || n > left) /* none, broken off, or wrong */
		return 1;
	*columns = wcwidth(c);
	if (*columns < 0)
		*columns = 0;
	return n;
}

char *cells_printable(const char *text)
{
	size_t left = strlen(text);
	char *out = malloc(4 * left + 1), *to = out;

	while (out && left > 0) {
		int columns;
		size_t n = look(text, left, &columns);

		if (columns > 0) {
			memcpy(to, text, n);
			to += n;
		}
		for (size_t i = 0; columns == 0 && i < n; i++)
			to += sprintf(to, "\\x%02x", (unsigned char)text[i]);
		text += n;
		left -= n;
	}
	if (out)
		*to = '\0';
	return out;
}

size_t cells_width(const char *text)
{
	size_t left = strlen(text), width = 0;

	while (left > 0) {
		int columns;
		size_t n = look(text, left, &columns);

		width += columns > 0 ? (size_t)columns : 0;
		text += n;
		left -= n;
	}
	return width;
}

/* Where the character stands that is the first not to fit. */
static size_t place_of(const char *text, size_t columns)
{
	size_t at = 0, left = strlen(text), width = 0;

	while (left > 0) {
		int of_this;
		size_t n = look(text + at, left, &of_this);

		width += of_this > 0 ? (size_t)of_this : 0;
		if (width > columns)
			break;
		at += n;
		left -= n;
	}
	return at;
}

size_t cells_fit(const char *text, size_t columns, const char **mark)
{
	bool has_signs = cells_has_signs();
	size_t of_mark = has_signs ? 1 : 3;

	*mark = "";
	if (cells_width(text) <= columns)
		return strlen(text);
	if (columns < of_mark)
		return place_of(text, columns);
	*mark = has_signs ? "\xe2\x80\xa6" : "...";
	return place_of(text, columns - of_mark);
}
