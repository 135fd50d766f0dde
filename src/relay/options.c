/* SPDX-License-Identifier: ISC */
#include "relay/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char options_usage[] =
	"usage: sallyd [-46DdeqTtV] [-C connection_spec] [-E log_file]\n"
	"              [-f config_file] [-h host_key_file] [-o option] [-p port]\n";

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
	case 'C':
		o->connection = word;
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
	while ((c = getopt(argc, argv, ":46DdeqtTVC:E:f:h:o:p:")) != -1) {
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

static enum err take_fact(
	struct relay_facts *facts, const char *word, const char *value, struct fault *f)
{
	uint64_t port;

	if (strcmp(word, "user") == 0) {
		facts->user = value;
	} else if (strcmp(word, "addr") == 0) {
		facts->address = value;
	} else if (strcmp(word, "laddr") == 0) {
		facts->local_address = value;
	} else if (strcmp(word, "lport") == 0) {
		if (!text_to_u64(bytes_str(value), UINT16_MAX, &port) || port == 0)
			return fault_set(f, E_VALUE, 0,
				"Invalid port '%s' in test mode specification", value);
		facts->local_port = (uint16_t)port;
	} else if (strcmp(word, "key") == 0) {
		facts->key_name = facts->fingerprint = value;
	} else if (strcmp(word, "host") != 0 && strcmp(word, "rdomain") != 0) {
		return fault_set(
			f, E_UNKNOWN, 0, "Invalid test mode specification %s=%s", word, value);
	}
	return E_OK;
}

enum err options_facts(char *text, struct relay_facts *facts, struct fault *f)
{
	*facts = (struct relay_facts){"", "", "", 0, "", ""};
	while (text) {
		char *word = strsep(&text, ","), *value = strchr(word, '=');
		enum err e;

		if (!value)
			return fault_set(
				f, E_FORMAT, 0, "Invalid test mode specification %s", word);
		*value++ = '\0';
		e = take_fact(facts, word, value, f);
		if (e != E_OK)
			return e;
	}
	return E_OK;
}
