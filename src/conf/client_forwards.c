/* SPDX-License-Identifier: ISC */
/* Collecting what is forwarded: flags and keywords, which ssh reads by one grammar. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "conf/client_impl.h"
#include "conf/expand.h"
#include "forward/failover.h"

/* A list of forwards in the settings. */
struct place {
	struct forward_spec **items;
	size_t *count, *cap;
};

static struct place place_of(struct client_conf *c, enum client_forward kind)
{
	if (kind == CLIENT_REMOTE)
		return (struct place){&c->s.forwards, &c->s.forward_count, &c->forward_cap};
	return (struct place){&c->s.locals, &c->s.local_count, &c->local_cap};
}

static enum err grow(struct place at)
{
	size_t cap = *at.cap == 0 ? 4 : 2 * *at.cap;
	struct forward_spec *more = reallocarray(*at.items, cap, sizeof(*more));

	if (more == NULL)
		return E_NOMEM;
	*at.items = more;
	*at.cap = cap;
	return E_OK;
}

static enum err add(struct client_conf *c, enum client_forward kind,
	const struct forward_spec *spec, struct fault *f)
{
	struct place at = place_of(c, kind);

	if (kind == CLIENT_STDIO) {
		if (c->s.stdio != NULL)
			return fault_set(f, E_VALUE, 0, "stdio forward already specified");
		c->stdio = *spec;
		c->s.stdio = &c->stdio;
		return E_OK;
	}
	for (size_t i = 0; i < *at.count; i++)
		if (forward_spec_is_same(&(*at.items)[i], spec))
			return E_OK;
	if (*at.count == CLIENT_FORWARDS_MAX)
		return fault_set(f, E_LIMIT, 0, "more than %d %s forwards", CLIENT_FORWARDS_MAX,
			kind == CLIENT_REMOTE ? "remote" : "local");
	if (*at.count == *at.cap && grow(at) != E_OK)
		return E_NOMEM;
	(*at.items)[(*at.count)++] = *spec;
	return E_OK;
}

/* With further targets behind commas, which ssh does not have. */
static enum err read_remote(const char *text, struct forward_spec *spec, struct fault *f)
{
	char first[FORWARD_SPEC_MAX];
	struct forward_spec more = {0};
	enum err e = failover_split(text, first, &more, f);

	if (e == E_OK)
		e = forward_spec_remote(spec, first, f);
	if (e != E_OK)
		return e;
	if (more.more_count > 0 && (spec->is_socks || spec->path[0] != '\0'))
		return fault_set(f, E_VALUE, 0,
			"Bad remote forwarding specification '%.100s': several targets have to be "
			"host:hostport each",
			text);
	memcpy(spec->more, more.more, sizeof(spec->more));
	spec->more_count = more.more_count;
	return E_OK;
}

/* ${NAME} goes first, so that it may stand for several fields. */
static enum err read_spec(struct client_conf *c, enum client_forward kind, const char *text,
	struct forward_spec *spec, struct fault *f)
{
	char expanded[EXPAND_MAX];
	enum err e = expand_text(text, NULL, &c->reader, expanded, f);

	if (e != E_OK)
		return e;
	switch (kind) {
	case CLIENT_REMOTE:
		return read_remote(expanded, spec, f);
	case CLIENT_LOCAL:
		return forward_spec_local(spec, expanded, f);
	case CLIENT_DYNAMIC:
		return forward_spec_dynamic(spec, expanded, f);
	case CLIENT_STDIO:
		return forward_spec_stdio(spec, expanded, f);
	}
	return E_STATE;
}

enum err client_conf_forward(
	struct client_conf *c, enum client_forward kind, const char *text, struct fault *f)
{
	struct forward_spec spec;
	enum err e = read_spec(c, kind, text, &spec, f);

	return e == E_OK ? add(c, kind, &spec, f) : e;
}

/* One word asks for a SOCKS proxy, two name a target: colons do not make one of the other. */
static enum err check_words(
	const struct forward_spec *spec, const char *text, size_t words, const struct conf_at *at)
{
	if (spec->is_socks == (words == 1))
		return E_OK;
	return conf_bad(at, E_FORMAT,
		"Bad forwarding specification '%.100s': two words are wanted, "
		"[bind_address:]port and host:hostport",
		text);
}

/* A file says which kind it is; ssh has the same words for all there. */
static enum err bad_forward(const struct fault *why, enum err e, const struct conf_at *at)
{
	static const char head[] = "Bad ";
	const char *rest = strstr(why->text, "forwarding specification");

	if (why->err == E_OK)
		return conf_bad(at, e, "%s", err_text(e));
	if (strncmp(why->text, head, sizeof(head) - 1) != 0 || rest == NULL)
		return conf_bad(at, e, "%s", why->text);
	return conf_bad(at, e, "%s%s", head, rest);
}

enum err client_take_forward(struct client_conf *c, enum client_forward kind,
	const struct lex_line *line, bool is_active, const struct conf_at *at)
{
	size_t words = kind == CLIENT_DYNAMIC ? 1 : 2;
	char text[FORWARD_SPEC_MAX];
	struct forward_spec spec;
	struct fault why = {0};
	enum err e;
	int n = snprintf(text, sizeof(text), "%s%s%s", line->args[0], line->count > 1 ? ":" : "",
		line->count > 1 ? line->args[1] : "");

	if (line->args[0][0] == '\0')
		return conf_bad(at, E_FORMAT, "Missing argument.");
	if (line->count > words)
		return conf_bad(
			at, E_FORMAT, "keyword %s extra arguments at end of line", at->keyword);
	if (kind == CLIENT_LOCAL && line->count == 1)
		return conf_bad(at, E_FORMAT, "Missing target argument.");
	if (n < 0 || (size_t)n >= sizeof(text))
		return conf_bad(at, E_LIMIT, "Bad forwarding specification: too long");
	e = read_spec(c, kind, text, &spec, &why);
	if (e == E_OK) {
		e = check_words(&spec, text, line->count, at);
		if (e != E_OK || !is_active)
			return e;
		e = add(c, kind, &spec, &why);
	}
	return e == E_OK ? E_OK : bad_forward(&why, e, at);
}

static bool is_any_or_none(const char *word)
{
	return strcasecmp(word, "any") == 0 || strcasecmp(word, "none") == 0;
}

enum err client_take_remote_opens(
	struct client_conf *c, const struct lex_line *line, bool stores, const struct conf_at *at)
{
	struct client_settings *s = &c->s;

	if (stores)
		s->remote_opens = calloc(line->count, sizeof(*s->remote_opens));
	if (stores && s->remote_opens == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < line->count; i++) {
		struct permit_rule rule;
		struct fault why = {0};
		enum err e;

		if (is_any_or_none(line->args[i]) && line->count > 1)
			return conf_bad(at, E_FORMAT,
				"keyword %s \"%s\" argument must appear alone.", at->keyword,
				line->args[i]);
		if (is_any_or_none(line->args[i])) {
			if (stores)
				s->remote_opens_are_limited =
					strcasecmp(line->args[i], "none") == 0;
			return E_OK;
		}
		e = permit_open_parse(line->args[i], &rule, &why);
		if (e != E_OK)
			return conf_bad(at, e, "bad port number in %s: %s", at->keyword, why.text);
		if (stores)
			s->remote_opens[s->remote_open_count++] = rule;
	}
	if (stores)
		s->remote_opens_are_limited = true;
	return E_OK;
}
