/* SPDX-License-Identifier: ISC */
/* What there is to say of a running agent, as JSON. Texts that came from elsewhere are printable. */
#ifndef CLIENT_FACTS_H
#define CLIENT_FACTS_H

#include <jansson.h>

#include "client/herald.h"

/* One forward: kind, listen, port, target, state, reason. NULL: no memory. */
json_t *facts_remote(const struct forward *one);
json_t *facts_local(const struct local *one);
/* All of it, with what has gone through (docs/control.md), in one line of at most max bytes; visitors
 * are left out when they would not fit. now_ms: the loop's. NULL: no memory, or it is too long even so.
 * The caller's to free. */
char *facts_status(const struct herald *h, uint64_t now_ms, size_t max);

#endif
