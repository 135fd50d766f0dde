/* SPDX-License-Identifier: ISC */
/*
 * Cutting lines. A line is copied once; keyword and arguments are ended and unescaped in that copy,
 * where they can only shrink.
 */
#include "conf/lex.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static char *skip_blanks(char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

/* Cuts the keyword off; what is returned lies behind it, blanks and one '='. */
static char *take_keyword(char *at, char **keyword)
{
	bool had_equals = false;
	char *end;

	if (*at == '"') {
		*keyword = ++at;
		end = strchr(at, '"');
		if (end == NULL)
			return NULL;
	} else {
		*keyword = at;
		end = at + strcspn(at, " \t\r=");
	}
	at = end;
	if (*at != '\0') {
		had_equals = *at == '=';
		at++;
	}
	*end = '\0';
	at = skip_blanks(at);
	if (*at == '=' && !had_equals)
		at = skip_blanks(at + 1);
	return at;
}

/* One argument, unescaped in place; what is returned lies behind it. NULL: a quote is not closed.
 */
static char *take_argument(char *at, char **arg)
{
	char *to = at, quote = '\0';

	*arg = at;
	for (; *at != '\0'; at++) {
		if (*at == '\\') {
			if (at[1] == '\'' || at[1] == '"' || at[1] == '\\' ||
				(quote == '\0' && at[1] == ' '))
				at++;
			*to++ = *at;
		} else if (quote == '\0' && (*at == ' ' || *at == '\t')) {
			break;
		} else if (quote == '\0' && (*at == '"' || *at == '\'')) {
			quote = *at;
		} else if (quote != '\0' && *at == quote) {
			quote = '\0';
		} else {
			*to++ = *at;
		}
	}
	if (quote != '\0')
		return NULL;
	if (*at != '\0')
		at++;
	*to = '\0';
	return at;
}

static enum lex_trouble cut(struct lex_line *line, char *at)
{
	at = take_keyword(at, &line->keyword);
	if (at == NULL)
		return LEX_QUOTES;
	if (*at == '\0')
		return LEX_NO_ARGUMENT;
	/* Arguments are ended and unescaped where they stand. */
	line->rest = memcpy(line->raw, at, strlen(at) + 1);
	for (;;) {
		while (*at == ' ' || *at == '\t')
			at++;
		if (*at == '\0' || *at == '#')
			return LEX_FINE;
		if (line->count == LEX_ARGS_MAX)
			return LEX_TOO_LONG;
		at = take_argument(at, &line->args[line->count]);
		if (at == NULL)
			return LEX_QUOTES;
		line->count++;
	}
}

bool lex_option(struct bytes option, struct lex_line *line)
{
	static char nothing[] = "";
	char *at;

	line->number = 0;
	line->keyword = nothing;
	line->rest = nothing;
	line->count = 0;
	line->trouble = LEX_FINE;
	/* Blanks at the end go, and there a form feed is one. */
	while (option.len > 0 && option.ptr[option.len - 1] != '\0' &&
		strchr(" \t\r\f", option.ptr[option.len - 1]) != NULL)
		option.len--;
	if (option.len > LEX_LINE_MAX)
		line->trouble = LEX_TOO_LONG;
	else if (!bytes_to_cstr(option, line->text, sizeof(line->text)))
		line->trouble = LEX_NUL;
	if (line->trouble != LEX_FINE)
		return true;
	at = skip_blanks(line->text);
	if (*at == '\0' || *at == '#')
		return false;
	line->trouble = cut(line, at);
	/* "Port #22" has nothing to set either. */
	if (line->trouble == LEX_FINE && line->count == 0)
		line->trouble = LEX_NO_ARGUMENT;
	return true;
}

void lex_init(struct lex *l, struct bytes text)
{
	*l = (struct lex){.rest = text};
}

bool lex_next(struct lex *l, struct lex_line *line)
{
	while (l->rest.len > 0) {
		const uint8_t *newline = memchr(l->rest.ptr, '\n', l->rest.len);
		size_t len = newline != NULL ? (size_t)(newline - l->rest.ptr) : l->rest.len;
		size_t step = newline != NULL ? len + 1 : len;
		struct bytes one = bytes_of(l->rest.ptr, len);

		l->rest = bytes_of(l->rest.ptr + step, l->rest.len - step);
		l->number++;
		if (lex_option(one, line)) {
			line->number = l->number;
			return true;
		}
	}
	return false;
}
