/* SPDX-License-Identifier: ISC */
#include "relay/ration.h"

bool ration_allows(struct ration *r, uint64_t now_ms)
{
	if (now_ms >= r->until_ms) {
		r->until_ms = now_ms + RATION_SPAN_MS;
		r->lines = 0;
	}
	if (r->lines < RATION_LINES) {
		r->lines++;
		return true;
	}
	r->kept++;
	return false;
}

uint64_t ration_settle(struct ration *r)
{
	uint64_t kept = r->kept;

	r->kept = 0;
	return kept;
}
