/* SPDX-License-Identifier: ISC */
/*
 * The signals that the loop takes. Until they are caught they do what the kernel does by itself, so
 * that a question at the terminal can be broken off.
 */
#ifndef CLIENT_SIGNALS_H
#define CLIENT_SIGNALS_H

#include <uv.h>

enum { SIGNALS_COUNT = 3 };

typedef void (*signals_fn)(void *ctx, int number);

struct signals {
	uv_signal_t handles[SIGNALS_COUNT]; /* private from here on */
	uv_signal_t nudge;
	signals_fn fn;
	void *ctx;
};

void signals_init(struct signals *s, uv_loop_t *loop, signals_fn fn, void *ctx);
/* SIGTERM, SIGINT and SIGHUP from now on; those that are ignored stay so. They do not keep the loop
 * alive. Again changes nothing. */
void signals_catch(struct signals *s);
/* SIGUSR1, for good. */
void signals_catch_nudge(struct signals *s);
/* The loop must run once more afterwards. */
void signals_close(struct signals *s);

#endif
