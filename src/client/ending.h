/* SPDX-License-Identifier: ISC */
/* The last words of ssh about a connection that ended by itself. */
#ifndef CLIENT_ENDING_H
#define CLIENT_ENDING_H

#include "base/log.h"
#include "client/uplink.h"

/* level: LOG_LEVEL_FATAL when the program ends with it. */
void ending_say(
	const struct client_settings *s, const struct uplink_end *end, enum log_level level);

#endif
