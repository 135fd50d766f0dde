/* SPDX-License-Identifier: ISC */
#include "relay/startups.h"

#include <stdint.h>

bool startups_drops(const struct startups *s, unsigned pending, unsigned dice)
{
	uint64_t percent;

	if (pending < s->begin)
		return false;
	if (pending >= s->full)
		return true;
	/* begin < full from here on, so the slope has a divisor. */
	percent = s->rate;
	if (s->rate < 100)
		percent += (uint64_t)(100 - s->rate) * (pending - s->begin) / (s->full - s->begin);
	return dice < percent;
}
