/* SPDX-License-Identifier: ISC */
/*
 * Single values of configuration lines, and the sentences OpenSSH has for bad ones. All return E_OK
 * or what conf_bad returned; on failure *out is untouched.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "base/bytes.h"
#include "base/err.h"

/* Where a value stands, for sentences about it. */
struct conf_at {
	const char *file;
	unsigned line;
	const char *keyword;
	struct fault *fault;
};

struct value_word {
	const char *word; /* NULL ends a list */
	int value;
};

/* "FILE line N: ..." */
enum err conf_bad(const struct conf_at *at, enum err e, const char *fmt, ...) PRINTF(3, 4);
/* "FILE: line N: Bad configuration option: KEYWORD" */
enum err conf_unknown(const struct conf_at *at);

enum err value_flag(const struct conf_at *at, const char *arg, bool *out) MUST_USE;
/* said: what stands before "integer value" in a complaint: "" in ssh, "KEYWORD " in sshd. */
enum err value_uint(const struct conf_at *at, const char *said, const char *arg,
	unsigned *out) MUST_USE;
/* "none" is 0. */
enum err value_time(const struct conf_at *at, const char *arg, uint64_t *ms) MUST_USE;
enum err value_word(const struct conf_at *at, const char *arg, const struct value_word *words,
	int *out) MUST_USE;
/* RekeyLimit: bytes ("default" is 0) and perhaps a time. */
enum err value_rekey(const struct conf_at *at, char *const *args, size_t count, uint64_t *bytes,
	uint64_t *ms) MUST_USE;

#endif
