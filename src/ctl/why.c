/* SPDX-License-Identifier: ISC */
#include "ctl/why.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/cells.h"
#include "ctl/field.h"
#include "ctl/ls.h"
#include "ctl/table.h"
#include "ctl/units.h"

/* --- facts ------------------------------------------------------------------------------------ */

static json_t *holder(const json_t *agent, const json_t *forward)
{
	return json_pack("{sI ss ss ss ss sI sI sO*}", "agent",
		(json_int_t)field_number(agent, "number"), "user", field_text(agent, "user"), "key",
		field_text(agent, "key"), "fingerprint", field_text(agent, "fingerprint"), "peer",
		field_text(agent, "peer"), "since", (json_int_t)field_number(forward, "since"),
		"visitors_now", (json_int_t)field_number(forward, "visitors_now"), "bound",
		json_object_get(forward, "bound"));
}

static void merge_agents(json_t *why, const json_t *ls)
{
	json_t *held = json_array(), *standby = json_array();
	const json_t *agent, *forward;
	size_t i, j;

	json_array_foreach(json_object_get(ls, "agents"), i, agent)
	{
		json_array_foreach(json_object_get(agent, "forwards"), j, forward)
		{
			if (field_number(forward, "port") != field_number(why, "port") ||
				!field_is(forward, "open"))
				continue;
			json_array_append_new(field_is(forward, "standby") ? standby : held,
				holder(agent, forward));
		}
	}
	json_object_set_new(why, "held", held);
	json_object_set_new(why, "standby", standby);
}

static void merge_listed(json_t *why, const char *name, const json_t *list)
{
	json_t *mine = json_array(), *one;
	size_t i;

	json_array_foreach(list, i, one) if (field_number(one, "port") == field_number(why, "port"))
		json_array_append(mine, one);
	json_object_set_new(why, name, mine);
}

static bool is_among(const json_t *list, const json_t *key)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i,
		one) if (strcmp(field_text(one, "fingerprint"), field_text(key, "fingerprint")) ==
			 0) return true;
	return false;
}

/* What would become of a key that asked for it now. */
static const char *outcome(const json_t *why, const json_t *verdict)
{
	const json_t *held = json_object_get(why, "held"), *kept = json_object_get(why, "kept");
	const char *takeover = field_text(verdict, "takeover");

	if (!field_is(verdict, "may"))
		return "refused";
	if (is_among(held, verdict))
		return strcmp(takeover, "replace") == 0	  ? "taken over"
		       : strcmp(takeover, "standby") == 0 ? "standby"
							  : "refused while its holder answers";
	if (is_among(kept, verdict))
		return "opened";
	if (json_array_size(held) > 0)
		return "refused: another key holds it";
	if (json_array_size(kept) > 0)
		return "refused: kept for another key";
	return strcmp(field_text(why, "kernel"), "-") != 0 ? "refused by the kernel" : "opened";
}

void why_merge(json_t *why, json_t *const also[])
{
	json_t *one;
	size_t i;

	merge_agents(why, also[0]);
	merge_listed(why, "kept", json_object_get(also[0], "leases"));
	merge_listed(why, "reserved", json_object_get(also[1], "reserved"));
	json_array_foreach(json_object_get(why, "verdicts"), i, one) if (json_is_object(one))
		json_object_set_new(one, "now", json_string(outcome(why, one)));
}

/* --- words ------------------------------------------------------------------------------------ */

static void show_text(FILE *out, const char *before, const char *text)
{
	char *shown = cells_printable(text);

	fprintf(out, "%s%s", before, shown ? shown : "-");
	free(shown);
}

static void show_holders(FILE *out, const char *head, const json_t *list, time_t now)
{
	char places[LS_PLACES_MAX], t[UNITS_TEXT];
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		show_text(out, head, field_text(one, "key"));
		show_text(out, " ", field_text(one, "fingerprint"));
		show_text(out, ", agent ", field_text(one, "user"));
		fprintf(out, "#%lld", field_number(one, "agent"));
		show_text(out, " from ", field_text(one, "peer"));
		fprintf(out, ", for %s",
			units_time((long long)now - field_number(one, "since"), t));
		show_text(out, ", on ", ls_places(one, places));
		fprintf(out, ", %lld visitors\n", field_number(one, "visitors_now"));
	}
}

static void show_others(FILE *out, const json_t *why)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(why, "kept"), i, one)
	{
		show_text(out, "kept for   ", field_text(one, "fingerprint"));
		fprintf(out, ", whose connection was lost, for %lld s more\n",
			(field_number(one, "left_ms") + 999) / 1000);
	}
	json_array_foreach(json_object_get(why, "reserved"), i, one)
	{
		show_text(out, "reserved   ", field_text(one, "fingerprint"));
		fprintf(out, " gets it with -R 0, and no other key does\n");
	}
}

static bool is_empty(const json_t *why, const char *name)
{
	return json_array_size(json_object_get(why, name)) == 0;
}

static void show_kernel(FILE *out, const json_t *why)
{
	const char *kernel = field_text(why, "kernel");

	if (!is_empty(why, "held") || !is_empty(why, "kept"))
		return;
	if (strcmp(kernel, "-") == 0) {
		fprintf(out, "free       nobody has it\n");
		return;
	}
	show_text(out, "not free   no agent has it, and the kernel says: ", kernel);
	fprintf(out, "\n");
}

static const struct table_column columns[] = {
	{"KEY", false, 8, 0},
	{"FINGERPRINT", false, 12, 2},
	{"MAY HAVE IT", false, 0, 0},
	{"DECIDED BY", false, 0, 0},
	{"ASKING NOW", false, 10, 1},
	{"LINE", false, 8, 3},
};

static void show_verdicts(FILE *out, const json_t *why)
{
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *one;
	char line[1024];
	size_t i;

	if (!t)
		return;
	json_array_foreach(json_object_get(why, "verdicts"), i, one)
	{
		table_add(t, field_text(one, "name"));
		table_add(t, field_text(one, "fingerprint"));
		table_add(t, field_is(one, "may") ? "yes" : "no");
		table_add(t, field_text(one, "setting"));
		table_add(t, field_text(one, "now"));
		snprintf(line, sizeof(line), "%s:%lld", field_text(one, "file"),
			field_number(one, "line"));
		table_add(t, line);
	}
	table_print(t, out);
	table_free(t);
}

void show_why(FILE *out, const json_t *why, time_t now)
{
	show_text(out, "port       ", field_text(why, "host"));
	fprintf(out, ":%lld%s\n", field_number(why, "port"),
		field_is(why, "low") ? ", which needs a right of its own here" : "");
	show_holders(out, "held by    ", json_object_get(why, "held"), now);
	show_holders(out, "standby    ", json_object_get(why, "standby"), now);
	show_others(out, why);
	show_kernel(out, why);
	if (!is_empty(why, "verdicts")) {
		fprintf(out, "\n");
		show_verdicts(out, why);
	}
	if (field_is(why, "match"))
		fprintf(out, "Match blocks for a user or an address may say otherwise.\n");
}
