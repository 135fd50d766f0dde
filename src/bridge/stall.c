/* SPDX-License-Identifier: ISC */
#include "bridge/stall.h"

#include <string.h>

void stall_init(struct stall_clock *s, enum stall first, uint64_t now_ms, uint64_t line_ms)
{
	*s = (struct stall_clock){.now = first, .since_ms = now_ms, .line_ms = line_ms};
}

void stall_sums(const struct stall_clock *s, uint64_t now_ms, uint64_t line_ms,
	uint64_t ms[static STALL_KINDS])
{
	uint64_t waited = now_ms > s->since_ms ? now_ms - s->since_ms : 0;
	uint64_t of_line = s->now == STALL_NO ? line_ms - s->line_ms : 0;

	if (of_line > waited)
		of_line = waited;
	memcpy(ms, s->ms, sizeof(s->ms));
	ms[s->now] += waited - of_line;
	ms[STALL_LINE] += of_line;
}

void stall_tell_change(struct stall_clock *s, enum stall to, uint64_t now_ms, uint64_t line_ms)
{
	stall_sums(s, now_ms, line_ms, s->ms);
	s->now = to;
	s->since_ms = now_ms;
	s->line_ms = line_ms;
}
