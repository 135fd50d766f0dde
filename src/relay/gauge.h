/* SPDX-License-Identifier: ISC */
/*
 * Once a second, as long as there are visitors: what each has moved since, and what it waited for. All
 * it costs is that walk; nothing is done when bytes move. Agents are asked for a sign of life
 * (relay/pulse.h) only while visitors of theirs stand still, and while somebody looks.
 */
#ifndef RELAY_GAUGE_H
#define RELAY_GAUGE_H

#include <uv.h>

#include "bridge/stall.h"
#include "relay/cause.h"
#include "relay/meter.h"

enum { GAUGE_EACH_MS = 1000, GAUGE_LOOKED_MS = 5 * 1000 };

struct relay;
struct link;
struct visitor;

/* In the relay. */
struct gauge {
	uv_timer_t timer;
	uint64_t looked_ms; /* when somebody did last; 0: never */
};

/* In each visitor. */
struct gauge_visitor {
	struct meter meter;
	uint64_t seen_in[STALL_KINDS], seen_out[STALL_KINDS]; /* at the last walk */
	uint64_t ms_in[STALL_KINDS], ms_out[STALL_KINDS];     /* between the last two */
};

void gauge_init(struct relay *r);
void gauge_close(struct relay *r);
/* A visitor came. */
void gauge_start(struct relay *r);
/* Somebody looks now. */
void gauge_look(struct relay *r);

void gauge_way(const struct link *l, struct cause_way *way);
/* What limits it, each way. */
void gauge_causes(
	const struct visitor *v, const struct cause_way *way, enum cause *in, enum cause *out);

#endif
