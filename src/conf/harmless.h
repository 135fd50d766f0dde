/* SPDX-License-Identifier: ISC */
/*
 * Words of keywords that have no effect here: what ssh would refuse is refused in its words, so that a
 * file is good for both or for neither.
 */
#ifndef CONF_HARMLESS_H
#define CONF_HARMLESS_H

#include "conf/keywords.h"

/* What stands in the what of KEYWORD_ACCEPT and KEYWORD_REFUSE. */
enum harmless {
	HARMLESS_ANYTHING, /* to the end of the line */
	HARMLESS_FLAG,
	HARMLESS_UINT,
	HARMLESS_TIME,
	HARMLESS_STRING, /* one word, not empty */
	HARMLESS_WORD,	 /* words */
	HARMLESS_LIST,	 /* words, "none" alone */
	HARMLESS_ALGS,	 /* names of keys */
	HARMLESS_AGENT_KEYS,
	HARMLESS_QOS,
	HARMLESS_ESCAPE,
	HARMLESS_DIGEST,
	HARMLESS_FACILITY,
	HARMLESS_CNAMES,
	HARMLESS_SENT,	 /* names of variables */
	HARMLESS_SET,	 /* NAME=value */
	HARMLESS_KEYSTROKES
};

enum err harmless_check(const struct keyword *one, const struct lex_line *line,
	const struct conf_at *at) MUST_USE;

#endif
