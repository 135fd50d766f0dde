/* SPDX-License-Identifier: ISC */
/*
 * The local side of a pump: one socket, or an input and an output of their own, which may be pipes,
 * files, a terminal or whatever a program is given as its standard input and output. Those are made
 * non-blocking while they are used and put back afterwards, since others may share them.
 */
#ifndef BRIDGE_ENDS_H
#define BRIDGE_ENDS_H

#include "bridge/hub.h"
#include "bridge/watch.h"

struct ends {
	struct watch watch; /* of the input, and of a socket's output */
	int in, out;	    /* the same: a socket; -1: closed or given away */
	bool is_split;
	bool is_always_readable; /* a file: there is nothing to wait for, and no handle */

	struct watch out_watch; /* private from here on; with is_split */
	bool has_watch, has_out_watch;
	int in_flags, out_flags; /* to be put back; -1: nothing was changed */
};

/* on_event as in watch_init; ends_note is to be called in it. The descriptors are not taken
 * until it has succeeded, but ends_let_go is due in any case. */
enum err ends_init(
	struct ends *e, uv_loop_t *loop, int in, int out, uv_poll_cb on_event, void *data) MUST_USE;
void ends_note(struct ends *e, uv_poll_t *poll, int status, int events);
void ends_apply(struct ends *e, bool wants_read, bool wants_write);
/* No more output: the other side gets the end of it. */
void ends_shut_output(struct ends *e);
/* Handles that are closed with this call; on_closed is called for each. */
unsigned ends_let_go(struct ends *e, uv_close_cb on_closed);

enum ends_manner {
	ENDS_PLAIN,  /* both directions are over */
	ENDS_LINGER, /* what was written shall arrive */
	ENDS_RESET   /* a stream was cut, and nobody shall take it for whole */
};
/* After ends_let_go. */
void ends_close(struct ends *e, struct hub *h, enum ends_manner manner);

#endif
