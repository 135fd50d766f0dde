/* SPDX-License-Identifier: ISC */
/*
 * The audit log: takes the relay's records and appends them, a line each, to a file, to the
 * standard error or to the system log. A disk or a reader that is slow, or stuck, never holds up
 * the loop: lines wait in a bounded buffer and are written on a thread of libuv's pool, one write at
 * a time. What the buffer has no room for is dropped and counted, and the next line that fits says
 * how many there were.
 */
#ifndef RELAY_AUDITLOG_H
#define RELAY_AUDITLOG_H

#include <uv.h>

#include "base/err.h"
#include "conf/relay.h"
#include "relay/feed.h"

enum { AUDITLOG_BUFFER = 1024 * 1024, AUDITLOG_END_MS = 2 * 1000 };

struct auditlog; /* opaque */

/* to: a path, "stderr" or "syslog". Opens it, and is fed from then on. */
enum err auditlog_new(uv_loop_t *loop, struct feed *feed, const char *to, enum audit_format format,
	struct auditlog **out, struct fault *f) MUST_USE;
/* Opens the path again, for what is not on its way yet: the file may have been renamed. Where that
 * fails the old one stays, and the log says why. NULL ok. */
void auditlog_reopen(struct auditlog *a);
/* No more records. What waits is written while the loop runs on, for AUDITLOG_END_MS; the loop is
 * stopped then. NULL ok. */
void auditlog_end(struct auditlog *a);
/* After the loop has ended. NULL ok. */
void auditlog_free(struct auditlog *a);

#endif
