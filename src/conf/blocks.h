/* SPDX-License-Identifier: ISC */
/* Host and Match lines of ssh_config: does the block that begins here hold? */
#ifndef CONF_BLOCKS_H
#define CONF_BLOCKS_H

#include "conf/lex.h"
#include "conf/value.h"

/* What conditions are about, as far as it is known when the line is read. */
struct blocks_facts {
	const char *host;     /* Hostname if it is set by now, else the word of the command line */
	const char *original; /* the word of the command line */
	const char *user, *local_user;
	const char *tag; /* "" when none */
};

enum err blocks_host(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds) MUST_USE;
/* E_UNKNOWN: the outcome hangs on a condition that is not supported (exec, final, ...). */
enum err blocks_match(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds) MUST_USE;

#endif
