/* SPDX-License-Identifier: ISC */
/* A time without a connection: one line for a reason, not one for each of a thousand tries. */
#ifndef CLIENT_OUTAGE_H
#define CLIENT_OUTAGE_H

#include "client/ending.h"

struct outage {
	bool is_on; /* private */
	unsigned tries;
	uint64_t since_ms, told_ms;
	char text[ENDING_TEXT]; /* the last reason */
};

/* Another try has failed, or the first connection is lost: how loud that is to be said. */
enum log_level outage_level(struct outage *o, const char *reason, uint64_t now_ms);
/* It is over, if there was one, which is said. */
void outage_end(struct outage *o, const char *hostname, uint64_t now_ms);

#endif
