/* SPDX-License-Identifier: ISC */
/*
 * One table says what each letter is; the walk knows nothing of their meaning. Flags of ssh that
 * could not change what a forwarding client does are taken in silence, those that would are refused
 * by name.
 */
#include "client/cmdline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/destination.h"
#include "forward/spec.h"

const char cmdline_usage[] =
	"usage: sally [-46fGgMNnqTVv] [-b bind_address] [-c cipher_spec]\n"
	"             [-D [bind_address:]port] [-E log_file] [-F configfile]\n"
	"             [-i identity_file] [-J destination] [-L [bind_address:]port:host:hostport]\n"
	"             [-l login_name] [-m mac_spec] [-o option] [-P tag] [-p port]\n"
	"             [-R [bind_address:]port:host:hostport] [-S ctl_path] [-W host:port]\n"
	"             [-w local_tun[:remote_tun]]\n"
	"             [--explain] destination\n"
	"       sally -O ctl_cmd -S ctl_path [flags as above] destination\n"
	"       sally --doctor [--json] [flags as above] destination";

enum flag_kind {
	FLAG_STEP,     /* a step of this kind: keyword to value, or to the argument where there is none */
	FLAG_FORWARD,
	FLAG_HARMLESS, /* nothing here depends on it */
	FLAG_UNSERVED,
	FLAG_PORT,
	FLAG_CONFIG,
	FLAG_LOG,
	FLAG_BACKGROUND,
	FLAG_DUMP,
	FLAG_MASTER,
	FLAG_ERRAND,
	FLAG_QUIET,
	FLAG_VERBOSE,
	FLAG_VERSION,
};

struct flag {
	char letter;
	enum flag_kind kind;
	bool takes_argument;
	const char *keyword, *value;
	enum cmdline_kind step;
	enum client_forward forward;
};

static const char user_keyword[] = "User";

static const struct flag flags[] = {
	{'4', FLAG_STEP, false, "AddressFamily", "inet", .step = CMDLINE_OVERRIDE},
	{'6', FLAG_STEP, false, "AddressFamily", "inet6", .step = CMDLINE_OVERRIDE},
	{'N', FLAG_STEP, false, "SessionType", "none", .step = CMDLINE_OVERRIDE},
	{'n', FLAG_STEP, false, "StdinNull", "yes", .step = CMDLINE_OVERRIDE},
	{'T', FLAG_STEP, false, "RequestTTY", "no", .step = CMDLINE_OVERRIDE},
	{'t', FLAG_STEP, false, "RequestTTY", "yes", .step = CMDLINE_OVERRIDE},
	{'g', FLAG_STEP, false, "GatewayPorts", "yes", .step = CMDLINE_OVERRIDE},
	{'b', FLAG_STEP, true, "BindAddress", .step = CMDLINE_OVERRIDE},
	{'c', FLAG_STEP, true, "Ciphers", .step = CMDLINE_OVERRIDE},
	{'l', FLAG_STEP, true, user_keyword, .step = CMDLINE_VALUE},
	{'m', FLAG_STEP, true, "MACs", .step = CMDLINE_OVERRIDE},
	{'P', FLAG_STEP, true, "Tag", .step = CMDLINE_VALUE},
	{'p', FLAG_PORT, .takes_argument = true},
	{'o', FLAG_STEP, true, .step = CMDLINE_TEXT},
	{'i', FLAG_STEP, true, .step = CMDLINE_IDENTITY},
	{'J', FLAG_STEP, true, .step = CMDLINE_JUMP},
	{'R', FLAG_FORWARD, true, .forward = CLIENT_REMOTE},
	{'L', FLAG_FORWARD, true, .forward = CLIENT_LOCAL},
	{'D', FLAG_FORWARD, true, .forward = CLIENT_DYNAMIC},
	{'W', FLAG_FORWARD, true, .forward = CLIENT_STDIO},
	{'w', FLAG_STEP, true, .step = CMDLINE_TUNNEL},
	{'F', FLAG_CONFIG, .takes_argument = true},
	{'E', FLAG_LOG, .takes_argument = true},
	{'f', FLAG_BACKGROUND, .takes_argument = false},
	{'G', FLAG_DUMP, .takes_argument = false},
	{'M', FLAG_MASTER, .takes_argument = false},
	{'O', FLAG_ERRAND, .takes_argument = true},
	{'S', FLAG_STEP, true, "ControlPath", .step = CMDLINE_OVERRIDE},
	{'q', FLAG_QUIET, .takes_argument = false},
	{'v', FLAG_VERBOSE, .takes_argument = false},
	{'V', FLAG_VERSION, .takes_argument = false},
	{'2', FLAG_HARMLESS, .takes_argument = false},
	{'A', FLAG_HARMLESS, .takes_argument = false},
	{'a', FLAG_HARMLESS, .takes_argument = false},
	{'C', FLAG_HARMLESS, .takes_argument = false},
	{'e', FLAG_HARMLESS, .takes_argument = true},
	{'K', FLAG_HARMLESS, .takes_argument = false},
	{'k', FLAG_HARMLESS, .takes_argument = false},
	{'X', FLAG_HARMLESS, .takes_argument = false},
	{'x', FLAG_HARMLESS, .takes_argument = false},
	{'Y', FLAG_HARMLESS, .takes_argument = false},
	{'B', FLAG_UNSERVED, .takes_argument = true},
	{'I', FLAG_UNSERVED, .takes_argument = true},
	{'Q', FLAG_UNSERVED, .takes_argument = true},
	{'s', FLAG_UNSERVED, .takes_argument = false},
	{'y', FLAG_UNSERVED, .takes_argument = false},
};

/* Known by its address. */
static const char control_master[] = "ControlMaster";

/* A flag makes two steps at most, the destination two. */
enum { STEPS_A_WORD = 2 };

struct walk {
	struct cmdline *o;
	unsigned verbose; /* -v so far */
	struct fault *fault;
};

static void add(struct walk *w, enum cmdline_kind kind, const char *keyword, const char *value)
{
	w->o->steps[w->o->step_count++] =
		(struct cmdline_step){.kind = kind, .keyword = keyword, .value = value};
}

static void add_forward(struct walk *w, enum client_forward kind, const char *spec)
{
	if (kind == CLIENT_STDIO)
		add(w, CMDLINE_OVERRIDE, "SessionType", "none");
	w->o->steps[w->o->step_count++] =
		(struct cmdline_step){.kind = CMDLINE_FORWARD, .value = spec, .forward = kind};
}

static enum err add_port(struct walk *w, const char *text)
{
	uint16_t port;

	if (!forward_port_parse(text, &port) || port == 0)
		return fault_set(w->fault, E_VALUE, 0, "Bad port '%.100s'", text);
	add(w, CMDLINE_VALUE, "Port", text);
	return E_OK;
}

/* The first -v means DEBUG1 whatever -q said, as in ssh. */
static void set_level(struct walk *w, bool is_quiet)
{
	struct cmdline *o = w->o;

	o->level_is_set = true;
	if (is_quiet)
		o->level = LOG_LEVEL_QUIET;
	else if (w->verbose++ == 0)
		o->level = LOG_LEVEL_DEBUG1;
	else if (o->level < LOG_LEVEL_DEBUG3)
		o->level++;
}

/* Said twice, the user is asked about whatever comes. */
static void add_master(struct walk *w)
{
	for (size_t i = 0; i < w->o->step_count; i++)
		if (w->o->steps[i].keyword == control_master) {
			w->o->steps[i].value = "ask";
			return;
		}
	add(w, CMDLINE_OVERRIDE, control_master, "yes");
}

static enum err set_errand(struct walk *w, const char *word)
{
	static const char *const words[] = {[CMDLINE_CHECK] = "check",
		[CMDLINE_CONNINFO] = "conninfo",
		[CMDLINE_CHANNELS] = "channels",
		[CMDLINE_FORWARD_MORE] = "forward",
		[CMDLINE_CANCEL] = "cancel",
		[CMDLINE_EXIT] = "exit",
		[CMDLINE_STOP] = "stop"};

	if (w->o->errand != CMDLINE_NONE)
		return fault_set(w->fault, E_VALUE, 0, "Multiplexing command already specified");
	for (unsigned i = CMDLINE_CHECK; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i]) == 0) {
			w->o->errand = (enum cmdline_errand)i;
			return E_OK;
		}
	if (strcmp(word, "proxy") == 0)
		return fault_set(w->fault, E_UNKNOWN, 0,
			"-O proxy is not supported: sally only forwards ports (-R, -L, -D, -W)");
	return fault_set(w->fault, E_VALUE, 0, "Invalid multiplex command.");
}

static enum err take(struct walk *w, const struct flag *flag, const char *argument)
{
	struct cmdline *o = w->o;

	switch (flag->kind) {
	case FLAG_STEP:
		add(w, flag->step, flag->keyword, flag->value ? flag->value : argument);
		break;
	case FLAG_FORWARD:
		add_forward(w, flag->forward, argument);
		break;
	case FLAG_HARMLESS:
		break;
	case FLAG_UNSERVED:
		return fault_set(w->fault, E_UNKNOWN, 0,
			"-%c is not supported: sally only forwards (-R, -L, -D, -W, -w)",
			flag->letter);
	case FLAG_PORT:
		return add_port(w, argument);
	case FLAG_CONFIG:
		o->config_file = argument;
		break;
	case FLAG_LOG:
		o->log_file = argument;
		break;
	case FLAG_BACKGROUND:
		add(w, CMDLINE_OVERRIDE, "ForkAfterAuthentication", "yes");
		add(w, CMDLINE_OVERRIDE, "StdinNull", "yes");
		break;
	case FLAG_DUMP:
		o->ask = CMDLINE_DUMP;
		break;
	case FLAG_MASTER:
		add_master(w);
		break;
	case FLAG_ERRAND:
		return set_errand(w, argument);
	case FLAG_QUIET:
	case FLAG_VERBOSE:
		set_level(w, flag->kind == FLAG_QUIET);
		break;
	case FLAG_VERSION:
		o->ask = CMDLINE_VERSION;
		break;
	}
	return E_OK;
}

static const struct flag *find_flag(char letter)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].letter == letter)
			return &flags[i];
	return NULL;
}

/* Words of our own; ssh has none that begin like these. */
static enum err take_long(struct walk *w, const char *word)
{
	static const struct {
		const char *word;
		enum cmdline_ask ask;
	} longs[] = {{"--explain", CMDLINE_EXPLAIN}, {"--doctor", CMDLINE_DOCTOR}};

	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++) {
		if (strcmp(word, longs[i].word) == 0) {
			w->o->ask = longs[i].ask;
			return E_OK;
		}
	}
	if (strcmp(word, "--json") != 0)
		return fault_set(w->fault, E_FORMAT, 0, "unknown option %s", word);
	w->o->is_json = true;
	return E_OK;
}

/* One word of flags. next: the word behind it, or NULL; *used: it was an argument. */
static enum err take_flags(struct walk *w, const char *word, const char *next, bool *used)
{
	*used = false;
	for (const char *at = word + 1; *at != '\0'; at++) {
		const struct flag *flag = find_flag(*at);
		const char *argument = NULL;
		enum err e;

		if (flag == NULL)
			return fault_set(w->fault, E_FORMAT, 0, "unknown option -- %c", *at);
		if (flag->takes_argument) {
			argument = at[1] != '\0' ? at + 1 : next;
			*used = at[1] == '\0';
			if (argument == NULL)
				return fault_set(w->fault, E_FORMAT, 0,
					"option requires an argument -- %c", *at);
		}
		e = take(w, flag, argument);
		if (e != E_OK || argument != NULL || w->o->ask == CMDLINE_VERSION)
			return e;
	}
	return E_OK;
}

/* --- the destination ----------------------------------------------------------------------------
 */

static enum err set_destination(struct walk *w, const char *user, const char *host)
{
	if (host[0] == '\0' || (user != NULL && user[0] == '\0'))
		return fault_set(w->fault, E_FORMAT, 0, "%s", "");
	if (!destination_is_host(host))
		return fault_set(w->fault, E_VALUE, 0, "hostname contains invalid characters");
	if (user != NULL)
		add(w, CMDLINE_VALUE, user_keyword, user);
	w->o->host = host;
	return E_OK;
}

static enum err take_uri(struct walk *w, const char *word, char *text)
{
	struct destination d;
	enum err e;

	if (!destination_parse_uri(text, &d))
		return fault_set(
			w->fault, E_FORMAT, 0, "'%.100s' is not ssh://[user@]host[:port]", word);
	e = set_destination(w, d.user, d.host);
	if (e != E_OK || d.port == 0)
		return e;
	snprintf(w->o->port, sizeof(w->o->port), "%u", d.port);
	return add_port(w, w->o->port);
}

static enum err take_destination(struct walk *w, const char *word)
{
	char *text = strdup(word), *at;

	if (text == NULL)
		return fault_set(w->fault, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	w->o->destination = text;
	if (destination_is_uri(text))
		return take_uri(w, word, text);
	at = strrchr(text, '@');
	if (at == NULL)
		return set_destination(w, NULL, text);
	*at = '\0';
	return set_destination(w, text, at + 1);
}

/* Of -l, too: a ProxyCommand may have it. */
static bool has_bad_user(const struct cmdline *o)
{
	for (size_t i = 0; i < o->step_count; i++)
		if (o->steps[i].keyword == user_keyword && !destination_is_user(o->steps[i].value))
			return true;
	return false;
}

/* --- all of it ----------------------------------------------------------------------------------
 */

static bool has_stdio(const struct cmdline *o)
{
	for (size_t i = 0; i < o->step_count; i++)
		if (o->steps[i].kind == CMDLINE_FORWARD && o->steps[i].forward == CLIENT_STDIO)
			return true;
	return false;
}

enum err cmdline_parse(struct cmdline *o, int argc, char *const *argv, struct fault *f)
{
	struct walk w = {.o = o, .fault = f};
	bool flags_ended = false;

	*o = (struct cmdline){.level = LOG_LEVEL_INFO};
	/* As many as there are letters: each makes its steps. */
	size_t room = 0;
	for (int i = 1; i < argc; i++)
		room += STEPS_A_WORD * (strlen(argv[i]) + 1);
	o->steps = calloc(room + 1, sizeof(*o->steps));
	if (o->steps == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	for (int i = 1; i < argc && o->ask != CMDLINE_VERSION; i++) {
		const char *word = argv[i];
		bool used = false;
		enum err e;

		if (!flags_ended && strcmp(word, "--") == 0) {
			flags_ended = true;
			continue;
		}
		if (!flags_ended && strncmp(word, "--", 2) == 0) {
			e = take_long(&w, word);
		} else if (!flags_ended && word[0] == '-' && word[1] != '\0') {
			e = take_flags(&w, word, i + 1 < argc ? argv[i + 1] : NULL, &used);
			i += used;
		} else if (o->host == NULL) {
			e = take_destination(&w, word);
		} else {
			o->command = word;
			break;
		}
		if (e != E_OK)
			return e;
	}
	if (o->host == NULL && o->ask != CMDLINE_VERSION)
		return fault_set(f, E_FORMAT, 0, "%s", "");
	if (o->errand != CMDLINE_NONE && has_stdio(o))
		return fault_set(f, E_VALUE, 0, "Cannot specify multiplexing command with -W");
	if (has_bad_user(o))
		return fault_set(f, E_VALUE, 0, "remote username contains invalid characters");
	if (o->is_json && o->ask != CMDLINE_DOCTOR)
		return fault_set(f, E_FORMAT, 0, "--json goes with --doctor only");
	return E_OK;
}

void cmdline_fini(struct cmdline *o)
{
	free(o->steps);
	free(o->destination);
	*o = (struct cmdline){0};
}
