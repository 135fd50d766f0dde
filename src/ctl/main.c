/* SPDX-License-Identifier: ISC */
/*
 * sallyctl: asks a running relay. Exit codes: 0 fine, 1 the relay says no, 2 used wrongly, 3 no
 * relay is there.
 */
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/places.h"
#include "ctl/ask.h"
#include "ctl/show.h"
#include "wire/msgs.h"

enum { EXIT_NO = 1, EXIT_USAGE = 2, EXIT_NO_RELAY = 3 };

static const char usage[] = "usage: sallyctl [-s socket] [--json] status | ls\n";

struct options {
	const char *socket; /* NULL: where a relay of this user has it */
	bool is_json, is_version;
	const char *cmd;
};

static bool is_command(const char *word)
{
	return strcmp(word, "status") == 0 || strcmp(word, "ls") == 0;
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
	o->cmd = argv[optind++];
	if (!is_command(o->cmd))
		fprintf(stderr, "sallyctl: unknown command '%s'\n", o->cmd);
	else if (optind < argc)
		fprintf(stderr, "sallyctl: extra argument '%s'\n", argv[optind]);
	else
		return true;
	return false;
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

static int show(const struct options *o, const json_t *answer)
{
	if (o->is_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (strcmp(o->cmd, "status") == 0) {
		show_status(stdout, answer);
	} else {
		show_ls(stdout, answer, time(NULL));
	}
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : EXIT_NO;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct places places;
	struct fault f = {0};
	json_t *answer;
	int code;
	enum err e;

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
	if (!o.socket)
		return EXIT_NO_RELAY;
	e = ask(o.socket, o.cmd, &answer, &f);
	if (e != E_OK) {
		fprintf(stderr, "sallyctl: %s\n", f.text);
		return e == E_DENIED ? EXIT_NO : EXIT_NO_RELAY;
	}
	code = show(&o, answer);
	json_decref(answer);
	return code;
}
