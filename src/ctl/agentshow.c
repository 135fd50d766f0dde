/* SPDX-License-Identifier: ISC */
#include "ctl/agentshow.h"

#include <string.h>

#include "base/text.h"
#include "ctl/field.h"
#include "ctl/table.h"
#include "ctl/units.h"

enum { WORD = 1200, NUMBER = 32 };

static const char *word(const json_t *o, const char *key, char out[static WORD])
{
	const char *s = json_string_value(json_object_get(o, key));

	return text_printable(out, WORD, bytes_str(s && s[0] ? s : "-"));
}

static bool is(const json_t *o, const char *key, const char *value)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && strcmp(s, value) == 0;
}

struct sums {
	size_t all, up;
	long long now, ever, to_relay, from_relay;
};

static struct sums sum_up(const json_t *facts)
{
	const json_t *one;
	struct sums s = {0};
	size_t i;

	json_array_foreach(json_object_get(facts, "forwards"), i, one)
	{
		s.all++;
		s.up += is(one, "state", "up");
		s.now += field_number(one, "visitors_now");
		s.ever += field_number(one, "visitors_ever");
		s.to_relay += field_number(one, "bytes_to_relay");
		s.from_relay += field_number(one, "bytes_from_relay");
	}
	return s;
}

/* Where visitors come in, or why they cannot. */
static void show_way(FILE *out, const json_t *one)
{
	char kind[WORD], a[WORD], b[WORD];

	if (is(one, "state", "up") && !is(one, "reach", ""))
		fprintf(out, "forward    %s\n", word(one, "reach", a));
	else if (is(one, "state", "up"))
		fprintf(out, "forward    %s here leads to %s\n", word(one, "address", a),
			is(one, "target", "") ? "what callers name by SOCKS"
					      : word(one, "target", b));
	else
		fprintf(out, "forward    %s %s:%lld is %s%s%s\n", word(one, "kind", kind),
			word(one, "listen", a), field_number(one, "port"), word(one, "state", b),
			is(one, "reason", "") ? "" : ": ",
			is(one, "reason", "") ? "" : word(one, "reason", a));
}

void agentshow_status(FILE *out, const json_t *facts, time_t now)
{
	struct sums s = sum_up(facts);
	long long failed = field_number(facts, "last_error_at");
	char a[WORD], b[WORD], t[NUMBER], in[NUMBER], back[NUMBER];
	const json_t *one;
	size_t i;

	fprintf(out, "agent      %s, pid %lld, up %s\n", word(facts, "version", a),
		field_number(facts, "pid"),
		units_time((long long)now - field_number(facts, "started"), t));
	fprintf(out, "relay      %s port %lld as %s\n", word(facts, "relay", a),
		field_number(facts, "relay_port"), word(facts, "user", b));
	fprintf(out, "state      %s since %s%s%s, %lld reconnects\n", word(facts, "state", a),
		units_time((long long)now - field_number(facts, "since"), t),
		is(facts, "reason", "") ? "" : ": ",
		is(facts, "reason", "") ? "" : word(facts, "reason", b),
		field_number(facts, "reconnects"));
	if (failed > 0)
		fprintf(out, "last error %s ago: %s\n", units_time((long long)now - failed, t),
			word(facts, "last_error", a));
	fprintf(out, "forwards   %zu of %zu up\n", s.up, s.all);
	json_array_foreach(json_object_get(facts, "forwards"), i, one) show_way(out, one);
	fprintf(out, "visitors   %lld (%lld so far)\n", s.now, s.ever);
	fprintf(out, "bytes      %s to the relay, %s from it\n", units_bytes(s.to_relay, in),
		units_bytes(s.from_relay, back));
}

/* --- the table -------------------------------------------------------------------------------- */

static void add_number(struct table *t, long long n)
{
	char text[NUMBER];

	snprintf(text, sizeof(text), "%lld", n);
	table_add(t, text);
}

static void add_bytes(struct table *t, const json_t *o)
{
	char text[NUMBER];

	table_add(t, units_bytes(field_number(o, "bytes_to_relay"), text));
	table_add(t, units_bytes(field_number(o, "bytes_from_relay"), text));
}

static void add_visitors(struct table *t, const json_t *forward, time_t now)
{
	const json_t *one;
	char a[WORD], b[WORD + 2], age[NUMBER];
	size_t i;

	json_array_foreach(json_object_get(forward, "visitors"), i, one)
	{
		snprintf(b, sizeof(b), "  %s", word(one, "from", a));
		table_add(t, "");
		table_add(t, b);
		table_add(t, word(one, "to", a));
		table_add(t, units_time((long long)now - field_number(one, "since"), age));
		table_add(t, "");
		add_bytes(t, one);
	}
}

static void add_forward(struct table *t, const json_t *one, time_t now)
{
	bool is_up = is(one, "state", "up");
	char a[WORD], place[WORD + NUMBER];

	if (is_up || field_number(one, "port") == 0)
		snprintf(place, sizeof(place), "%s", word(one, is_up ? "address" : "listen", a));
	else
		snprintf(place, sizeof(place), "%s:%lld", word(one, "listen", a),
			field_number(one, "port"));
	table_add(t, word(one, "kind", a));
	table_add(t, place);
	table_add(t, is(one, "target", "") ? "by SOCKS" : word(one, "target", a));
	table_add(t, word(one, "state", a));
	add_number(t, field_number(one, "visitors_now"));
	add_bytes(t, one);
	add_visitors(t, one, now);
}

void agentshow_ls(FILE *out, const json_t *facts, time_t now)
{
	static const struct table_column columns[] = {{"KIND", false, 0, 1},
		{"VISITORS COME TO", false, 12, 0}, {"AND REACH", false, 8, 0},
		{"STATE", false, 0, 0}, {"NOW", true, 0, 2}, {"TO RELAY", true, 0, 0},
		{"FROM RELAY", true, 0, 0}};
	struct table *t = table_new(columns, sizeof(columns) / sizeof(*columns));
	const json_t *forwards = json_object_get(facts, "forwards"), *one;
	char a[WORD], b[WORD];
	size_t i;

	if (!t)
		return;
	if (!is(facts, "state", "up"))
		fprintf(out, "%s: %s\n", word(facts, "state", a), word(facts, "reason", b));
	json_array_foreach(forwards, i, one) add_forward(t, one, now);
	if (json_array_size(forwards) == 0)
		fprintf(out, "no forward is asked for\n");
	else
		table_print(t, out);
	if (!table_is_whole(t))
		fprintf(out, "(memory was too short for the rest)\n");
	table_free(t);
}

void agentshow_line(FILE *out, const json_t *facts, time_t now)
{
	struct sums s = sum_up(facts);
	char a[WORD], b[WORD], when[NUMBER] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	fprintf(out, "%s  %s%s%s, %zu of %zu forwards up, %lld visitors (%lld so far)\n", when,
		word(facts, "state", a), is(facts, "reason", "") ? "" : ": ",
		is(facts, "reason", "") ? "" : word(facts, "reason", b), s.up, s.all, s.now,
		s.ever);
}
