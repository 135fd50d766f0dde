/* SPDX-License-Identifier: ISC */
/*
 * Host keys that a client may learn (OpenSSH's PROTOCOL 2.5): after login it is told all of them, and
 * may ask for proofs that we have those it does not know. So a host key can be replaced without a
 * warning to anybody: one of another type is added first, and the old one goes when all have seen it.
 */
#ifndef RELAY_PROVE_H
#define RELAY_PROVE_H

#include "relay/link.h"

void prove_announce(struct link *l);
/* ev: a request of hostkeys-prove-00@openssh.com that wants a reply. One at a time is served. */
void prove_on(struct link *l, const struct mux_event *ev);
/* The connection is over. */
void prove_forget(struct link *l);

#endif
