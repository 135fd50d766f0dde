/* SPDX-License-Identifier: ISC */
/* A connection that ended by itself: what ssh says about it, and whether to try again. */
#ifndef CLIENT_ENDING_H
#define CLIENT_ENDING_H

#include "base/log.h"
#include "client/uplink.h"

enum ending_kind {
	ENDING_FINAL, /* trying again cannot help, or could harm */
	ENDING_RETRY,
	ENDING_LATER /* but not soon: the relay asked for that */
};

/* What an end that nobody wanted means for a tunnel that shall stay up. */
enum ending_kind ending_judge(const struct uplink_end *end, bool has_been_up);
/* level: LOG_LEVEL_FATAL when the program ends with it. */
void ending_say(
	const struct client_settings *s, const struct uplink_end *end, enum log_level level);

#endif
