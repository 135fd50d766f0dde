/* SPDX-License-Identifier: ISC */
/*
 * Comma lists of names (RFC 4251 5, 6) walked without allocating. Names are compared exactly, byte by
 * byte; empty elements are skipped (libssh 0.10 ends its lists with a comma).
 */
#ifndef WIRE_NAMELIST_H
#define WIRE_NAMELIST_H

#include "base/bytes.h"

/* A list that may be used at all: within LIMIT_NAMELIST, every name printable and within LIMIT_NAME. */
bool namelist_is_valid(struct bytes list);
/* Takes the next name off the front of *rest; false at the end. */
bool namelist_next(struct bytes *rest, struct bytes *name);
bool namelist_has(struct bytes list, const char *name);
/* The first name of ours that theirs has as well (RFC 4253 7.1); names for which skip() is true are
 * never chosen. skip may be NULL. False when there is none. */
bool namelist_first_common(struct bytes ours, struct bytes theirs, bool (*skip)(struct bytes name),
	struct bytes *common);

#endif
