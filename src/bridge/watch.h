/* SPDX-License-Identifier: ISC */
/*
 * Readiness of one socket, noted while the loop polls and used in a turn. Level-triggered, and
 * still without a system call an event: read interest stays armed while bytes wait to be read, and
 * is muted only when libuv reports them a second time before anyone could read. It comes back when
 * a read came up short. Write interest is armed only while output is left.
 */
#ifndef BRIDGE_WATCH_H
#define BRIDGE_WATCH_H

#include <stdbool.h>
#include <uv.h>
#include "base/err.h"

struct watch {
	uv_poll_t poll;
	uv_poll_cb on_event; /* private from here on */
	int armed;	     /* what libuv watches for now */
	bool is_readable;    /* bytes or an end may wait: true until a read came up short */
	bool is_unserved;    /* was reported and not read from since */
	bool is_muted;	     /* read interest is off until a read came up short */
	bool is_blocked;     /* the socket took less than it was given and was not writable since */
	bool has_failed;     /* the socket has an error; a read or write brings it to light */
	bool is_unguarded;   /* not watched for errors alone: one was seen, or urgent data came */
};

/* on_event first calls watch_note. data goes to poll.data. */
enum err watch_init(
	struct watch *w, uv_loop_t *loop, int fd, uv_poll_cb on_event, void *data) MUST_USE;
void watch_note(struct watch *w, int status, int events);
/* Somebody read; is_drained: less came than there was room for, so nothing is left now. */
void watch_read(struct watch *w, bool is_drained);
/* Makes libuv watch for what is wanted now. No call into the kernel when nothing changed. */
void watch_apply(struct watch *w, bool wants_read, bool wants_write);
/* The error of a failed socket, as errno; never 0. */
int watch_error(const struct watch *w);

#endif
