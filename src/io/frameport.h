/* SPDX-License-Identifier: ISC */
/*
 * One end of a pair of frames in a loop: what comes is handed over frame by frame, what the other side
 * does not take yet waits in a bounded queue.
 */
#ifndef IO_FRAMEPORT_H
#define IO_FRAMEPORT_H

#include <uv.h>

#include "io/frame.h"

enum { FRAMEPORT_QUEUE_MAX = 8 * 1024 * 1024 }; /* bytes that may wait */

struct frameport; /* opaque */

struct frameport_ops {
	/* The payload holds until this returns; descriptors are the receiver's. */
	void (*frame)(void *ctx, struct frame *frame);
	/* No frame comes any more: the other side is gone (E_CLOSED), or sent what it may not. The
	 * port is the owner's to free, here or later. */
	void (*over)(void *ctx, const struct fault *why);
};

/* Takes fd, on success only. peer: as in frame_recv. */
enum err frameport_new(uv_loop_t *loop, int fd, const struct frame_kinds *kinds, pid_t peer,
	const struct frameport_ops *ops, void *ctx, struct frameport **p) MUST_USE;
/* Closes the socket at once. What waits is lost. In callbacks as well; NULL ok. */
void frameport_free(struct frameport *p);
/* Takes the descriptors of the frame, on failure as well. E_CLOSED: nobody is there. E_LIMIT: too
 * much waits. */
enum err frameport_send(struct frameport *p, struct frame *frame) MUST_USE;
/* Takes what has come already, with its callbacks: before the port of a process that has ended goes.
 * NULL ok. */
void frameport_drain(struct frameport *p);
/* Bytes that wait, of FRAMEPORT_QUEUE_MAX. */
size_t frameport_queued(const struct frameport *p);
/* Waits until the other side has taken all of it, or is gone: for a process that is about to end. */
void frameport_flush(struct frameport *p);

#endif
