/* SPDX-License-Identifier: ISC */
#include "ctl/tunnels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/field.h"

const char *tunnels_order_name(enum tunnels_order order)
{
	static const char *const names[TUNNELS_ORDERS] = {
		"RATE", "IN", "OUT", "VISITORS", "ROUND TRIP", "LIMITED BY", "PORT", "KEY"};

	return names[order];
}

/* --- what there is ---------------------------------------------------------------------------- */

static void forget(struct tunnel *one)
{
	free(one->who);
	free(one->key);
	free(one->peer);
}

static struct tunnel *find(struct tunnels *t, long long agent, const json_t *forward)
{
	for (size_t i = 0; i < t->count; i++) {
		struct tunnel *one = &t->all[i];

		if (one->agent == agent && one->port == field_number(forward, "port") &&
			one->since == field_number(forward, "since") && !one->is_seen)
			return one;
	}
	return NULL;
}

static struct tunnel *add(struct tunnels *t, const json_t *agent, const json_t *forward)
{
	struct tunnel one = {.agent = field_number(agent, "number"),
		.port = field_number(forward, "port"),
		.since = field_number(forward, "since")};

	if (t->count == t->room) {
		size_t more = t->room == 0 ? 64 : 2 * t->room;
		struct tunnel *bigger = reallocarray(t->all, more, sizeof(*bigger));

		if (!bigger)
			return NULL;
		t->all = bigger;
		t->room = more;
	}
	if (asprintf(&one.who, "%s#%lld", field_text(agent, "user"), one.agent) < 0)
		one.who = NULL;
	one.key = strdup(field_text(agent, "key"));
	one.peer = strdup(field_text(agent, "peer"));
	if (!one.who || !one.key || !one.peer) {
		forget(&one);
		return NULL;
	}
	t->all[t->count] = one;
	return &t->all[t->count++];
}

static void take_forward(struct tunnels *t, const json_t *agent, const json_t *forward)
{
	struct tunnel *one = find(t, field_number(agent, "number"), forward);
	const json_t *rtt = json_object_get(agent, "rtt_ms");

	if (!one)
		one = add(t, agent, forward);
	if (!one)
		return;
	one->is_seen = true;
	one->stands_by = field_is(forward, "standby");
	one->is_silent = field_is(agent, "silent");
	one->visitors = field_number(forward, "visitors_now");
	one->rate_in = field_number(forward, "rate_in");
	one->rate_out = field_number(forward, "rate_out");
	one->rtt_ms = json_is_number(rtt) ? json_number_value(rtt) : -1;
	ls_limits(forward, one->limits);
	spark_take(&one->spark, (uint64_t)one->rate_in + (uint64_t)one->rate_out);
	t->visitors += one->visitors;
	t->rate_in += one->rate_in;
	t->rate_out += one->rate_out;
}

static void drop_unseen(struct tunnels *t)
{
	size_t left = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (t->all[i].is_seen)
			t->all[left++] = t->all[i];
		else
			forget(&t->all[i]);
	}
	t->count = left;
}

void tunnels_take(struct tunnels *t, const json_t *ls)
{
	const json_t *agents = json_object_get(ls, "agents"), *agent, *forward;
	size_t i, j;

	for (i = 0; i < t->count; i++)
		t->all[i].is_seen = false;
	t->agents = (long long)json_array_size(agents);
	t->visitors = t->rate_in = t->rate_out = 0;
	json_array_foreach(agents, i, agent) json_array_foreach(
		json_object_get(agent, "forwards"), j, forward) take_forward(t, agent, forward);
	drop_unseen(t);
}

void tunnels_fini(struct tunnels *t)
{
	for (size_t i = 0; i < t->count; i++)
		forget(&t->all[i]);
	free(t->all);
	*t = (struct tunnels){0};
}

/* --- what is shown ---------------------------------------------------------------------------- */

static int compare_numbers(double a, double b)
{
	return (a > b) - (a < b);
}

/* Of numbers the largest first, of names and ports the first. */
static int compare_by(enum tunnels_order order, const struct tunnel *a, const struct tunnel *b)
{
	switch (order) {
	case BY_IN:
		return compare_numbers((double)b->rate_in, (double)a->rate_in);
	case BY_OUT:
		return compare_numbers((double)b->rate_out, (double)a->rate_out);
	case BY_VISITORS:
		return compare_numbers((double)b->visitors, (double)a->visitors);
	case BY_ROUND_TRIP:
		return compare_numbers(b->rtt_ms, a->rtt_ms);
	case BY_LIMIT:
		return strcmp(b->limits, a->limits);
	case BY_PORT:
		return compare_numbers((double)a->port, (double)b->port);
	case BY_KEY:
		return strcmp(a->key, b->key);
	default:
		return compare_numbers((double)b->rate_in + (double)b->rate_out,
			(double)a->rate_in + (double)a->rate_out);
	}
}

struct sorting {
	enum tunnels_order order;
	bool is_reversed;
};

/* Equal ones keep their places from one look to the next. */
static int compare(const void *left, const void *right, void *ctx)
{
	const struct tunnel *a = *(const struct tunnel *const *)left;
	const struct tunnel *b = *(const struct tunnel *const *)right;
	const struct sorting *s = ctx;
	int way = compare_by(s->order, a, b);

	if (s->is_reversed)
		way = -way;
	if (way == 0)
		way = compare_by(BY_PORT, a, b);
	return way != 0 ? way : compare_numbers((double)a->agent, (double)b->agent);
}

static bool matches(const struct tunnel *one, const char *filter)
{
	char port[32];

	snprintf(port, sizeof(port), "%lld", one->port);
	return !filter[0] || strstr(port, filter) || strcasestr(one->who, filter) ||
	       strcasestr(one->key, filter) || strcasestr(one->peer, filter) ||
	       strcasestr(one->limits, filter);
}

const struct tunnel **tunnels_view(const struct tunnels *t, enum tunnels_order order,
	bool is_reversed, const char *filter, size_t *count)
{
	const struct tunnel **view = calloc(t->count + 1, sizeof(const struct tunnel *));
	struct sorting s = {order, is_reversed};

	*count = 0;
	for (size_t i = 0; view && i < t->count; i++)
		if (matches(&t->all[i], filter))
			view[(*count)++] = &t->all[i];
	if (view)
		qsort_r(view, *count, sizeof(const struct tunnel *), compare, &s);
	return view;
}
