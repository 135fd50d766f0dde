/* SPDX-License-Identifier: ISC */
#include "relay/pace.h"

#include "crypto/digest.h"

uint64_t pace_exchange(struct pace *p, uint64_t bytes, uint64_t now_ms)
{
	bool is_earned = bytes - p->bytes >= PACE_EARNED_BYTES;
	uint64_t ahead_ms;

	p->bytes = bytes;
	if (is_earned)
		return 0;
	if (p->paid_ms < now_ms)
		p->paid_ms = now_ms;
	p->paid_ms += PACE_STEP_MS;
	ahead_ms = p->paid_ms - now_ms;
	return ahead_ms > PACE_BURST * PACE_STEP_MS ? ahead_ms - PACE_BURST * PACE_STEP_MS : 0;
}

uint64_t pace_key(const uint8_t secret[static PACE_SECRET], const char *user)
{
	uint8_t sum[DIGEST_MAX];

	if (hmac_once(DIGEST_SHA256, bytes_of(secret, PACE_SECRET), bytes_str(user), sum) != E_OK)
		return PACE_KEY_FLOOR_MS + PACE_KEY_MORE_MS;
	return PACE_KEY_FLOOR_MS + sum[0] % (PACE_KEY_MORE_MS + 1);
}
