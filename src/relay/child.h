/* SPDX-License-Identifier: ISC */
/*
 * A child of the supervisor: this same program in a role of its own, with frames to its parent as
 * descriptor CHILD_FRAMES and its log, and whatever else it says on standard error, told through the
 * parent. One that ends is started again, at once the first time and then less and less often while
 * it does not stay.
 */
#ifndef RELAY_CHILD_H
#define RELAY_CHILD_H

#include <uv.h>

#include "base/bytes.h"
#include "base/log.h"
#include "sandbox/sandbox.h"

enum { CHILD_FRAMES = 3, CHILD_AGAIN_MS = 50, CHILD_AGAIN_MAX_MS = 5000, CHILD_STAYED_MS = 10000 };

struct child; /* opaque */

struct child_ops {
	/* It runs; the parent's end of its frames is the receiver's to close. */
	void (*started)(void *ctx, int fd, pid_t pid);
	/* It has ended, and its frames are worth nothing any more. May stop the child. */
	void (*ended)(void *ctx);
	/* Last, once it was stopped: neither process nor memory are left. */
	void (*gone)(void *ctx);
};

/* role: for the command line. Starts it when the loop runs. */
enum err child_new(uv_loop_t *loop, const char *role, const struct child_ops *ops, void *ctx,
	struct child **c) MUST_USE;
/* No new one; the one there is has to end by itself, for the parent's end of the frames is closed
 * when this is called, or is killed after a moment. gone() is called from the loop, always. */
void child_stop(struct child *c);
pid_t child_pid(const struct child *c); /* 0: none runs now */
/* How long until the next start, by how many did not stay before. */
unsigned child_wait_ms(unsigned did_not_stay);

/* In the child: the role it was started with, NULL when it is none. Takes the word off argv. */
const char *child_role(int *argc, char ***argv);
/* In the child: IPC_START. From now on the log goes to the parent, as lines with their level; user is
 * left alone where it says nothing of one. */
enum err child_be(struct bytes payload, struct sandbox_user *user, struct fault *f) MUST_USE;

#endif
