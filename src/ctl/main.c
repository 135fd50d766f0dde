/* SPDX-License-Identifier: ISC */
/*
 * sallyctl: asks a running relay. Exit codes: 0 fine, 1 the relay says no, 2 used wrongly, 3 no
 * relay is there.
 */
#include <getopt.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/places.h"
#include "ctl/agent.h"
#include "ctl/ask.h"
#include "ctl/keys.h"
#include "ctl/ls.h"
#include "ctl/show.h"
#include "ctl/top.h"
#include "ctl/why.h"
#include "wire/msgs.h"

enum { EXIT_NO = 1, EXIT_USAGE = 2, EXIT_NO_RELAY = 3, ALSO_MAX = 2 };

struct options {
	const char *socket; /* NULL: where a relay of this user has it */
	bool is_json, is_version, is_agent;
	const char *agent; /* NULL: it was not said which */
	const struct command *command;
	const char *argument; /* NULL: none */
};

/* argument: how it is called in the request. */
struct command {
	const char *name, *argument;
	bool may_lack;
	const char *usage, *what;
	void (*show)(FILE *out, const json_t *answer, time_t now);
	/* More requests, whose answers become part of that to the first. */
	const char *also[ALSO_MAX];
	void (*merge)(json_t *answer, json_t *const also[]);
	int (*run)(const struct options *o); /* instead of all that */
};

static int run_watch(const struct options *o);
static int run_top(const struct options *o);

static const struct command commands[] = {
	{"status", .show = show_status, .usage = "status", .what = "version, age, counts"},
	{"ls", .show = show_ls, .usage = "ls",
		.what = "agents, their ports, visitors, and what limits them"},
	{"keys", .show = show_keys, .also = {"ls", "reserved"}, .merge = keys_merge,
		.usage = "keys", .what = "keys, what each may and what it does"},
	{"why", "port", .show = show_why, .also = {"ls", "reserved"}, .merge = why_merge,
		.usage = "why [HOST:]PORT", .what = "who has a port, and who could get it"},
	{"top", .run = run_top, .usage = "top", .what = "the same as it moves"},
	{"watch", .run = run_watch, .usage = "watch", .what = "what happens, as it happens"},
	{"kick", "agent", .show = show_kicked, .usage = "kick AGENT",
		.what = "end its connection: a number, or a key"},
	{"close", "what", .show = show_closed, .usage = "close WHAT",
		.what = "a port with its visitors, or one visitor"},
	{"reload", .show = show_reloaded, .usage = "reload",
		.what = "read configuration and keys again"},
	{"drain", "time", true, .show = show_draining, .usage = "drain [TIME]",
		.what = "let nobody in, end with the last visitor"},
};

static int tell_usage(void)
{
	fprintf(stderr, "usage: sallyctl [-s socket] [--json] command\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "  %-16s %s\n", commands[i].usage, commands[i].what);
	fprintf(stderr, "       sallyctl --agent[=PATH] [--json] status | ls | watch\n");
	return EXIT_USAGE;
}

static const struct command *find_command(const char *word)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(word, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static bool parse_command(struct options *o, int count, char **word)
{
	o->command = find_command(word[0]);
	if (!o->command) {
		fprintf(stderr, "sallyctl: unknown command '%s'\n", word[0]);
		return false;
	}
	if (o->command->argument && count > 1)
		o->argument = word[1];
	if (o->command->argument && !o->command->may_lack && !o->argument)
		fprintf(stderr, "sallyctl: %s wants to know which\n", word[0]);
	else if (count > (o->argument ? 2 : 1))
		fprintf(stderr, "sallyctl: extra argument '%s'\n", word[o->argument ? 2 : 1]);
	else
		return true;
	return false;
}

static bool parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
		{"socket", required_argument, NULL, 's'}, {"version", no_argument, NULL, 'V'},
		{"agent", optional_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "s:jV", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'j':
			o->is_json = true;
			break;
		case 'a':
			o->is_agent = true;
			o->agent = optarg;
			break;
		case 'V':
			o->is_version = true;
			return true;
		default:
			return false;
		}
	}
	if (o->is_agent)
		return true;
	if (optind == argc)
		return false;
	return parse_command(o, argc - optind, argv + optind);
}

static const char *default_socket(struct places *places)
{
	struct places_of of = {.is_root = geteuid() == 0,
		.home = getenv("HOME"),
		.state_home = getenv("XDG_STATE_HOME"),
		.config_home = getenv("XDG_CONFIG_HOME")};
	struct fault f = {0};

	if (!of.home || of.home[0] != '/') {
		const struct passwd *pw = getpwuid(geteuid());

		of.home = pw ? pw->pw_dir : NULL;
	}
	if (places_make(&of, places, &f) == E_OK)
		return places->socket;
	fprintf(stderr, "sallyctl: %s\n", f.text);
	return NULL;
}

/* What was written has arrived, as far as one can know. */
static bool flush_out(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

static bool show_line(void *ctx, json_t *line)
{
	const struct options *o = ctx;

	if (json_object_get(line, "watching"))
		return true;
	if (o->is_json) {
		json_dumpf(line, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		show_record(stdout, line);
	}
	return flush_out();
}

static int show(const struct options *o, const json_t *answer)
{
	if (o->is_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		o->command->show(stdout, answer, time(NULL));
	}
	return flush_out() ? 0 : EXIT_NO;
}

static int complain(enum err e, const struct fault *f)
{
	fprintf(stderr, "sallyctl: %s\n", f->text);
	return e == E_DENIED ? EXIT_NO : EXIT_NO_RELAY;
}

/* Without the visitors, each of whom costs the relay a moment. */
static json_t *request_of(const char *name)
{
	bool is_ls = strcmp(name, "ls") == 0;

	return json_pack("{ss ss*}", "cmd", name, "depth", is_ls ? "forwards" : NULL);
}

static enum err ask_also(const struct options *o, json_t *answer, struct fault *f)
{
	json_t *also[ALSO_MAX] = {NULL};
	enum err e = E_OK;

	for (size_t i = 0; i < ALSO_MAX && o->command->also[i] && e == E_OK; i++) {
		json_t *request = request_of(o->command->also[i]);

		e = ask(o->socket, request, &also[i], f);
		json_decref(request);
	}
	if (e == E_OK && o->command->merge)
		o->command->merge(answer, also);
	for (size_t i = 0; i < ALSO_MAX; i++)
		json_decref(also[i]);
	return e;
}

static int run_watch(const struct options *o)
{
	json_t *request = json_pack("{ss}", "cmd", "watch");
	struct fault f = {0};
	enum err e = ask_stream(o->socket, request, show_line, (void *)(uintptr_t)o, &f);

	json_decref(request);
	return e == E_OK ? EXIT_NO : complain(e, &f);
}

static enum err ask_ls(void *ctx, json_t **ls, struct fault *f)
{
	const struct options *o = ctx;
	json_t *request = request_of("ls");
	enum err e = ask(o->socket, request, ls, f);

	json_decref(request);
	return e;
}

static int run_top(const struct options *o)
{
	struct fault f = {0};
	enum err e = top(ask_ls, (void *)(uintptr_t)o, o->is_json, &f);

	if (e == E_OK)
		return 0;
	fprintf(stderr, "sallyctl: %s\n", f.text);
	return e == E_STATE ? EXIT_USAGE : e == E_DENIED ? EXIT_NO : EXIT_NO_RELAY;
}

static int run(const struct options *o)
{
	json_t *request = json_pack("{ss ss*}", "cmd", o->command->name,
		o->argument ? o->command->argument : "", o->argument);
	json_t *answer = NULL;
	struct fault f = {0};
	int code = EXIT_NO;
	enum err e;

	if (!request) {
		fprintf(stderr, "sallyctl: that is no text\n");
		return EXIT_USAGE;
	}
	e = ask(o->socket, request, &answer, &f);
	json_decref(request);
	if (e == E_OK)
		e = ask_also(o, answer, &f);
	code = e == E_OK ? show(o, answer) : complain(e, &f);
	json_decref(answer);
	return code;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct places places;

	setlocale(LC_CTYPE, "");
	if (!parse(&o, argc, argv))
		return tell_usage();
	if (o.is_version) {
		fprintf(stderr, "%s\n", IDENT_SOFTWARE);
		return 0;
	}
	if (o.is_agent)
		return agent_main(
			&(struct agent_options){o.agent, o.is_json, argc - optind, argv + optind});
	if (!o.socket)
		o.socket = default_socket(&places);
	if (!o.socket)
		return EXIT_NO_RELAY;
	return o.command->run ? o.command->run(&o) : run(&o);
}
