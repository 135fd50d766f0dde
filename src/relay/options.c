/* SPDX-License-Identifier: ISC */
#include "relay/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

const char options_usage[] = "usage: sallyd [-46DdeqTtV] [-E log_file] [-f config_file]\n"
			     "              [-h host_key_file] [-o option] [-p port]\n";

enum { OPTION_MAX = 2048 };

/* A word of the command line as the value of a keyword, whatever is in it. */
static enum err set_word(
	struct relay_conf *conf, const char *keyword, const char *word, struct fault *f)
{
	char option[OPTION_MAX];
	int n;

	if (strpbrk(word, "\"\\\n"))
		return fault_set(f, E_FORMAT, 0, "%s %s: no quotes, please", keyword, word);
	n = snprintf(option, sizeof(option), "%s=\"%s\"", keyword, word);
	if (n < 0 || (size_t)n >= sizeof(option))
		return fault_set(f, E_LIMIT, 0, "%s: too long", keyword);
	return relay_conf_option(conf, option, f);
}

static enum err take(
	struct options *o, int c, const char *word, struct relay_conf *conf, struct fault *f)
{
	switch (c) {
	case '4':
		return relay_conf_option(conf, "AddressFamily=inet", f);
	case '6':
		return relay_conf_option(conf, "AddressFamily=inet6", f);
	case 'D':
	case 'e':
		o->is_foreground = true;
		return E_OK;
	case 'd':
		o->is_foreground = true;
		o->debug++;
		return E_OK;
	case 'q':
		o->is_quiet = true;
		return E_OK;
	case 't':
		o->is_test = true;
		return E_OK;
	case 'T':
		o->is_dump = true;
		return E_OK;
	case 'V':
		o->is_version = true;
		return E_OK;
	case 'E':
		o->log_file = word;
		return E_OK;
	case 'f':
		o->config = word;
		return E_OK;
	case 'h':
		return set_word(conf, "HostKey", word, f);
	case 'o':
		return relay_conf_option(conf, word, f);
	case 'p':
		return relay_conf_port(conf, word, f);
	default:
		return fault_set(f, E_UNKNOWN, 0, "unknown option");
	}
}

/* -d and -q are words about the log level as well; what -o says comes first. */
static enum err set_log_level(const struct options *o, struct relay_conf *conf, struct fault *f)
{
	char option[32];

	if (o->debug > 0) {
		snprintf(option, sizeof(option), "LogLevel=DEBUG%u", o->debug < 3 ? o->debug : 3);
		return relay_conf_option(conf, option, f);
	}
	return o->is_quiet ? relay_conf_option(conf, "LogLevel=QUIET", f) : E_OK;
}

enum err options_parse(
	struct options *o, int argc, char **argv, struct relay_conf *conf, struct fault *f)
{
	int c;

	*o = (struct options){0};
	opterr = 0;
	while ((c = getopt(argc, argv, ":46DdeqtTVE:f:h:o:p:")) != -1) {
		enum err e;

		if (c == '?')
			return fault_set(f, E_UNKNOWN, 0, "unknown option -- %c", optopt);
		if (c == ':')
			return fault_set(
				f, E_UNKNOWN, 0, "option requires an argument -- %c", optopt);
		e = take(o, c, optarg, conf, f);
		if (e != E_OK)
			return e == E_UNKNOWN ? E_VALUE : e;
	}
	if (optind < argc)
		return fault_set(f, E_VALUE, 0, "Extra argument %s.", argv[optind]);
	return set_log_level(o, conf, f);
}
