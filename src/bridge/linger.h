/* SPDX-License-Identifier: ISC */
/*
 * Closing a socket so that what was written still arrives. close() with unread input makes the
 * kernel send a reset, and a reset may take away data the other side has not got yet. So: end our
 * direction, throw away what comes until the other side ends its own, and then close; not for long.
 */
#ifndef BRIDGE_LINGER_H
#define BRIDGE_LINGER_H

#include "bridge/hub.h"

enum {
	LINGER_STEP_MS = 2000, /* how long without progress */
	LINGER_STEPS_MAX = 15,
	LINGER_MAX = 1024 /* sockets of a hub; the one that waited longest gives way */
};

/* Takes fd, which must not be watched any more. Never fails: short of memory it closes at once. */
void linger_close(struct hub *h, int fd);
/* Closes all of them now; for hub_fini. */
void linger_end_all(struct hub *h);

#endif
