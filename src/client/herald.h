/* SPDX-License-Identifier: ISC */
/*
 * Tells whoever waits outside how the tunnel is: the service manager, scripts, and the hook of each
 * forward.
 */
#ifndef CLIENT_HERALD_H
#define CLIENT_HERALD_H

#include <time.h>

#include "client/hook.h"
#include "client/info.h"
#include "io/notify.h"

enum herald_state { HERALD_CONNECTING, HERALD_UP, HERALD_DOWN, HERALD_ENDED };

struct herald {
	const struct client_settings *settings; /* private from here on */
	const struct forwards *forwards;
	const struct locals *locals;
	struct notify notify;
	struct info info;
	struct hook hook;
	bool is_ready, was_ready;
	enum herald_state state;
	char reason[FAULT_TEXT];     /* of HERALD_DOWN */
	char last_error[FAULT_TEXT]; /* why it was down the last time; "" never */
	time_t started, since, last_error_at;
	unsigned logins;
};

/* Borrows everything. E_VALUE, E_SYS: ForwardInfo cannot be used; herald_close is due all the same.
 */
enum err herald_init(struct herald *h, uv_loop_t *loop, const struct client_settings *s,
	const struct forwards *forwards, const struct locals *locals, struct fault *f) MUST_USE;
/* "connecting", "up", "down", "ended" */
const char *herald_word(enum herald_state state);
/* Something has changed. reason: of HERALD_DOWN, printable. */
void herald_tell(struct herald *h, enum herald_state state, const char *reason);
/* All that was wanted is there, which a service manager hears once. To be told before the state. */
void herald_ready(struct herald *h, bool is_ready);
void herald_forward_up(struct herald *h, const struct forward *one);
/* The loop must run once more afterwards. */
void herald_close(struct herald *h);

#endif
