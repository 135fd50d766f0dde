/* SPDX-License-Identifier: ISC */
/*
 * Files of the relay: read whole and bounded, written whole or not at all, and who else may change
 * or read them.
 */
#ifndef RELAY_FILE_H
#define RELAY_FILE_H

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/err.h"

struct file_text {
	uint8_t *ptr; /* malloc'd, NUL behind len */
	size_t len;
	struct stat st;
};

/* E_UNKNOWN: there is no such file. E_LIMIT: more than max bytes. f names the path. */
enum err file_read(const char *path, size_t max, struct file_text *out, struct fault *f) MUST_USE;
/* Wipes and frees. */
void file_text_fini(struct file_text *t);

static inline struct bytes file_bytes(const struct file_text *t)
{
	return bytes_of(t->ptr, t->len);
}

/* A new file, complete under its name or absent: E_DENIED when the name is taken meanwhile. */
enum err file_create(const char *path, struct bytes text, mode_t mode, struct fault *f) MUST_USE;
/* The same, in the place of what has the name now. What it was or what it is survives a crash. */
enum err file_replace(const char *path, struct bytes text, mode_t mode, struct fault *f) MUST_USE;
/* The folder and its parents, 0700 when they are made. */
enum err file_make_folder(const char *path, struct fault *f) MUST_USE;

/* StrictModes: the file and its folder belong to root or to us and nobody else may write there. */
enum err file_check_modes(const char *path, const struct stat *st, struct fault *f) MUST_USE;
/* A private key that others may read is no secret. */
enum err file_check_secret(const char *path, const struct stat *st, struct fault *f) MUST_USE;

#endif
