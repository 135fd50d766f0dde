/* SPDX-License-Identifier: ISC */
/*
 * Lines of ssh_config and sshd_config: a keyword, an optional '=', and arguments with OpenSSH's
 * quoting. Quotes of either kind hold blanks together; a backslash escapes quotes, itself and,
 * outside quotes, a blank; '#' where an argument would start ends the line. Knows no keywords.
 */
#ifndef CONF_LEX_H
#define CONF_LEX_H

#include "base/bytes.h"

enum { LEX_LINE_MAX = 8192, LEX_ARGS_MAX = 256 };

enum lex_trouble {
	LEX_FINE,
	LEX_NO_ARGUMENT,
	LEX_QUOTES,   /* a quote is not closed */
	LEX_TOO_LONG, /* line or number of arguments; keyword may be empty */
	LEX_NUL
};

struct lex_line {
	unsigned number; /* 0: no file */
	enum lex_trouble trouble;
	char *keyword;
	char *args[LEX_ARGS_MAX];
	size_t count;
	const char *rest; /* all behind the keyword, as it stands; with LEX_FINE */
	char text[LEX_LINE_MAX + 1]; /* private: what the pointers point into */
	char raw[LEX_LINE_MAX + 1];
};

struct lex {
	struct bytes rest; /* private from here on */
	unsigned number;
};

void lex_init(struct lex *l, struct bytes text);
/* The next line that holds a keyword, troubled or not; false at the end. Its pointers hold as long
 * as the line is not used again. */
bool lex_next(struct lex *l, struct lex_line *line);
/* One option text ("Key=value", "Key value") as a line; false when it is empty or a comment. */
bool lex_option(struct bytes option, struct lex_line *line);

#endif
