/* SPDX-License-Identifier: ISC */
#include "relay/meter.h"

void meter_init(struct meter *m, uint64_t now_ms)
{
	*m = (struct meter){.at_ms = now_ms};
}

static uint64_t rate(uint64_t before, uint64_t now, uint64_t ms)
{
	return now > before ? (uint64_t)((double)(now - before) * 1000 / (double)ms) : 0;
}

void meter_read(struct meter *m, uint64_t in, uint64_t out, uint64_t now_ms)
{
	uint64_t ms = now_ms - m->at_ms;

	if (now_ms <= m->at_ms)
		return;
	m->rate_in = rate(m->in, in, ms);
	m->rate_out = rate(m->out, out, ms);
	m->in = in;
	m->out = out;
	m->at_ms = now_ms;
}

void meter_skip(struct meter *m, uint64_t in, uint64_t out, uint64_t now_ms)
{
	*m = (struct meter){.in = in, .out = out, .at_ms = now_ms};
}
