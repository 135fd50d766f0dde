/* SPDX-License-Identifier: ISC */
/*
 * ForwardHook: a program that is run, without a shell, when a forward is up. It finds in its
 * environment SALLY_RELAY, SALLY_LISTEN and SALLY_PORT (where visitors come in) and SALLY_TARGET.
 */
#ifndef CLIENT_HOOK_H
#define CLIENT_HOOK_H

#include <uv.h>

#include "base/list.h"
#include "client/forwards.h"

enum { HOOKS_RUNNING_MAX = CLIENT_FORWARDS_MAX };

struct hook {
	uv_loop_t *loop; /* private from here on */
	const struct client_settings *settings;
	struct list running;
	unsigned count;
};

void hook_init(struct hook *h, uv_loop_t *loop, const struct client_settings *s);
/* What goes wrong is told to the log, now or when the program ends. */
void hook_run(struct hook *h, const struct forward *one);
/* Programs that still run are left alone. The loop must run once more afterwards. */
void hook_close(struct hook *h);

#endif
