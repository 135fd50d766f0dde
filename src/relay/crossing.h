/* SPDX-License-Identifier: ISC */
/*
 * A tunnel of an agent (tun@openssh.com): its channel waits while the supervisor is asked for the device,
 * then packets go between the two until either ends.
 */
#ifndef RELAY_CROSSING_H
#define RELAY_CROSSING_H

#include "relay/link.h"

/* ev: MUX_OPEN of that type. */
void crossing_open(struct link *l, const struct mux_event *ev);
/* Those that the key may not have any more end. */
void crossings_review(struct link *l);
/* All of them end; nothing is said to the agent. */
void crossings_end(struct link *l);

#endif
