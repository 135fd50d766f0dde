/* SPDX-License-Identifier: ISC */
#include "relay/command.h"

#include <string.h>

#include "base/text.h"
#include "relay/report.h"
#include "relay/steer.h"

struct command {
	const char *name;
	const char *argument; /* its member in the request; NULL: it takes none */
	bool may_lack;
	json_t *(*answer)(struct relay *r, const char *argument, bool *watches);
};

static json_t *do_status(struct relay *r, const char *none, bool *watches)
{
	return report_status(r);
}

static json_t *do_ls(struct relay *r, const char *depth, bool *watches)
{
	gauge_look(r);
	if (depth && strcmp(depth, "forwards") != 0 && strcmp(depth, "visitors") != 0)
		return json_pack("{ss}", "error", "ls: depth is forwards or visitors");
	return report_ls(
		r, depth && strcmp(depth, "forwards") == 0 ? REPORT_FORWARDS : REPORT_VISITORS);
}

static json_t *do_reserved(struct relay *r, const char *none, bool *watches)
{
	return report_reserved(r);
}

static json_t *do_watch(struct relay *r, const char *none, bool *watches)
{
	*watches = true;
	return json_pack("{sb}", "watching", true);
}

static json_t *do_kick(struct relay *r, const char *agent, bool *watches)
{
	return steer_kick(r, agent);
}

static json_t *do_close(struct relay *r, const char *what, bool *watches)
{
	return steer_close(r, what);
}

/* The supervisor has read and told all before it asked. */
static json_t *do_reload(struct relay *r, const char *none, bool *watches)
{
	return json_pack("{sb}", "reloaded", true);
}

static json_t *do_drain(struct relay *r, const char *time, bool *watches)
{
	uint64_t ms = 0;

	if (time && !text_to_time_ms(bytes_str(time), &ms))
		return json_pack("{ss}", "error", "drain: no time that sshd_config would take");
	return steer_drain(r, ms);
}

static const struct command commands[] = {
	{"status", NULL, false, do_status},
	{"ls", "depth", true, do_ls},
	{"reserved", NULL, false, do_reserved},
	{"watch", NULL, false, do_watch},
	{"kick", "agent", false, do_kick},
	{"close", "what", false, do_close},
	{"reload", NULL, false, do_reload},
	{"drain", "time", true, do_drain},
};

static json_t *run(struct relay *r, const struct command *c, const json_t *request, bool *watches)
{
	const char *argument = NULL;
	char text[80];

	if (c->argument)
		argument = json_string_value(json_object_get(request, c->argument));
	if (c->argument && !c->may_lack && (!argument || !argument[0])) {
		snprintf(text, sizeof(text), "%s: the member \"%s\" is wanted, as a string",
			c->name, c->argument);
		return json_pack("{ss}", "error", text);
	}
	return c->answer(r, argument, watches);
}

json_t *command_answer(struct relay *r, struct bytes line, bool *watches)
{
	json_error_t why;
	json_t *request =
		json_loadb((const char *)line.ptr, line.len, JSON_REJECT_DUPLICATES, &why);
	const char *cmd = json_string_value(json_object_get(request, "cmd"));
	json_t *answer = NULL;
	bool is_known = false;

	*watches = false;
	for (size_t i = 0; cmd && !is_known && i < sizeof(commands) / sizeof(commands[0]); i++) {
		is_known = strcmp(cmd, commands[i].name) == 0;
		if (is_known)
			answer = run(r, &commands[i], request, watches);
	}
	if (!request)
		answer = json_pack("{ss+}", "error", "not a JSON object: ", why.text);
	else if (!cmd)
		answer = json_pack("{ss}", "error", "a request has a cmd");
	else if (!is_known)
		answer = json_pack("{ss}", "error",
			"unknown cmd: status, ls, reserved, keys, why, watch, kick, close, reload "
			"and "
			"drain are known");
	json_decref(request);
	return answer;
}
