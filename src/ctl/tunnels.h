/* SPDX-License-Identifier: ISC */
/*
 * What top shows: a row a tunnel, that is a port of an agent, kept from one look at the relay to the next
 * so that each has a history. Knows nothing of a screen.
 */
#ifndef CTL_TUNNELS_H
#define CTL_TUNNELS_H

#include <jansson.h>
#include <stdbool.h>

#include "ctl/ls.h"
#include "ctl/spark.h"

enum tunnels_order {
	BY_RATE, /* both ways */
	BY_IN,
	BY_OUT,
	BY_VISITORS,
	BY_ROUND_TRIP,
	BY_LIMIT,
	BY_PORT,
	BY_KEY,
	TUNNELS_ORDERS
};

struct tunnel {
	long long agent, port, since;
	bool stands_by, is_silent, is_seen;
	char *who, *key, *peer; /* as they came, not to be shown as they are */
	long long visitors, rate_in, rate_out;
	double rtt_ms; /* below 0: not known */
	char limits[LS_LIMITS_MAX];
	struct spark spark;
};

struct tunnels {
	struct tunnel *all;
	size_t count, room;
	long long agents, visitors, rate_in, rate_out; /* in all */
};

/* t: zeroed before the first. What memory is too short for is missing. */
void tunnels_take(struct tunnels *t, const json_t *ls);
void tunnels_fini(struct tunnels *t);

/* What is shown, in order: pointers into t, until it takes something. filter: part of the port, the names,
 * the address or the limits, in either case; "": all. For free(); NULL: none, or memory is short. */
const struct tunnel **tunnels_view(const struct tunnels *t, enum tunnels_order order, bool is_reversed,
	const char *filter, size_t *count);
/* "RATE" */
const char *tunnels_order_name(enum tunnels_order order);

#endif
