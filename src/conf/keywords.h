/* SPDX-License-Identifier: ISC */
/*
 * Tables of keywords, and the engine for the kinds of values that client and relay share: an entry
 * says where in the settings a value goes. First value wins unless the kind adds up.
 */
#ifndef CONF_KEYWORDS_H
#define CONF_KEYWORDS_H

#include "conf/algs.h"
#include "conf/lex.h"
#include "conf/value.h"
#include "keys/arena.h"

enum keyword_kind {
	KEYWORD_FLAG,	   /* bool */
	KEYWORD_UINT,	   /* unsigned */
	KEYWORD_TIME,	   /* uint64_t, milliseconds */
	KEYWORD_STRING,	   /* char * */
	KEYWORD_WORD,	   /* an enum or int; words */
	KEYWORD_WORD_FLAG, /* a bool that has words of its own */
	KEYWORD_ALGS,	   /* char *; what: enum algs_kind */
	KEYWORD_REKEY,	   /* uint64_t bytes at field, uint64_t milliseconds at other */
	KEYWORD_LOG_LEVEL, /* enum log_level */
	KEYWORD_FILES,	   /* char *[max] at field, size_t at other: all of the first line */
	KEYWORD_FILE,	   /* the same, one a line, adding up */
	KEYWORD_ACCEPT,	   /* known, without effect here; what: enum harmless */
	KEYWORD_REFUSE,	   /* an error with any value but one of harmless; what: as above */
	KEYWORD_ALIAS,	   /* the same as the keyword same */
	KEYWORD_SPECIAL	   /* the owner of the table does it; what: his number for it */
};

struct keyword {
	const char *name; /* spelled as in the manual; NULL ends a table */
	enum keyword_kind kind;
	int what;
	size_t field, other, max;
	const struct value_word *words;
	const char *harmless; /* words with blanks between */
	const char *same;     /* of an ALIAS */
};

enum { KEYWORDS_MAX = 192 };

extern const struct keyword client_keywords[]; /* into struct client_settings */
extern const struct keyword relay_keywords[];  /* into struct relay_settings */

/* What the owner of a table has in SPECIAL entries. */
enum client_special {
	CLIENT_HOST,
	CLIENT_MATCH,
	CLIENT_INCLUDE,
	CLIENT_IGNORE_UNKNOWN,
	CLIENT_TAG,
	CLIENT_PORT,
	CLIENT_REMOTE_FORWARD,
	CLIENT_LOCAL_FORWARD,
	CLIENT_DYNAMIC_FORWARD,
	CLIENT_REMOTE_OPENS,
	CLIENT_PROXY_JUMP,
	CLIENT_PROXY_COMMAND,
	CLIENT_BIND_MASK,
	CLIENT_IDENTITY_AGENT,
	CLIENT_REFUSE,
	CLIENT_TUNNEL_DEVICE,
	CLIENT_KNOWN_COMMAND
};
enum relay_special {
	RELAY_PORT,
	RELAY_LISTEN,
	RELAY_FORWARDING,
	RELAY_PERMIT_LISTEN,
	RELAY_PERMIT_OPEN,
	RELAY_STARTUPS,
	RELAY_PUBKEY_OPTIONS,
	RELAY_MATCH,
	RELAY_TUNNEL_POOL
};

/* Settings under collection; strings live in the arena. */
struct keywords {
	const struct keyword *table;
	void *settings;
	struct arena *arena;
	bool none_is_open; /* a time of "none" is what there is until another is said, as in ssh */
	bool says_keyword;   /* complaints about numbers name it, as those of sshd do */
	/* What is good and yet to be known; told where it takes effect. May be NULL. */
	void (*remark)(void *ctx, const char *sentence);
	void *ctx;
	const char *refusal; /* ends the sentence about a refused keyword; "" or ": ..." */
	bool is_set[KEYWORDS_MAX];
};

/* Case is folded; aliases are followed. NULL: no such keyword. */
const struct keyword *keywords_find(const struct keywords *k, const char *name);
bool keywords_is_set(const struct keywords *k, const struct keyword *one);
void keywords_set(struct keywords *k, const struct keyword *one);
/* Its next value counts, whatever was said before. */
void keywords_clear(struct keywords *k, const struct keyword *one);
/* Takes a line for any kind but SPECIAL. A line that does not hold (is_active false) is checked for
 * mistakes and nothing else: what is not supported matters only where it takes effect. */
enum err keywords_apply(struct keywords *k, const struct keyword *one, const struct lex_line *line,
	bool is_active, const struct conf_at *at) MUST_USE;
/* The one argument of a line; NULL and the error when there are more, or it is empty. */
const char *keywords_single(const struct lex_line *line, const struct conf_at *at, enum err *e);
/* A troubled line as an error; E_OK when it is fine. */
enum err keywords_check_line(const struct lex_line *line, const struct conf_at *at) MUST_USE;
/* Arguments that are a list: none of them is empty, and "none" stands alone. */
enum err keywords_check_list(const struct lex_line *line, const struct conf_at *at) MUST_USE;

#endif
