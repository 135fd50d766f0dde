/* SPDX-License-Identifier: ISC */
#include "ctl/keys.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/field.h"
#include "ctl/table.h"
#include "ctl/units.h"

static const struct table_column columns[] = {
	{"KEY", false, 8, 0},
	{"FINGERPRINT", false, 12, 1},
	{"SESSIONS", false, 4, 0},
	{"PORTS", false, 6, 0},
	{"OPTIONS", false, 12, 3},
	{"LINE", false, 8, 2},
};

/* --- whose ports, whose sessions -------------------------------------------------------------- */

static bool is_of(const json_t *o, const json_t *key)
{
	return strcmp(field_text(o, "fingerprint"), field_text(key, "fingerprint")) == 0;
}

/* Each port once, whatever number of connections asked for it. */
static void add_number(json_t *list, long long n)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) if (json_integer_value(one) == n) return;
	json_array_append_new(list, json_integer(n));
}

static void merge_one(json_t *key, const json_t *ls, const json_t *reserved)
{
	json_t *sessions = json_array(), *ports = json_array(), *kept = json_array();
	const json_t *one, *forward;
	size_t i, j;

	json_array_foreach(json_object_get(ls, "agents"), i, one)
	{
		if (!is_of(one, key))
			continue;
		json_array_append_new(sessions, json_integer(field_number(one, "number")));
		json_array_foreach(
			json_object_get(one, "forwards"), j, forward) if (field_is(forward, "open"))
			add_number(ports, field_number(forward, "port"));
	}
	json_array_foreach(json_object_get(ls, "leases"), i, one) if (is_of(one, key))
		add_number(ports, field_number(one, "port"));
	json_array_foreach(json_object_get(reserved, "reserved"), i, one) if (is_of(one, key))
		add_number(kept, field_number(one, "port"));
	json_object_set_new(key, "sessions", sessions);
	json_object_set_new(key, "ports", ports);
	json_object_set_new(key, "reserved", kept);
}

void keys_merge(json_t *keys, json_t *const also[])
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(keys, "keys"), i, one) if (json_is_object(one))
		merge_one(one, also[0], also[1]);
}

/* --- words ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3))) static void say(
	char out[static KEYS_WORDS_MAX], const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list args;

	if (used > 0 && used + 2 < KEYS_WORDS_MAX)
		used += (size_t)snprintf(out + used, KEYS_WORDS_MAX - used, "; ");
	va_start(args, fmt);
	vsnprintf(out + used, KEYS_WORDS_MAX - used, fmt, args);
	va_end(args);
}

static void say_list(char out[static KEYS_WORDS_MAX], const char *before, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *text = json_string_value(one);
		size_t used = strlen(out);

		if (i == 0)
			say(out, "%s %s", before, text ? text : "-");
		else
			snprintf(out + used, KEYS_WORDS_MAX - used, ", %s", text ? text : "-");
	}
}

static void say_if(char out[static KEYS_WORDS_MAX], const char *before, const json_t *key,
	const char *member, const char *after)
{
	const char *text = json_string_value(json_object_get(key, member));

	if (text && text[0])
		say(out, "%s%s%s", before, text, after);
}

static void say_expiry(char out[static KEYS_WORDS_MAX], time_t expires, time_t now)
{
	char text[64];
	struct tm t;

	if (expires == 0)
		return;
	if (!localtime_r(&expires, &t) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &t) == 0)
		return;
	say(out, "%s %s", expires < now ? "has expired at" : "good until", text);
}

const char *keys_words(const json_t *key, time_t now, char out[static KEYS_WORDS_MAX])
{
	const json_t *permits = json_object_get(key, "permitlisten");
	char text[UNITS_TEXT];

	out[0] = '\0';
	say_if(out, "may not log in: ", key, "refused", "");
	if (field_is(key, "cert_authority"))
		say(out, "is no key but signs certificates");
	if (!field_is(key, "port_forwarding"))
		say(out, "may open no port");
	else if (json_array_size(permits) > 0)
		say_list(out, "may open", permits);
	say_expiry(out, (time_t)field_number(key, "expires"), now);
	say_if(out, "logs in from ", key, "from", " only");
	say_if(out, "visitors from ", key, "visitors_from", " only");
	if (field_number(key, "max_forwards") > 0)
		say(out, "%lld ports at most", field_number(key, "max_forwards"));
	if (field_number(key, "max_visitors") > 0)
		say(out, "%lld visitors at most", field_number(key, "max_visitors"));
	if (field_number(key, "rate") > 0)
		say(out, "%s each way", units_rate(field_number(key, "rate"), text));
	say_if(out, "takeover ", key, "takeover", "");
	return out;
}

/* --- the table -------------------------------------------------------------------------------- */

/* "#1 #3" */
static const char *numbers(const json_t *list, const char *sign, char *out, size_t cap)
{
	const json_t *one;
	size_t i, used = strlen(out);

	json_array_foreach(list, i, one)
	{
		if (used < cap)
			used += (size_t)snprintf(out + used, cap - used, "%s%s%lld",
				used > 0 ? " " : "", sign, (long long)json_integer_value(one));
	}
	return out;
}

static void add_key(struct table *t, const json_t *key, time_t now)
{
	char sessions[1024] = "", ports[2048] = "", words[KEYS_WORDS_MAX], line[1024];
	const json_t *reserved = json_object_get(key, "reserved"), *one;
	json_t *waiting = json_array();
	size_t i, j;

	/* Those it does not hold just now. */
	json_array_foreach(reserved, i, one)
	{
		const json_t *held;
		bool is_held = false;

		json_array_foreach(json_object_get(key, "ports"), j, held) is_held =
			is_held || json_equal(held, one);
		if (!is_held)
			json_array_append(waiting, (json_t *)one);
	}
	numbers(json_object_get(key, "ports"), "", ports, sizeof(ports));
	if (json_array_size(waiting) > 0) {
		size_t used = strlen(ports);

		snprintf(ports + used, sizeof(ports) - used, "%sreserved:", used > 0 ? " " : "");
		numbers(waiting, "", ports, sizeof(ports));
	}
	json_decref(waiting);
	table_add(t, field_text(key, "name"));
	table_add(t, field_text(key, "fingerprint"));
	table_add(t, numbers(json_object_get(key, "sessions"), "#", sessions, sizeof(sessions)));
	table_add(t, ports);
	table_add(t, keys_words(key, now, words));
	snprintf(line, sizeof(line), "%s:%lld", field_text(key, "file"), field_number(key, "line"));
	table_add(t, line);
}

void show_keys(FILE *out, const json_t *keys, time_t now)
{
	struct table *t = table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *all = json_object_get(keys, "keys"), *one;
	size_t i;

	if (!t)
		return;
	json_array_foreach(all, i, one) add_key(t, one, now);
	if (json_array_size(all) == 0)
		fprintf(out, "no key is known\n");
	else
		table_print(t, out);
	table_free(t);
}
