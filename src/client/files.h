/* SPDX-License-Identifier: ISC */
/*
 * Files of the user, read whole and within limits, and lines added to one of them. What the core
 * layers parse comes from here; they see no descriptor.
 */
#ifndef CLIENT_FILES_H
#define CLIENT_FILES_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"
#include "conf/client.h"

enum { FILES_CONFIG_MAX = 4 * 1024 * 1024, FILES_HOSTS_MAX = 16 * 1024 * 1024 };

struct file_content {
	char *text; /* NUL behind it */
	size_t len;
	uid_t owner;
	mode_t mode;
};

/* E_UNKNOWN: there is no such file. E_LIMIT, E_NOMEM, E_SYS. f says why without naming the path;
 * its code is errno where there is one. */
enum err files_read(
	const char *path, size_t max, struct file_content *out, struct fault *f) MUST_USE;
/* Wipes and frees. Safe on a zeroed one. */
void files_free(struct file_content *c);
static inline struct bytes files_bytes(const struct file_content *c)
{
	return bytes_of(c->text, c->len);
}

/* Adds one line (with its newline) at the end in one write, behind a newline when the last line
 * has none. The file is made 0600, its folder 0700, when there is none. */
enum err files_append_line(const char *path, const char *line, struct fault *f) MUST_USE;

/* How conf reads included files, globs, the environment and tells of bad lines (to the log). */
extern const struct conf_reader files_conf_reader;

#endif
