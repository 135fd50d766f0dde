/* SPDX-License-Identifier: ISC */
#include "client/outage.h"

#include <stdio.h>
#include <string.h>

enum { TOLD_MS = 10 * 60 * 1000 /* how long a reason that stays the same is not repeated */ };

enum log_level outage_level(struct outage *o, const char *reason, uint64_t now_ms)
{
	if (!o->is_on)
		*o = (struct outage){.is_on = true, .since_ms = now_ms};
	o->tries++;
	if (o->tries > 1 && strcmp(o->text, reason) == 0 && now_ms - o->told_ms < TOLD_MS)
		return LOG_LEVEL_VERBOSE;
	snprintf(o->text, sizeof(o->text), "%s", reason);
	o->told_ms = now_ms;
	return LOG_LEVEL_INFO;
}

void outage_end(struct outage *o, const char *hostname, uint64_t now_ms)
{
	if (o->is_on)
		log_write(LOG_LEVEL_INFO, "Connected to %s again after %llu s (%u %s).", hostname,
			(unsigned long long)((now_ms - o->since_ms + 500) / 1000), o->tries,
			o->tries == 1 ? "try" : "tries");
	o->is_on = false;
}
