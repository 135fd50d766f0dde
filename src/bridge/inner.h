/* SPDX-License-Identifier: ISC */
/*
 * A connection inside of a channel of another (a jump host). The seam is a pair of Unix sockets: a pump
 * joins the channel to one end, and the inner connection has the other, as if it were TCP. So windows,
 * back-pressure, half-close, fairness and the ends of both are those of every other pump and conn.
 */
#ifndef BRIDGE_INNER_H
#define BRIDGE_INNER_H

#include "bridge/pump.h"

/* Joins an open channel to a new socket pair; *fd: the other end, non-blocking, the caller's. done and
 * ctx as for pump_join. On failure the channel stays the caller's. */
enum err inner_join(struct conn *outer, uint32_t channel, pump_done_fn done, void *ctx,
	struct pump **p, int *fd) MUST_USE;

#endif
