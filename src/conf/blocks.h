/* SPDX-License-Identifier: ISC */
/* Host and Match lines of ssh_config: does the block that begins here hold? */
#ifndef CONF_BLOCKS_H
#define CONF_BLOCKS_H

#include "conf/expand.h"
#include "conf/lex.h"
#include "conf/value.h"

/* What conditions are about, as far as it is known when the line is read. */
struct blocks_facts {
	const char *host;     /* Hostname if it is set by now, else the word of the command line */
	const char *original; /* the word of the command line */
	const char *user, *local_user;
	const char *tag;     /* "" when none */
	const char *session; /* "shell" or "none" */
	bool is_final;	     /* the second pass, for which host is settled */
	const struct expand_token *tokens; /* of exec */
	const struct conf_reader *reader;
};

enum err blocks_host(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds) MUST_USE;
/* Runs the command of exec when what stands before it holds. wants_final: set when the line asks for
 * a second pass, else left alone. */
enum err blocks_match(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds, bool *wants_final) MUST_USE;

#endif
