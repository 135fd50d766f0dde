/* SPDX-License-Identifier: ISC */
/*
 * Global requests of an agent (RFC 4254 7.1): tcpip-forward and cancel-tcpip-forward. From the wish
 * to a door or to a refusal with its reason; a host name in the wish is looked up first, without
 * holding up the loop. Replies may be given late, mux keeps their order.
 */
#ifndef RELAY_REQUEST_H
#define RELAY_REQUEST_H

#include "relay/link.h"

/* ev: MUX_GLOBAL_REQUEST. */
void request_on(struct link *l, const struct mux_event *ev);

#endif
