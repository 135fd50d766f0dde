/* SPDX-License-Identifier: ISC */
/* One pass over the text; what was put in is not looked at again. */
#include "conf/expand.h"

#include <stdio.h>

enum { ENV_NAME_MAX = 64 };

struct out {
	char *text;
	size_t len;
};

static enum err put(struct out *o, const char *s, size_t n, struct fault *f)
{
	if (n >= EXPAND_MAX - o->len)
		return fault_set(f, E_LIMIT, 0, "a value is longer than %d bytes", EXPAND_MAX - 1);
	memcpy(o->text + o->len, s, n);
	o->len += n;
	o->text[o->len] = '\0';
	return E_OK;
}

static enum err put_token(struct out *o, char letter, const struct expand_token *tokens,
	const char *text, struct fault *f)
{
	if (letter == '%')
		return put(o, "%", 1, f);
	for (; tokens->letter != '\0'; tokens++)
		if (tokens->letter == letter)
			return put(o, tokens->value, strlen(tokens->value), f);
	if (letter == '\0')
		return fault_set(f, E_FORMAT, 0, "'%.100s' ends in a single %%", text);
	return fault_set(f, E_UNKNOWN, 0, "'%.100s': unknown key %%%c", text, letter);
}

/* at: behind "${"; *end: at the brace that closes. */
static enum err put_env(struct out *o, const char *at, const char **end,
	const struct conf_reader *reader, struct fault *f)
{
	const char *close = strchr(at, '}'), *value = NULL;
	char name[ENV_NAME_MAX];

	if (close == NULL)
		return fault_set(f, E_FORMAT, 0, "environment variable '${%.60s' missing '}'", at);
	if (!bytes_to_cstr(bytes_of(at, (size_t)(close - at)), name, sizeof(name)) ||
		name[0] == '\0')
		return fault_set(f, E_FORMAT, 0, "'${%.60s' is no name of a variable", at);
	if (reader->env != NULL)
		value = reader->env(reader->ctx, name);
	if (value == NULL)
		return fault_set(
			f, E_UNKNOWN, 0, "env var ${%s} has no value: it is not set", name);
	*end = close;
	return put(o, value, strlen(value), f);
}

enum err expand_text(const char *text, const struct expand_token *tokens,
	const struct conf_reader *reader, char out[static EXPAND_MAX], struct fault *f)
{
	struct out o = {out, 0};

	out[0] = '\0';
	for (const char *at = text; *at != '\0'; at++) {
		enum err e;

		if (tokens != NULL && *at == '%') {
			e = put_token(&o, at[1], tokens, text, f);
			at++;
		} else if (reader != NULL && at[0] == '$' && at[1] == '{') {
			e = put_env(&o, at + 2, &at, reader, f);
		} else {
			e = put(&o, at, 1, f);
		}
		if (e != E_OK)
			return e;
	}
	return E_OK;
}

enum err expand_home(
	const char *text, const char *home, char out[static EXPAND_MAX], struct fault *f)
{
	bool has_home = text[0] == '~';
	int n;

	if (has_home && text[1] != '\0' && text[1] != '/')
		return fault_set(f, E_UNKNOWN, 0,
			"'%.100s': homes of other users are not supported, write the path", text);
	n = snprintf(out, EXPAND_MAX, "%s%s", has_home ? home : "", has_home ? text + 1 : text);
	if (n < 0 || n >= EXPAND_MAX)
		return fault_set(f, E_LIMIT, 0, "a path is longer than %d bytes", EXPAND_MAX - 1);
	return E_OK;
}
