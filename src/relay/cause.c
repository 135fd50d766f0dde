/* SPDX-License-Identifier: ISC */
#include "relay/cause.h"

enum {
	QUEUE_FACTOR = 4, /* a round trip that many times its shortest, and this much longer, stands
			     in a queue */
	QUEUE_US = 20 * 1000
};

const char *cause_name(enum cause c)
{
	static const char *const names[CAUSE_KINDS] = {
		"idle", "visitor", "window", "agent", "target", "rate", "relay"};

	return names[c];
}

static enum stall longest(const struct cause_view *v)
{
	enum stall most = STALL_SOURCE;

	for (int i = 0; i < STALL_KINDS; i++)
		if (v->ms[i] > v->ms[most])
			most = (enum stall)i;
	return most;
}

/* Half of the window at least is under way at any time. */
static bool fills_the_way(const struct cause_view *v)
{
	uint64_t us = v->way->rtt_us > 0 ? (uint64_t)v->way->rtt_us : 0;

	return v->window > 0 && (double)v->rate * (double)us / 1e6 >= v->window / 2;
}

static bool is_queued(const struct cause_way *w)
{
	return w->least_rtt_us > 0 && w->rtt_us > QUEUE_FACTOR * w->least_rtt_us &&
	       w->rtt_us > w->least_rtt_us + QUEUE_US;
}

static enum cause of_window(const struct cause_view *v)
{
	if (v->window > 0 && v->way->unsent >= v->window / 2)
		return CAUSE_AGENT;
	if (fills_the_way(v))
		return is_queued(v->way) ? CAUSE_AGENT : CAUSE_WINDOW;
	return CAUSE_TARGET;
}

enum cause cause_in(const struct cause_view *v)
{
	if (v->way->is_silent)
		return CAUSE_AGENT;
	switch (longest(v)) {
	case STALL_NO:
		return CAUSE_RELAY;
	case STALL_LINE:
		return CAUSE_AGENT;
	case STALL_WINDOW:
		return of_window(v);
	case STALL_RATE:
		return CAUSE_RATE;
	default:
		return v->rate > 0 ? CAUSE_VISITOR : CAUSE_IDLE;
	}
}

enum cause cause_out(const struct cause_view *v)
{
	if (v->way->is_silent)
		return CAUSE_AGENT;
	switch (longest(v)) {
	case STALL_SINK:
		return CAUSE_VISITOR;
	case STALL_RATE:
		return CAUSE_RATE;
	default:
		/* What does not come cannot be seen; only whether the window would have let it. */
		if (v->rate == 0)
			return CAUSE_IDLE;
		return fills_the_way(v) && !is_queued(v->way) ? CAUSE_WINDOW : CAUSE_TARGET;
	}
}
