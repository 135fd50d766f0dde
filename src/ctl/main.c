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
#include "ctl/ask.h"
#include "ctl/ls.h"
#include "ctl/show.h"
#include "wire/msgs.h"

enum { EXIT_NO = 1, EXIT_USAGE = 2, EXIT_NO_RELAY = 3 };

static const char usage[] = "usage: sallyctl [-s socket] [--json] command\n"
			    "  status           version, age, counts\n"
			    "  ls               agents, their ports, visitors\n"
			    "  watch            what happens, as it happens\n"
			    "  kick AGENT       end its connection: a number, or a key\n"
			    "  close WHAT       a port with its visitors, or one visitor\n"
			    "  reload           read configuration and keys again\n"
			    "  drain [TIME]     let nobody in, end with the last visitor\n";

/* argument: how it is called in the request. */
struct command {
	const char *name, *argument;
	bool may_lack;
	void (*show)(FILE *out, const json_t *answer, time_t now); /* NULL: it goes on and on */
};

static const struct command commands[] = {
	{"status", NULL, false, show_status},
	{"ls", NULL, false, show_ls},
	{"watch", NULL, false, NULL},
	{"kick", "agent", false, show_kicked},
	{"close", "what", false, show_closed},
	{"reload", NULL, false, show_reloaded},
	{"drain", "time", true, show_draining},
};

struct options {
	const char *socket; /* NULL: where a relay of this user has it */
	bool is_json, is_version;
	const struct command *command;
	const char *argument; /* NULL: none */
};

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
		{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "s:jV", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			o->socket = optarg;
			break;
		case 'j':
			o->is_json = true;
			break;
		case 'V':
			o->is_version = true;
			return true;
		default:
			return false;
		}
	}
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

static int run(struct options *o)
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
	if (o->command->show)
		e = ask(o->socket, request, &answer, &f);
	else
		e = ask_stream(o->socket, request, show_line, o, &f);
	json_decref(request);
	if (e == E_OK && answer)
		code = show(o, answer);
	json_decref(answer);
	if (e == E_OK)
		return code;
	fprintf(stderr, "sallyctl: %s\n", f.text);
	return e == E_DENIED ? EXIT_NO : EXIT_NO_RELAY;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct places places;

	setlocale(LC_CTYPE, "");
	if (!parse(&o, argc, argv)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (o.is_version) {
		fprintf(stderr, "%s\n", IDENT_SOFTWARE);
		return 0;
	}
	if (!o.socket)
		o.socket = default_socket(&places);
	return o.socket ? run(&o) : EXIT_NO_RELAY;
}
