/* SPDX-License-Identifier: ISC */
/*
 * One question asked by another program (SSH_ASKPASS): it gets the question as its argument, and the
 * first line it writes is the answer, if it exits with 0. It runs beside the loop.
 */
#ifndef CLIENT_ASKPASS_H
#define CLIENT_ASKPASS_H

#include <uv.h>

enum { ASKPASS_ANSWER_MAX = 1024 };

struct askpass; /* opaque */

/* answer: NULL when there was none. It is wiped when this returns, and the question is over. */
typedef void (*askpass_fn)(void *ctx, const char *answer);

/* NULL: the program could not be started, which was said. Never calls back before it returns. */
struct askpass *askpass_ask(
	uv_loop_t *loop, const char *program, const char *text, askpass_fn done, void *ctx);
/* No callback any more; the program is told to end. NULL is fine. */
void askpass_cancel(struct askpass *p);

#endif
