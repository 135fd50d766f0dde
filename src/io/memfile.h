/* SPDX-License-Identifier: ISC */
/*
 * A piece of memory as a file without a name, to be passed to another process as a descriptor: for
 * what is too long for a frame.
 */
#ifndef IO_MEMFILE_H
#define IO_MEMFILE_H

#include "base/bytes.h"
#include "base/err.h"

/* Holds this content; closed at exec, the caller's. */
enum err memfile_new(struct bytes content, int *fd) MUST_USE;
/* All of it, from its beginning, with a zero behind it; for free(). E_LIMIT: it is longer than max. */
enum err memfile_read(int fd, size_t max, struct span *out) MUST_USE;
/* Puts content behind what is there. */
enum err memfile_write(int fd, struct bytes content) MUST_USE;

#endif
