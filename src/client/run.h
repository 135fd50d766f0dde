/* SPDX-License-Identifier: ISC */
/* One run of the agent: connect, log in, forward, until the connection or the user ends it. */
#ifndef CLIENT_RUN_H
#define CLIENT_RUN_H

#include "client/background.h"
#include "client/route.h"

enum { RUN_EXIT_ERROR = 255 };

/* Returns the exit code. Everything was said. */
int run_agent(struct route *route, struct background *bg);

#endif
