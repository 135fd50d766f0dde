/* SPDX-License-Identifier: ISC */
/* A picture of all tunnels that moves, until somebody has seen enough. */
#ifndef CTL_TOP_H
#define CTL_TOP_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum { TOP_EACH_MS = 1000 };

/* ask: one look at the relay, the answer to ls. is_json: no screen, the answers as they come, a line each.
 * E_OK: it was left, and the terminal is as it was; E_STATE: there is no terminal that it could be shown on.
 * An error of the first look is its own; later ones are shown, and it is tried again. */
enum err top(enum err (*ask)(void *ctx, json_t **ls, struct fault *f), void *ctx, bool is_json,
	struct fault *f) MUST_USE;

#endif
