/* SPDX-License-Identifier: ISC */
/*
 * What an operator does to a running relay: agents are sent away, ports and visitors closed, the
 * whole of it drained. Each is done when the call returns (drain: begun). A new reference to the
 * answer, an object with "error" when there is no such thing; NULL when memory is short.
 */
#ifndef RELAY_STEER_H
#define RELAY_STEER_H

#include <jansson.h>

#include "relay/relay.h"

/* agent: a number as in the log ("3", "#3", "me#3"), or a key by its name or fingerprint: all its
 * connections. Their ports are free at once. */
json_t *steer_kick(struct relay *r, const char *agent);
/* what: a port, with the visitors in it, or a visitor by its address and port. */
json_t *steer_close(struct relay *r, const char *what);
/* limit_ms: 0: DrainTime; without one there is no end to it but the last visitor's. */
json_t *steer_drain(struct relay *r, uint64_t limit_ms);

#endif
