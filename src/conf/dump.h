/* SPDX-License-Identifier: ISC */
/* Settings as lines: what client and relay share in showing theirs. */
#ifndef CONF_DUMP_H
#define CONF_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "forward/permit.h"

struct dump {
	void (*line)(void *ctx, const char *text);
	void *ctx;
	bool has_quotes; /* words that need quotes get them, so that the lines can be read again */
};

/* One line. A line for which memory is short is left out. */
void dump_line(const struct dump *d, const char *fmt, ...) PRINTF(2, 3);
void dump_flag(const struct dump *d, const char *keyword, bool value);
void dump_seconds(const struct dump *d, const char *keyword, uint64_t ms);
/* All items in one line; "none" when there are none. */
void dump_list(const struct dump *d, const char *keyword, char *const *items, size_t count);
/* Rules for ports in one line; "any" or, with is_limited, "none" when there are none. */
void dump_permits(const struct dump *d, const char *keyword, const struct permit_rule *rules,
	size_t count, bool is_limited);
/* Nothing when value is NULL. */
void dump_string(const struct dump *d, const char *keyword, const char *value);
/* A blank and a word, for lines put together by the caller. */
void dump_word(const struct dump *d, FILE *out, const char *word);

#endif
