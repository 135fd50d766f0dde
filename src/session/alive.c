/* SPDX-License-Identifier: ISC */
/* Liveness, see the header. Time goes only forward here: a clock that steps back changes nothing.
 */
#include "session/alive.h"

void alive_init(struct alive *a, uint64_t interval_ms, unsigned count_max, uint64_t now_ms)
{
	*a = (struct alive){.interval_ms = interval_ms,
		.count_max = count_max,
		.heard_ms = now_ms,
		.probed_ms = now_ms};
}

void alive_heard(struct alive *a, uint64_t now_ms)
{
	if (now_ms > a->heard_ms)
		a->heard_ms = now_ms;
	a->unanswered = 0;
}

uint64_t alive_deadline(const struct alive *a)
{
	uint64_t since = a->unanswered > 0 ? a->probed_ms : a->heard_ms;

	if (a->interval_ms == 0 || since > UINT64_MAX - a->interval_ms)
		return UINT64_MAX;
	return since + a->interval_ms;
}

enum alive_action alive_tick(struct alive *a, uint64_t now_ms)
{
	if (now_ms < alive_deadline(a))
		return ALIVE_FINE;
	if (a->count_max > 0 && a->unanswered >= a->count_max)
		return ALIVE_DEAD;
	a->unanswered++;
	a->probed_ms = now_ms;
	return ALIVE_PROBE;
}
