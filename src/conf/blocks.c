/* SPDX-License-Identifier: ISC */
/*
 * Conditions of blocks. Host patterns are compared as written, Match host and originalhost without
 * case, user names with it, as in ssh.
 */
#include "conf/blocks.h"

#include <strings.h>

#include "base/text.h"

enum err blocks_host(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds)
{
	struct bytes host = bytes_str(facts->original);
	bool found = false;

	for (size_t i = 0; i < line->count; i++)
		if (line->args[i][0] == '\0')
			return conf_bad(at, E_FORMAT, "keyword host empty argument");
	for (size_t i = 0; i < line->count; i++) {
		const char *pattern = line->args[i];
		bool is_negated = pattern[0] == '!';

		if (!text_match(bytes_str(pattern + is_negated), host))
			continue;
		if (is_negated) {
			found = false;
			break;
		}
		found = true;
	}
	*holds = found;
	return E_OK;
}

enum criterion {
	MATCH_ALL,
	MATCH_CANONICAL,
	MATCH_FINAL,
	MATCH_HOST,
	MATCH_ORIGINAL,
	MATCH_USER,
	MATCH_LOCAL_USER,
	MATCH_TAGGED,
	MATCH_COMMAND,
	MATCH_UNSUPPORTED
};

static const struct value_word criteria[] = {{"all", MATCH_ALL}, {"canonical", MATCH_CANONICAL},
	{"final", MATCH_FINAL}, {"host", MATCH_HOST}, {"originalhost", MATCH_ORIGINAL},
	{"user", MATCH_USER}, {"localuser", MATCH_LOCAL_USER}, {"tagged", MATCH_TAGGED},
	{"command", MATCH_COMMAND}, {"exec", MATCH_UNSUPPORTED},
	{"localnetwork", MATCH_UNSUPPORTED}, {"version", MATCH_UNSUPPORTED},
	{"sessiontype", MATCH_UNSUPPORTED}, {NULL, 0}};

/* A word of a Match line: "!host=a,b" is its three parts. */
struct condition {
	const char *written;
	enum criterion criterion;
	bool is_negated;
	const char *value; /* behind '=', NULL: none there */
};

static enum err read_condition(const char *word, const struct conf_at *at, struct condition *out)
{
	const struct value_word *one = criteria;
	const char *name = word;
	size_t len;

	out->written = word;
	out->is_negated = *name == '!';
	name += out->is_negated;
	len = strcspn(name, "=");
	out->value = name[len] == '=' ? name + len + 1 : NULL;
	while (one->word != NULL &&
		(strlen(one->word) != len || strncasecmp(one->word, name, len) != 0))
		one++;
	if (one->word == NULL)
		return conf_bad(
			at, E_UNKNOWN, "Bad Match condition: Unsupported Match attribute %s", word);
	out->criterion = (enum criterion)one->value;
	return E_OK;
}

static bool matches(const char *patterns, const char *value, bool fold_case)
{
	return text_match_list(bytes_str(patterns), bytes_str(value), fold_case) == 1;
}

/* What there is nothing of is matched by the empty word alone. */
static bool matches_optional(const char *patterns, const char *value)
{
	return value[0] == '\0' ? patterns[0] == '\0' : matches(patterns, value, false);
}

/* Is it so, negation aside? */
static bool is_so(const struct condition *c, const struct blocks_facts *facts)
{
	switch (c->criterion) {
	case MATCH_ALL:
		return true;
	case MATCH_HOST:
		return matches(c->value, facts->host, true);
	case MATCH_ORIGINAL:
		return matches(c->value, facts->original, true);
	case MATCH_USER:
		return matches(c->value, facts->user, false);
	case MATCH_LOCAL_USER:
		return matches(c->value, facts->local_user, false);
	case MATCH_TAGGED:
		return matches_optional(c->value, facts->tag);
	case MATCH_COMMAND:
		return matches_optional(c->value, "");
	case MATCH_CANONICAL: /* names are not canonicalized here, so there is one pass */
	case MATCH_FINAL:
	case MATCH_UNSUPPORTED:
		break;
	}
	return false;
}

static bool takes_value(enum criterion c)
{
	return c != MATCH_ALL && c != MATCH_CANONICAL && c != MATCH_FINAL;
}

/* Fetches the value of a condition from the next word when it is not behind '='. */
static enum err fetch_value(
	struct condition *c, const struct lex_line *line, size_t *i, const struct conf_at *at)
{
	if (c->value == NULL && ++*i < line->count)
		c->value = line->args[*i];
	if (c->value == NULL || (c->value[0] == '\0' && c->criterion != MATCH_TAGGED &&
					c->criterion != MATCH_COMMAND))
		return conf_bad(at, E_FORMAT,
			"Bad Match condition: missing argument for Match '%s'", c->written);
	return E_OK;
}

enum err blocks_match(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds)
{
	bool result = true;

	for (size_t i = 0; i < line->count; i++) {
		struct condition c = {0};
		size_t first = i;
		enum err e = read_condition(line->args[i], at, &c);

		if (e == E_OK && takes_value(c.criterion))
			e = fetch_value(&c, line, &i, at);
		if (e != E_OK)
			return e;
		/* "all" stands alone, or behind canonical or final. */
		if (c.criterion == MATCH_ALL && (first > 1 || i + 1 < line->count))
			return conf_bad(at, E_FORMAT,
				"Bad Match condition: '%s' cannot be combined with other Match "
				"attributes",
				c.written);
		/* What is not supported matters when nothing before it has decided. "final" would
		 * ask for a second pass; without one "!final" is so. */
		if (result && (c.criterion == MATCH_UNSUPPORTED ||
				      (c.criterion == MATCH_FINAL && !c.is_negated)))
			return conf_bad(at, E_UNKNOWN, "Match %s is not supported", c.written);
		if (is_so(&c, facts) == c.is_negated)
			result = false;
	}
	*holds = result;
	return E_OK;
}
