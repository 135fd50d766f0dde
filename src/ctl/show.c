/* SPDX-License-Identifier: ISC */
#include "ctl/show.h"

#include <string.h>

#include "base/text.h"
#include "ctl/field.h"
#include "ctl/units.h"

enum { WORD = 160, LIST = 512 };

static const char *word(const json_t *o, const char *key, char out[static WORD])
{
	const char *s = json_string_value(json_object_get(o, key));

	return text_printable(out, WORD, bytes_str(s && s[0] ? s : "-"));
}

static void add(char out[static LIST], const char *separator, const char *text)
{
	size_t used = strlen(out);

	snprintf(out + used, LIST - used, "%s%s", used > 0 ? separator : "", text);
}

void show_status(FILE *out, const json_t *status, time_t now)
{
	const json_t *counts = json_object_get(status, "counts"), *one;
	char a[WORD], b[WORD], t[32], in[32], back[32], listen[LIST] = "";
	size_t i;

	json_array_foreach(json_object_get(status, "listen"), i, one)
	{
		const char *s = json_string_value(one);

		add(listen, " ", text_printable(a, sizeof(a), bytes_str(s ? s : "-")));
	}
	fprintf(out, "relay      %s, pid %lld, up %s\n", word(status, "version", a),
		field_number(status, "pid"), units_time(field_number(status, "uptime_s"), t));
	fprintf(out, "listening  %s\n",
		json_is_true(json_object_get(status, "draining")) ? "no more: it drains"
		: listen[0]					  ? listen
								  : "-");
	json_array_foreach(json_object_get(status, "host_keys"), i, one) fprintf(
		out, "host key   %s %s\n", word(one, "type", a), word(one, "fingerprint", b));
	fprintf(out, "agents     %lld (%lld logins so far, %lld connections before login)\n",
		field_number(counts, "agents"), field_number(counts, "logins_ever"),
		field_number(counts, "before_login"));
	fprintf(out, "forwards   %lld\n", field_number(counts, "forwards"));
	fprintf(out, "visitors   %lld (%lld so far)\n", field_number(counts, "visitors"),
		field_number(counts, "visitors_ever"));
	fprintf(out, "bytes      %s in, %s out\n",
		units_bytes(field_number(counts, "bytes_in"), in),
		units_bytes(field_number(counts, "bytes_out"), back));
	if (field_number(counts, "dropped_ever") > 0)
		fprintf(out, "dropped    %lld connections by MaxStartups\n",
			field_number(counts, "dropped_ever"));
}

/* --- what was done ---------------------------------------------------------------------------- */

void show_kicked(FILE *out, const json_t *answer, time_t now)
{
	char user[WORD], key[WORD], peer[WORD];
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "kicked"), i, one) fprintf(out,
		"sent away: %s#%lld  key %s  from %s\n", word(one, "user", user),
		field_number(one, "number"), word(one, "key", key), word(one, "peer", peer));
}

void show_closed(FILE *out, const json_t *answer, time_t now)
{
	const json_t *closed = json_object_get(answer, "closed");

	fprintf(out, "closed: %lld forwards, %lld visitors, %lld leases\n",
		field_number(closed, "forwards"), field_number(closed, "visitors"),
		field_number(closed, "leases"));
}

void show_reloaded(FILE *out, const json_t *answer, time_t now)
{
	char path[WORD], trouble[WORD];
	const json_t *one;
	size_t i;

	fprintf(out, "the configuration is in force\n");
	json_array_foreach(json_object_get(answer, "files"), i, one)
	{
		fprintf(out, "%s: %lld keys", word(one, "path", path), field_number(one, "keys"));
		if (field_number(one, "bad_lines") > 0)
			fprintf(out, ", %lld bad lines (see the log)",
				field_number(one, "bad_lines"));
		if (strcmp(word(one, "trouble", trouble), "-") != 0)
			fprintf(out, ", but: %s", trouble);
		fprintf(out, "\n");
	}
}

void show_draining(FILE *out, const json_t *answer, time_t now)
{
	char t[32];

	fprintf(out, "draining: %lld visitors", field_number(answer, "visitors"));
	if (field_number(answer, "limit_s") > 0)
		fprintf(out, ", for %s at most", units_time(field_number(answer, "limit_s"), t));
	fprintf(out, "\n");
}

/* --- what happens ----------------------------------------------------------------------------- */

/* 09:30:00  visitor  198.51.100.7:40222  forward 2222, key lab-7, ... */
void show_record(FILE *out, const json_t *line)
{
	char at[WORD], event[WORD], address[WORD], text[WORD];
	const char *separator = "  ", *name;
	json_t *value;

	if (json_object_get(line, "missed")) {
		fprintf(out, "%lld records were missed: this terminal was too slow\n",
			field_number(line, "missed"));
		return;
	}
	word(line, "time", at);
	fprintf(out, "%.8s  %-15s  %s:%lld", strlen(at) > 19 ? at + 11 : at,
		word(line, "event", event), word(line, "address", address),
		field_number(line, "port"));
	json_object_foreach((json_t *)line, name, value)
	{
		if (strcmp(name, "time") == 0 || strcmp(name, "event") == 0 ||
			strcmp(name, "address") == 0 || strcmp(name, "port") == 0)
			continue;
		fprintf(out, "%s%s ", separator,
			text_printable(text, sizeof(text), bytes_str(name)));
		if (json_is_string(value))
			fprintf(out, "%s", word(line, name, text));
		else if (json_is_real(value))
			fprintf(out, "%.3f", json_real_value(value));
		else
			fprintf(out, "%lld", (long long)json_integer_value(value));
		separator = ", ";
	}
	fprintf(out, "\n");
}
