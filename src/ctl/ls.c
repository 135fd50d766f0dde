/* SPDX-License-Identifier: ISC */
#include "ctl/ls.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/field.h"
#include "ctl/table.h"
#include "ctl/units.h"

static const struct table_column columns[] = {
	{"WHO", false, 16, 0},
	{"WHERE", false, 9, 6},
	{"SINCE", true, 0, 4},
	{"ROUND TRIP", true, 0, 3},
	{"IN", true, 0, 1},
	{"OUT", true, 0, 2},
	{"IN NOW", true, 0, 0},
	{"OUT NOW", true, 0, 0},
	{"LIMITED BY", false, 0, 5},
};

const char *ls_places(const json_t *forward, char out[static LS_PLACES_MAX])
{
	const json_t *one;
	size_t i, used = 0;

	out[0] = '\0';
	json_array_foreach(json_object_get(forward, "bound"), i, one)
	{
		const char *address = field_text(one, "address");
		bool is_v6 = strchr(address, ':') != NULL;

		if (used < LS_PLACES_MAX)
			used += (size_t)snprintf(out + used, LS_PLACES_MAX - used,
				"%s%s%.64s%s:%lld", i > 0 ? " " : "", is_v6 ? "[" : "", address,
				is_v6 ? "]" : "", field_number(one, "port"));
	}
	if (field_is(forward, "standby"))
		strcpy(out, "stands by");
	else if (!out[0])
		strcpy(out, "closed, visitors stay");
	return out;
}

/* Of those not shown yet, the one that most visitors have. */
static const char *next_limit(const json_t *limits, const char *const *shown, size_t count)
{
	const char *name, *best = NULL;
	json_t *value;
	long long most = 0;

	json_object_foreach((json_t *)limits, name, value)
	{
		bool is_known = strcmp(name, "idle") == 0;

		for (size_t i = 0; i < count; i++)
			is_known = is_known || strcmp(name, shown[i]) == 0;
		if (is_known || json_integer_value(value) <= most)
			continue;
		most = json_integer_value(value);
		best = name;
	}
	return best;
}

const char *ls_limits(const json_t *forward, char out[static LS_LIMITS_MAX])
{
	const json_t *limits = json_object_get(forward, "limits");
	const char *shown[6];
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]) && used < LS_LIMITS_MAX; i++) {
		long long n;

		shown[i] = next_limit(limits, shown, i);
		if (!shown[i])
			break;
		n = field_number(limits, shown[i]);
		used += (size_t)snprintf(
			out + used, LS_LIMITS_MAX - used, "%s%.24s", i > 0 ? ", " : "", shown[i]);
		if (n > 1 && used < LS_LIMITS_MAX)
			used += (size_t)snprintf(out + used, LS_LIMITS_MAX - used, " %lld", n);
	}
	return out;
}

static void add_traffic(struct table *t, const json_t *o)
{
	char text[UNITS_TEXT];

	table_add(t, units_bytes(field_number(o, "bytes_in"), text));
	table_add(t, units_bytes(field_number(o, "bytes_out"), text));
	table_add(t, units_rate(field_number(o, "rate_in"), text));
	table_add(t, units_rate(field_number(o, "rate_out"), text));
}

static void add_since(struct table *t, const json_t *o, time_t now)
{
	char text[UNITS_TEXT];

	table_add(t, units_time((long long)now - field_number(o, "since"), text));
}

/* "%s" of the format is text of any length. */
static void add_with(struct table *t, const char *before, const char *text, const char *after)
{
	char *all = NULL;

	if (asprintf(&all, "%s%s%s", before, text, after) < 0)
		all = NULL;
	table_add(t, all);
	free(all);
}

static void add_visitor(struct table *t, const json_t *v, time_t now)
{
	const char *limit = field_text(v, "limit");
	const char *way = json_string_value(json_object_get(v, "limit_way"));

	add_with(t, "    visitor ", field_text(v, "from"), "");
	table_add(t, "");
	add_since(t, v, now);
	table_add(t, "");
	add_traffic(t, v);
	if (strcmp(limit, "idle") == 0 || strcmp(limit, "-") == 0)
		table_add(t, "");
	else
		add_with(t, limit, way && way[0] ? ", " : "", way ? way : "");
}

static void add_forward(struct table *t, const json_t *f, time_t now)
{
	char who[128], places[LS_PLACES_MAX], limits[LS_LIMITS_MAX];
	const json_t *one;
	size_t i;

	snprintf(who, sizeof(who), "  port %lld, %lld visitors (%lld so far)",
		field_number(f, "port"), field_number(f, "visitors_now"),
		field_number(f, "visitors_ever"));
	table_add(t, who);
	table_add(t, ls_places(f, places));
	add_since(t, f, now);
	table_add(t, "");
	add_traffic(t, f);
	table_add(t, ls_limits(f, limits));
	json_array_foreach(json_object_get(f, "visitors"), i, one) add_visitor(t, one, now);
}

static void add_agent(struct table *t, const json_t *agent, time_t now)
{
	char number[48], text[UNITS_TEXT];
	const json_t *one;
	size_t i;

	snprintf(number, sizeof(number), "#%lld key ", field_number(agent, "number"));
	add_with(t, field_text(agent, "user"), number, field_text(agent, "key"));
	table_add(t, field_text(agent, "peer"));
	add_since(t, agent, now);
	table_add(t, units_ms(json_number_value(json_object_get(agent, "rtt_ms")), text));
	add_traffic(t, agent);
	table_add(t, field_is(agent, "silent") ? "does not answer" : "");
	json_array_foreach(json_object_get(agent, "forwards"), i, one) add_forward(t, one, now);
}

static void show_lease(FILE *out, const json_t *lease)
{
	fprintf(out,
		"port %lld is kept for key %.64s, whose connection was lost, for %lld s more\n",
		field_number(lease, "port"), field_text(lease, "fingerprint"),
		(field_number(lease, "left_ms") + 999) / 1000);
}

void show_ls(FILE *out, const json_t *ls, time_t now)
{
	const json_t *agents = json_object_get(ls, "agents"), *one;
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	size_t i;

	if (!t)
		return;
	json_array_foreach(agents, i, one) add_agent(t, one, now);
	if (json_array_size(agents) == 0)
		fprintf(out, "no agent is connected\n");
	else
		table_print(t, out);
	json_array_foreach(json_object_get(ls, "leases"), i, one) show_lease(out, one);
	table_free(t);
}
