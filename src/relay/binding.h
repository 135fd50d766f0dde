/* SPDX-License-Identifier: ISC */
/*
 * A port that a session asks for (IPC_BIND): judged by what its key may, its address looked up where
 * it is a name, bound, and handed over as sockets. Nobody is asked which key: that is on the roster.
 */
#ifndef RELAY_BINDING_H
#define RELAY_BINDING_H

#include "relay/ipcbind.h"
#include "relay/supervisor.h"

enum { BINDING_LOOKUPS_MAX = 32 }; /* names of one session under way; more are refused */

/* Answers under this number, now or when the name was looked up. */
void binding_ask(struct supervisor *s, uint64_t number, const struct ipc_bind *b);
/* Names that are looked up for this session are not needed any more; NULL: for any. */
void binding_forget(struct supervisor *s, const struct member *m);

#endif
