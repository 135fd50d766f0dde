/* SPDX-License-Identifier: ISC */
#include "ctl/agent.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "bridge/ctltalk.h"
#include "ctl/agentshow.h"

enum { CODE_NOT_UP = 1, CODE_USAGE = 2, CODE_NOBODY = 3, TIMEOUT_MS = 5000 };

#define SYSTEM_FOLDER "/run/sallyport"
#define PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)

enum agent_command { AGENT_NONE, AGENT_STATUS, AGENT_LS, AGENT_WATCH };

static enum agent_command find_command(const char *word)
{
	static const char *const words[] = {
		[AGENT_STATUS] = "status", [AGENT_LS] = "ls", [AGENT_WATCH] = "watch"};

	for (unsigned i = AGENT_STATUS; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum agent_command)i;
	return AGENT_NONE;
}

/* --- which socket ----------------------------------------------------------------------------- */

/* "<folder>/sallyport/<name>/control" of the user's and of the system's service manager. */
static bool make_path(char out[static PATH_SIZE], bool is_users, const char *name)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int n;

	if (is_users && (!runtime || runtime[0] != '/'))
		return false;
	if (is_users)
		n = snprintf(out, PATH_SIZE, "%s/sallyport/%s/control", runtime, name);
	else
		n = snprintf(out, PATH_SIZE, SYSTEM_FOLDER "/%s/control", name);
	return n > 0 && (size_t)n < PATH_SIZE;
}

static int find_only(char out[static PATH_SIZE])
{
	glob_t found = {0};
	int code = 0;

	for (int is_users = 1; is_users >= 0; is_users--)
		if (make_path(out, is_users, "*"))
			glob(out, found.gl_pathc > 0 ? GLOB_APPEND : 0, NULL, &found);
	if (found.gl_pathc == 1 && strlen(found.gl_pathv[0]) < PATH_SIZE) {
		strcpy(out, found.gl_pathv[0]);
	} else if (found.gl_pathc == 0) {
		fprintf(stderr, "sallyctl: no agent of a service has its socket in "
				"$XDG_RUNTIME_DIR/sallyport or " SYSTEM_FOLDER
				": say which, as in --agent PATH\n");
		code = CODE_NOBODY;
	} else {
		fprintf(stderr,
			"sallyctl: there are several agents: say which, as in --agent PATH\n");
		for (size_t i = 0; i < found.gl_pathc; i++)
			fprintf(stderr, "  %s\n", found.gl_pathv[i]);
		code = CODE_USAGE;
	}
	globfree(&found);
	return code;
}

static int find_socket(const char *which, char out[static PATH_SIZE])
{
	if (!which)
		return find_only(out);
	if (!strchr(which, '/')) {
		for (int is_users = 1; is_users >= 0; is_users--)
			if (make_path(out, is_users, which) && access(out, F_OK) == 0)
				return 0;
		fprintf(stderr, "sallyctl: no agent is called %s: there is no %s\n", which, out);
		return CODE_NOBODY;
	}
	if (strlen(which) >= PATH_SIZE) {
		fprintf(stderr, "sallyctl: %s: path too long for a socket\n", which);
		return CODE_USAGE;
	}
	strcpy(out, which);
	return 0;
}

/* --- what it says ----------------------------------------------------------------------------- */

static int nobody(const char *path, const char *why)
{
	fprintf(stderr, "sallyctl: no agent answers at %s: %s\n", path, why);
	return CODE_NOBODY;
}

static enum err read_facts(const struct ctlmsg *m, json_t **facts, struct fault *f)
{
	json_error_t why;

	*facts = NULL;
	if (m->type == CTLMSG_INFO_REPLY && m->number == 1)
		*facts = json_loadb(
			(const char *)m->text.ptr, m->text.len, JSON_REJECT_DUPLICATES, &why);
	if (json_is_object(*facts))
		return E_OK;
	json_decref(*facts);
	return fault_set(f, E_FORMAT, 0, "what it says are no facts");
}

static bool is_fine(const json_t *facts)
{
	const char *state = json_string_value(json_object_get(facts, "state"));

	return state && strcmp(state, "up") == 0 && json_is_true(json_object_get(facts, "ready"));
}

static int show(const struct agent_options *o, enum agent_command command, const json_t *facts)
{
	if (o->is_json) {
		json_dumpf(facts, stdout, command == AGENT_WATCH ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	} else if (command == AGENT_STATUS) {
		agentshow_status(stdout, facts, time(NULL));
	} else if (command == AGENT_LS) {
		agentshow_ls(stdout, facts, time(NULL));
	} else {
		agentshow_line(stdout, facts, time(NULL));
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		return CODE_NOT_UP;
	return command == AGENT_STATUS && !is_fine(facts) ? CODE_NOT_UP : 0;
}

/* One answer, or all that come. */
static int converse(const struct agent_options *o, enum agent_command command, struct ctltalk *t,
	const char *path)
{
	struct ctlmsg ask = {.type = CTLMSG_INFO,
			      .text = bytes_str(
				      command == AGENT_WATCH ? CTLMSG_WATCH : CTLMSG_STATUS)},
		      m;
	struct fault f = {0};
	enum err e = ctltalk_ask(t, &ask, TIMEOUT_MS, &m, &f);
	json_t *facts;
	int code = 0;

	while (e == E_OK) {
		e = read_facts(&m, &facts, &f);
		if (e != E_OK)
			break;
		code = show(o, command, facts);
		json_decref(facts);
		if (command != AGENT_WATCH || code != 0)
			return code;
		e = ctltalk_hear(t, 0, &m, &f);
	}
	return nobody(path, e == E_CLOSED ? "it hung up" : f.text);
}

static int run(const struct agent_options *o, enum agent_command command)
{
	char path[PATH_SIZE];
	struct ctltalk t;
	struct fault f = {0};
	int code = find_socket(o->which, path);

	if (code != 0)
		return code;
	if (ctltalk_open(&t, path, TIMEOUT_MS, &f) != E_OK)
		return nobody(path, f.text);
	code = t.has_ours
		       ? converse(o, command, &t, path)
		       : nobody(path, "what answers there is a master of ssh, which has no facts");
	ctltalk_close(&t);
	return code;
}

int agent_main(struct agent_options *o)
{
	enum agent_command command = o->count > 0 ? find_command(o->words[0]) : AGENT_NONE;

	if (command == AGENT_NONE && !o->which && o->count > 1) {
		o->which = *o->words++;
		o->count--;
		command = find_command(o->words[0]);
	}
	if (command != AGENT_NONE && o->count == 1)
		return run(o, command);
	if (o->count > 1 && command != AGENT_NONE)
		fprintf(stderr, "sallyctl: extra argument '%s'\n", o->words[1]);
	else if (o->count > 0)
		fprintf(stderr, "sallyctl: unknown command '%s'\n", o->words[0]);
	fprintf(stderr, "usage: sallyctl --agent[=PATH] [--json] command\n"
			"  status           is it up, since when, what is missing\n"
			"  ls               its forwards and their visitors\n"
			"  watch            the same whenever something changes\n");
	return CODE_USAGE;
}
