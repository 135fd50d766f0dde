/* SPDX-License-Identifier: ISC */
#include "ctl/show.h"

#include <string.h>

#include "base/text.h"

enum { WORD = 160, LIST = 512 };

static const char *word(const json_t *o, const char *key, char out[static WORD])
{
	const char *s = json_string_value(json_object_get(o, key));

	return text_printable(out, WORD, bytes_str(s && s[0] ? s : "-"));
}

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* 0 B, 1023 B, 1.0 KiB, 12.3 GiB */
static const char *bytes_text(long long n, char out[static 32])
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double v = (double)n;
	size_t i = 0;

	while (v >= 1024 && i + 1 < sizeof(unit) / sizeof(unit[0])) {
		v /= 1024;
		i++;
	}
	snprintf(out, 32, i == 0 ? "%.0f %s" : "%.1f %s", v, unit[i]);
	return out;
}

/* 7s, 3m 20s, 5h 03m, 12d 04h */
static const char *time_text(long long s, char out[static 32])
{
	if (s < 0)
		s = 0;
	if (s < 60)
		snprintf(out, 32, "%llds", s);
	else if (s < 3600)
		snprintf(out, 32, "%lldm %02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, 32, "%lldh %02lldm", s / 3600, s % 3600 / 60);
	else
		snprintf(out, 32, "%lldd %02lldh", s / 86400, s % 86400 / 3600);
	return out;
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
		number(status, "pid"), time_text(number(status, "uptime_s"), t));
	fprintf(out, "listening  %s\n",
		json_is_true(json_object_get(status, "draining")) ? "no more: it drains"
		: listen[0]					  ? listen
								  : "-");
	json_array_foreach(json_object_get(status, "host_keys"), i, one) fprintf(
		out, "host key   %s %s\n", word(one, "type", a), word(one, "fingerprint", b));
	fprintf(out, "agents     %lld (%lld logins so far, %lld connections before login)\n",
		number(counts, "agents"), number(counts, "logins_ever"),
		number(counts, "before_login"));
	fprintf(out, "forwards   %lld\n", number(counts, "forwards"));
	fprintf(out, "visitors   %lld (%lld so far)\n", number(counts, "visitors"),
		number(counts, "visitors_ever"));
	fprintf(out, "bytes      %s in, %s out\n", bytes_text(number(counts, "bytes_in"), in),
		bytes_text(number(counts, "bytes_out"), back));
	if (number(counts, "dropped_ever") > 0)
		fprintf(out, "dropped    %lld connections by MaxStartups\n",
			number(counts, "dropped_ever"));
}

static void show_visitor(FILE *out, const json_t *v, time_t now)
{
	char from[WORD], t[32], in[32], back[32];

	fprintf(out, "      visitor %-28s %8s  %10s in %10s out\n", word(v, "from", from),
		time_text((long long)now - number(v, "since"), t),
		bytes_text(number(v, "bytes_in"), in), bytes_text(number(v, "bytes_out"), back));
}

static void show_forward(FILE *out, const json_t *f, time_t now)
{
	char a[WORD], one_text[WORD + 16], in[32], back[32], bound[LIST] = "";
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(f, "bound"), i, one)
	{
		const char *address = word(one, "address", a);
		bool is_v6 = strchr(address, ':') != NULL;

		snprintf(one_text, sizeof(one_text), "%s%s%s:%lld", is_v6 ? "[" : "", address,
			is_v6 ? "]" : "", number(one, "port"));
		add(bound, " ", one_text);
	}
	fprintf(out, "   port %-6lld %-34s %lld visitors (%lld so far)  %10s in %10s out\n",
		number(f, "port"),
		json_is_true(json_object_get(f, "standby")) ? "stands by"
		: bound[0]				    ? bound
							    : "closed, visitors stay",
		number(f, "visitors_now"), number(f, "visitors_ever"),
		bytes_text(number(f, "bytes_in"), in), bytes_text(number(f, "bytes_out"), back));
	json_array_foreach(json_object_get(f, "visitors"), i, one) show_visitor(out, one, now);
}

static void show_agent(FILE *out, const json_t *agent, time_t now)
{
	char user[WORD], key[WORD], fp[WORD], peer[WORD], t[32], in[32], back[32], rtt[32] = "-";
	double ms = json_number_value(json_object_get(agent, "rtt_ms"));
	const json_t *one;
	size_t i;

	if (ms >= 0)
		snprintf(rtt, sizeof(rtt), "%.1f ms", ms);
	fprintf(out, "%s#%lld  key %s  %s\n", word(agent, "user", user), number(agent, "number"),
		word(agent, "key", key), word(agent, "fingerprint", fp));
	fprintf(out, "   from %s  since %s  rtt %s  %s in  %s out\n", word(agent, "peer", peer),
		time_text((long long)now - number(agent, "since"), t), rtt,
		bytes_text(number(agent, "bytes_in"), in),
		bytes_text(number(agent, "bytes_out"), back));
	json_array_foreach(json_object_get(agent, "forwards"), i, one) show_forward(out, one, now);
}

void show_ls(FILE *out, const json_t *ls, time_t now)
{
	const json_t *agents = json_object_get(ls, "agents"), *one;
	char key[WORD];
	size_t i;

	if (json_array_size(agents) == 0)
		fprintf(out, "no agent is connected\n");
	json_array_foreach(agents, i, one) show_agent(out, one, now);
	json_array_foreach(json_object_get(ls, "leases"), i, one) fprintf(out,
		"port %lld is kept for key %s, whose connection was lost, for %lld s more\n",
		number(one, "port"), word(one, "fingerprint", key),
		(number(one, "left_ms") + 999) / 1000);
}

/* --- what was done ---------------------------------------------------------------------------- */

void show_kicked(FILE *out, const json_t *answer, time_t now)
{
	char user[WORD], key[WORD], peer[WORD];
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(answer, "kicked"), i, one)
		fprintf(out, "sent away: %s#%lld  key %s  from %s\n", word(one, "user", user),
			number(one, "number"), word(one, "key", key), word(one, "peer", peer));
}

void show_closed(FILE *out, const json_t *answer, time_t now)
{
	const json_t *closed = json_object_get(answer, "closed");

	fprintf(out, "closed: %lld forwards, %lld visitors, %lld leases\n",
		number(closed, "forwards"), number(closed, "visitors"), number(closed, "leases"));
}

void show_reloaded(FILE *out, const json_t *answer, time_t now)
{
	char path[WORD], trouble[WORD];
	const json_t *one;
	size_t i;

	fprintf(out, "the configuration is in force\n");
	json_array_foreach(json_object_get(answer, "files"), i, one)
	{
		fprintf(out, "%s: %lld keys", word(one, "path", path), number(one, "keys"));
		if (number(one, "bad_lines") > 0)
			fprintf(out, ", %lld bad lines (see the log)", number(one, "bad_lines"));
		if (strcmp(word(one, "trouble", trouble), "-") != 0)
			fprintf(out, ", but: %s", trouble);
		fprintf(out, "\n");
	}
}

void show_draining(FILE *out, const json_t *answer, time_t now)
{
	char t[32];

	fprintf(out, "draining: %lld visitors", number(answer, "visitors"));
	if (number(answer, "limit_s") > 0)
		fprintf(out, ", for %s at most", time_text(number(answer, "limit_s"), t));
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
			number(line, "missed"));
		return;
	}
	word(line, "time", at);
	fprintf(out, "%.8s  %-15s  %s:%lld", strlen(at) > 19 ? at + 11 : at,
		word(line, "event", event), word(line, "address", address), number(line, "port"));
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
