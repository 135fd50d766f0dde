/* SPDX-License-Identifier: ISC */
/* How fast two counters grow: what they grew by between the last two readings. Pure. */
#ifndef RELAY_METER_H
#define RELAY_METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
	uint64_t in, out, at_ms; /* as read last */
	uint64_t rate_in, rate_out; /* bytes a second; 0 before the second reading */
};

void meter_init(struct meter *m, uint64_t now_ms);
/* Readings in the same ms are one. */
void meter_read(struct meter *m, uint64_t in, uint64_t out, uint64_t now_ms);
/* The time since the last reading counts for nothing. */
void meter_skip(struct meter *m, uint64_t in, uint64_t out, uint64_t now_ms);

#endif
