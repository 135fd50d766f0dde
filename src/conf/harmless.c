/* SPDX-License-Identifier: ISC */
#include "conf/harmless.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

enum { QOS_MAX = 255, KEYSTROKES_MAX_MS = 1000 };

static enum err too_many(const struct conf_at *at)
{
	return conf_bad(at, E_FORMAT, "keyword %s extra arguments at end of line", at->keyword);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasecmp(*words, word) == 0)
			return true;
	return false;
}

static enum err check_algs(const char *arg, const struct conf_at *at)
{
	char list[ALGS_LIST_MAX];
	struct fault why = {0};
	struct conf_at aside = {at->file, at->line, at->keyword, &why};
	enum err e = algs_make(&aside, ALGS_LOGIN, arg, list);

	/* Names that nobody speaks here are names nevertheless. */
	return e == E_OK || e == E_NOALG ? E_OK : fault_set(at->fault, e, 0, "%s", why.text);
}

/* AddKeysToAgent: yes, no, ask, a time, or confirm with a time behind it. */
static enum err check_agent_keys(const struct lex_line *line, const struct conf_at *at)
{
	static const char *const words[] = {"yes", "no", "true", "false", "ask", "confirm", NULL};
	const char *first = line->args[0], *second = line->count > 1 ? line->args[1] : NULL;
	uint64_t ms;

	if (line->count > 2)
		return too_many(at);
	if (second != NULL && strcasecmp(first, "confirm") == 0)
		return text_to_time_ms(bytes_str(second), &ms)
			       ? E_OK
			       : conf_bad(at, E_VALUE, "invalid time value.");
	if (second != NULL || (!is_one_of(first, words) && !text_to_time_ms(bytes_str(first), &ms)))
		return conf_bad(at, E_VALUE, "unsupported option");
	return E_OK;
}

static bool is_qos(const char *word)
{
	static const char *const words[] = {"af11", "af12", "af13", "af21", "af22", "af23", "af31",
		"af32", "af33", "af41", "af42", "af43", "cs0", "cs1", "cs2", "cs3", "cs4", "cs5",
		"cs6", "cs7", "ef", "va", "le", "lowdelay", "throughput", "reliability", "none",
		NULL};
	char *end;
	long n = strtol(word, &end, 0);

	return is_one_of(word, words) || (end != word && *end == '\0' && n >= 0 && n <= QOS_MAX);
}

static enum err check_qos(const struct lex_line *line, const struct conf_at *at)
{
	for (size_t i = 0; i < line->count && i < 2; i++)
		if (!is_qos(line->args[i]))
			return conf_bad(at, E_VALUE, "Bad IPQoS value: %s", line->args[i]);
	return line->count > 2 ? too_many(at) : E_OK;
}

static bool is_escape(const char *arg)
{
	if (strcmp(arg, "none") == 0 || arg[1] == '\0')
		return true;
	return arg[0] == '^' && arg[2] == '\0' && (unsigned char)arg[1] >= 64 &&
	       (unsigned char)arg[1] < 128;
}

static enum err check_cnames(const struct lex_line *line, const struct conf_at *at)
{
	enum err e = keywords_check_list(line, at);

	for (size_t i = 0; e == E_OK && i < line->count; i++) {
		const char *colon = strchr(line->args[i], ':');

		if (strcasecmp(line->args[i], "none") != 0 && strcmp(line->args[i], "*") != 0 &&
			(colon == NULL || colon[1] == '\0'))
			e = conf_bad(at, E_VALUE, "Invalid permitted CNAME \"%s\"", line->args[i]);
	}
	return e;
}

static enum err check_variables(
	const struct lex_line *line, bool has_values, const struct conf_at *at)
{
	for (size_t i = 0; i < line->count; i++) {
		bool has_equals = strchr(line->args[i], '=') != NULL;

		if (has_values && !has_equals)
			return conf_bad(at, E_VALUE, "Invalid SetEnv.");
		if (!has_values && (has_equals || line->args[i][0] == '\0'))
			return conf_bad(at, E_VALUE, "Invalid environment name.");
	}
	return E_OK;
}

static enum err check_keystrokes(const struct lex_line *line, const struct conf_at *at)
{
	static const char *const words[] = {"yes", "no", "true", "false", NULL};
	static const char interval[] = "interval:";
	const char *arg = line->args[0];
	unsigned ms;
	enum err e;

	if (line->count > 1)
		return conf_bad(at, E_FORMAT, "invalid arguments");
	if (is_one_of(arg, words))
		return E_OK;
	if (strncmp(arg, interval, sizeof(interval) - 1) != 0)
		return conf_bad(at, E_VALUE, "unsupported argument \"%s\"", arg);
	e = value_uint(at, "", arg + sizeof(interval) - 1, &ms);
	if (e == E_OK && (ms == 0 || ms > KEYSTROKES_MAX_MS))
		e = conf_bad(at, E_VALUE, "value out of range.");
	return e;
}

/* Kinds of one word. */
static enum err check_single(const struct keyword *one, const char *arg, const struct conf_at *at)
{
	static const char *const digests[] = {"md5", "sha1", "sha256", "sha384", "sha512", NULL};
	static const char *const facilities[] = {"daemon", "user", "auth", "authpriv", "local0",
		"local1", "local2", "local3", "local4", "local5", "local6", "local7", NULL};
	unsigned number;
	uint64_t ms;
	bool flag;
	int word;

	switch ((enum harmless)one->what) {
	case HARMLESS_FLAG:
		return value_flag(at, arg, &flag);
	case HARMLESS_UINT:
		return value_uint(at, "", arg, &number);
	case HARMLESS_TIME:
		return value_time(at, arg, &ms);
	case HARMLESS_WORD:
		return value_word(at, arg, one->words, &word);
	case HARMLESS_FACILITY:
		return is_one_of(arg, facilities)
			       ? E_OK
			       : conf_bad(at, E_VALUE, "unsupported log facility '%s'", arg);
	default:
		break;
	}
	if (arg[0] == '\0')
		return conf_bad(at, E_FORMAT, "Missing argument.");
	if (one->what == HARMLESS_ALGS)
		return check_algs(arg, at);
	if (one->what == HARMLESS_DIGEST && !is_one_of(arg, digests))
		return conf_bad(at, E_VALUE, "Invalid hash algorithm \"%s\".", arg);
	if (one->what == HARMLESS_ESCAPE && !is_escape(arg))
		return conf_bad(at, E_VALUE, "Bad escape character.");
	return E_OK;
}

enum err harmless_check(
	const struct keyword *one, const struct lex_line *line, const struct conf_at *at)
{
	enum err e;

	switch ((enum harmless)one->what) {
	case HARMLESS_ANYTHING:
		return E_OK;
	case HARMLESS_LIST:
		return keywords_check_list(line, at);
	case HARMLESS_AGENT_KEYS:
		return check_agent_keys(line, at);
	case HARMLESS_QOS:
		return check_qos(line, at);
	case HARMLESS_CNAMES:
		return check_cnames(line, at);
	case HARMLESS_SENT:
	case HARMLESS_SET:
		return check_variables(line, one->what == HARMLESS_SET, at);
	case HARMLESS_KEYSTROKES:
		return check_keystrokes(line, at);
	default:
		break;
	}
	e = check_single(one, line->args[0], at);
	return e == E_OK && line->count > 1 ? too_many(at) : e;
}
