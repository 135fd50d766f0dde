/* SPDX-License-Identifier: ISC */
/*
 * One question at the terminal, answered in one line, without blocking the loop. Neither a child nor
 * a thread is needed for that: the kernel edits the line and makes the terminal readable when it is
 * whole, so the loop just waits for it as for a socket. The question can be taken back at any time,
 * and the answer is in one place that is wiped.
 *
 * Echo is off where the answer is a secret, and on again whatever ends the question, a signal among
 * it. Signals that nobody else handles then do what they would have done; a stopped program asks
 * again when it goes on.
 */
#ifndef CLIENT_TERMINAL_H
#define CLIENT_TERMINAL_H

#include <stdbool.h>
#include <uv.h>

enum { TERMINAL_ANSWER_MAX = 1024 };

struct terminal; /* opaque */

/* answer: without its line end, NULL when there was none (end of file, interrupted, too long, the
 * terminal is gone). It is wiped when this returns, and the question is over. */
typedef void (*terminal_fn)(void *ctx, const char *answer);

/* Asks at /dev/tty. The text is shown as it is. NULL: there is no terminal, errno says why. Never
 * calls back before it returns. */
struct terminal *terminal_ask(
	uv_loop_t *loop, const char *text, bool is_echoed, terminal_fn done, void *ctx);
/* No callback any more. NULL is fine. */
void terminal_cancel(struct terminal *t);

#endif
