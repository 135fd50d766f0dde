/* SPDX-License-Identifier: ISC */
/*
 * The log of a program: levels as in OpenSSH, one sink that is set once before the loop starts. The
 * protocol core never logs; it hands traces to the program. Peer text goes through text_escape first;
 * the sink escapes control bytes once more.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level {
	LOG_LEVEL_QUIET,
	LOG_LEVEL_FATAL,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_INFO,
	LOG_LEVEL_VERBOSE,
	LOG_LEVEL_DEBUG1,
	LOG_LEVEL_DEBUG2,
	LOG_LEVEL_DEBUG3
};

/* One complete line without newline. */
typedef void (*log_sink)(void *ctx, enum log_level level, const char *line);

/* Defaults: INFO, stderr. debug lines get the prefix "debug1: " and so on, as ssh prints them. */
void log_setup(enum log_level level, log_sink sink, void *ctx);
void log_set_level(enum log_level level);
enum log_level log_level_now(void);
void log_write(enum log_level level, const char *fmt, ...) PRINTF(2, 3);
/* A line that is complete already, of another process of this program: made printable, and handed to
 * the sink when its level is asked for. */
void log_pass(enum log_level level, const char *line);
/* The keyword spellings of LogLevel ("DEBUG" is DEBUG1); false when it is none. */
bool log_level_parse(const char *word, enum log_level *level);
const char *log_level_name(enum log_level level);
/* Sinks: the standard error of the process; a file opened for append (ctx is the FILE). */
void log_to_stderr(void *ctx, enum log_level level, const char *line);
void log_to_file(void *ctx, enum log_level level, const char *line);

#endif
