/* SPDX-License-Identifier: ISC */
/*
 * The one sink of a process, set before the loop starts and read only from then on. Every line is
 * made printable here, whatever sink it goes to, and reaches the standard error in a single write
 * so that lines of several processes do not mix.
 */
#include "base/log.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINE = 1024 };

static const struct {
	const char *name, *prefix;
} levels[] = {
	[LOG_LEVEL_QUIET] = {"QUIET", ""},
	[LOG_LEVEL_FATAL] = {"FATAL", ""},
	[LOG_LEVEL_ERROR] = {"ERROR", ""},
	[LOG_LEVEL_INFO] = {"INFO", ""},
	[LOG_LEVEL_VERBOSE] = {"VERBOSE", ""},
	[LOG_LEVEL_DEBUG1] = {"DEBUG1", "debug1: "},
	[LOG_LEVEL_DEBUG2] = {"DEBUG2", "debug2: "},
	[LOG_LEVEL_DEBUG3] = {"DEBUG3", "debug3: "},
};

static struct {
	enum log_level level;
	log_sink sink;
	void *ctx;
} setup = {LOG_LEVEL_INFO, log_to_stderr, NULL};

void log_setup(enum log_level level, log_sink sink, void *ctx)
{
	setup.level = level;
	setup.sink = sink;
	setup.ctx = ctx;
}

void log_set_level(enum log_level level)
{
	setup.level = level;
}

enum log_level log_level_now(void)
{
	return setup.level;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char raw[LINE + 1], line[LINE]; /* raw is longer, so that a cut shows */
	int errno_kept = errno;
	size_t n;
	va_list ap;

	if (level == LOG_LEVEL_QUIET || level > setup.level)
		return;
	n = strlen(levels[level].prefix);
	memcpy(raw, levels[level].prefix, n);
	va_start(ap, fmt);
	if (vsnprintf(raw + n, sizeof(raw) - n, fmt, ap) < 0)
		raw[n] = '\0';
	va_end(ap);
	setup.sink(setup.ctx, level, text_printable(line, sizeof(line), bytes_str(raw)));
	errno = errno_kept;
}

void log_pass(enum log_level level, const char *line)
{
	char out[LINE];

	if (level != LOG_LEVEL_QUIET && level <= setup.level)
		setup.sink(setup.ctx, level, text_printable(out, sizeof(out), bytes_str(line)));
}

bool log_level_parse(const char *word, enum log_level *level)
{
	if (strcasecmp(word, "DEBUG") == 0) {
		*level = LOG_LEVEL_DEBUG1;
		return true;
	}
	if (strcasecmp(word, "SILENT") == 0) {
		*level = LOG_LEVEL_QUIET;
		return true;
	}
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcasecmp(word, levels[i].name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

void log_to_stderr(void *ctx, enum log_level level, const char *line)
{
	char out[LINE + 1];
	int n = snprintf(out, sizeof(out), "%s\n", line);
	ssize_t done;

	/* Nothing can be done, and nobody told, when the standard error does not take it. */
	do {
		done = write(STDERR_FILENO, out, (size_t)n < sizeof(out) ? (size_t)n : LINE);
	} while (done < 0 && errno == EINTR);
}

void log_to_file(void *ctx, enum log_level level, const char *line)
{
	FILE *f = ctx;

	fprintf(f, "%s\n", line);
	fflush(f);
}
