/* SPDX-License-Identifier: ISC */
/* Limits on one key: the same on both sides of it, since either side may ask for a new one. */
#include "transport/rekey.h"

static uint64_t later(uint64_t now_ms, uint64_t by_ms)
{
	return by_ms > UINT64_MAX - now_ms ? UINT64_MAX : now_ms + by_ms;
}

void rekey_init(struct rekey *r, uint64_t bytes_max, uint64_t interval_ms)
{
	*r = (struct rekey){.bytes_max = bytes_max,
		.interval_ms = interval_ms,
		.due_ms = UINT64_MAX,
		.overdue_ms = UINT64_MAX};
}

void rekey_opened(struct rekey *r, uint64_t now_ms)
{
	if (r->overdue_ms == UINT64_MAX)
		r->overdue_ms = later(now_ms, REKEY_OPEN_MS);
}

void rekey_done(struct rekey *r, uint64_t now_ms)
{
	r->overdue_ms = UINT64_MAX;
	r->due_ms = r->interval_ms == 0 ? UINT64_MAX : later(now_ms, r->interval_ms);
}

static bool is_used_up(
	const struct rekey *r, const struct cipher *c, uint64_t bytes, uint64_t blocks)
{
	return blocks >= cipher_alg_of(c)->rekey_blocks ||
	       (r->bytes_max != 0 && bytes >= r->bytes_max);
}

const char *rekey_reason(const struct rekey *r, const struct packet_in *in,
	const struct packet_out *out, uint64_t now_ms)
{
	if (is_used_up(r, in->cipher, in->bytes, in->blocks))
		return "bytes received";
	if (is_used_up(r, out->cipher, out->bytes, out->blocks))
		return "bytes sent";
	if (in->packets >= REKEY_PACKETS || out->packets >= REKEY_PACKETS)
		return "packets";
	return now_ms >= r->due_ms ? "time" : NULL;
}

bool rekey_is_overdue(const struct rekey *r, uint64_t now_ms)
{
	return r->overdue_ms != UINT64_MAX && now_ms >= r->overdue_ms;
}

uint64_t rekey_deadline(const struct rekey *r)
{
	return r->overdue_ms != UINT64_MAX ? r->overdue_ms : r->due_ms;
}
