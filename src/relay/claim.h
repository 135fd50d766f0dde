/* SPDX-License-Identifier: ISC */
/*
 * From a wish to a door: its addresses are bound by the supervisor, or taken from where the same
 * identity has them already.
 *
 *     nobody has them                   they are bound
 *     a lost connection of its own had  the sockets move here
 *     a connection of its own has       see Takeover: with refuse and standby it is asked first
 *                                       whether it is alive (relay/probe.h), and the reply waits
 *     somebody else has                 refused
 */
#ifndef RELAY_CLAIM_H
#define RELAY_CLAIM_H

#include "relay/wish.h"

/* Answers the wish when the supervisor has answered, and another connection perhaps. It was judged
 * (wish_judge). */
void claim_go(struct link *l, const struct wish *w);
/* Refuses the one that waits for exactly this; false: none does. */
bool claim_cancel(struct link *l, struct bytes host, uint32_t port);
/* The connection is over: its claims are forgotten. */
void claims_forget(struct link *l);

#endif
