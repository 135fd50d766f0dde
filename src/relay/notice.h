/* SPDX-License-Identifier: ISC */
/*
 * The session channel that a stock `ssh -R` without -N opens: it gets its shell request granted and
 * one notice (which ports are open, that there is no shell, how to end), and stays. Everything else
 * on it is refused or thrown away.
 */
#ifndef RELAY_NOTICE_H
#define RELAY_NOTICE_H

#include "relay/door.h"

enum { NOTICE_PENDING_MAX = 16 * 1024 };

/* ev: MUX_OPEN of type session. */
void notice_open(struct link *l, const struct mux_event *ev);
/* A port was opened (or is about to be closed): told on channels whose notice is out. */
void notices_door(struct link *l, const struct door *d, bool is_open);

#endif
