/* SPDX-License-Identifier: ISC */
/*
 * Conditions of blocks. Host patterns are compared as written, Match host and originalhost without
 * case, user names with it, as in ssh.
 */
#include "conf/blocks.h"

#include <strings.h>

#include "base/text.h"
#include "keys/addrmatch.h"
#include "wire/msgs.h"

enum err blocks_host(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds)
{
	struct bytes host = bytes_str(facts->is_final ? facts->host : facts->original);
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
	MATCH_SESSION,
	MATCH_VERSION,
	MATCH_NETWORK,
	MATCH_EXEC
};

static const struct value_word criteria[] = {{"all", MATCH_ALL}, {"canonical", MATCH_CANONICAL},
	{"final", MATCH_FINAL}, {"host", MATCH_HOST}, {"originalhost", MATCH_ORIGINAL},
	{"user", MATCH_USER}, {"localuser", MATCH_LOCAL_USER}, {"tagged", MATCH_TAGGED},
	{"command", MATCH_COMMAND}, {"sessiontype", MATCH_SESSION}, {"version", MATCH_VERSION},
	{"localnetwork", MATCH_NETWORK}, {"exec", MATCH_EXEC}, {NULL, 0}};

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

struct network {
	struct bytes list;
	bool is_here;
};

static void try_address(void *arg, const char *address)
{
	struct network *n = arg;

	n->is_here |= addrmatch_allows(n->list, address);
}

static enum err ask_network(const struct condition *c, const struct blocks_facts *facts,
	const struct conf_at *at, bool *is_so)
{
	struct network n = {bytes_str(c->value), false};

	/* Networks and addresses only, where addrmatch takes patterns and negations as well. */
	if (c->value[strspn(c->value, "0123456789abcdefABCDEF.:/,")] != '\0')
		return conf_bad(
			at, E_VALUE, "Bad Match condition: Invalid network entry \"%s\"", c->value);
	if (!addrmatch_is_valid(n.list))
		return conf_bad(at, E_VALUE,
			"Bad Match condition: Inconsistent mask length for network \"%s\"",
			c->value);
	if (facts->reader->addresses != NULL)
		facts->reader->addresses(facts->reader->ctx, try_address, &n);
	*is_so = n.is_here;
	return E_OK;
}

static enum err ask_command(const struct condition *c, const struct blocks_facts *facts,
	const struct conf_at *at, bool runs, bool *is_so)
{
	struct fault why = {0};
	char command[EXPAND_MAX];
	enum err e = expand_text(c->value, facts->tokens, NULL, command, &why);

	*is_so = false;
	if (e == E_OK && runs && facts->reader->run == NULL)
		e = fault_set(&why, E_UNKNOWN, 0, "no command can be run here");
	if (e == E_OK && runs)
		e = facts->reader->run(facts->reader->ctx, command, is_so, &why);
	return e == E_OK ? E_OK : conf_bad(at, e, "Match exec '%.100s': %s", c->value, why.text);
}

/* Is it so, negation aside? runs: nothing before it has decided yet. */
static enum err ask(const struct condition *c, const struct blocks_facts *facts,
	const struct conf_at *at, bool runs, bool *is_so)
{
	*is_so = true;
	switch (c->criterion) {
	case MATCH_ALL:
		break;
	case MATCH_HOST:
		*is_so = matches(c->value, facts->host, true);
		break;
	case MATCH_ORIGINAL:
		*is_so = matches(c->value, facts->original, true);
		break;
	case MATCH_USER:
		*is_so = matches(c->value, facts->user, false);
		break;
	case MATCH_LOCAL_USER:
		*is_so = matches(c->value, facts->local_user, false);
		break;
	case MATCH_TAGGED:
		*is_so = matches_optional(c->value, facts->tag);
		break;
	case MATCH_COMMAND:
		*is_so = matches_optional(c->value, "");
		break;
	case MATCH_SESSION:
		*is_so = matches(c->value, facts->session, false);
		break;
	case MATCH_VERSION:
		*is_so = matches(c->value, IDENT_SOFTWARE, false);
		break;
	case MATCH_CANONICAL: /* names are not canonicalized here; ssh calls both the second pass */
	case MATCH_FINAL:
		*is_so = facts->is_final;
		break;
	case MATCH_NETWORK:
		return ask_network(c, facts, at, is_so);
	case MATCH_EXEC:
		return ask_command(c, facts, at, runs, is_so);
	}
	return E_OK;
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
	if (c->value == NULL)
		return conf_bad(at, E_FORMAT,
			"Bad Match condition: missing argument for Match '%s'", c->written);
	if (c->value[0] == '\0' && c->criterion != MATCH_TAGGED && c->criterion != MATCH_COMMAND)
		return conf_bad(at, E_FORMAT, "Bad Match condition: Missing Match criteria for %s",
			c->written);
	return E_OK;
}

enum err blocks_match(const struct lex_line *line, const struct blocks_facts *facts,
	const struct conf_at *at, bool *holds, bool *wants_final)
{
	bool result = true, is_so;
	size_t seen = 0; /* conditions */

	for (size_t i = 0; i < line->count; i++, seen++) {
		struct condition c = {0};
		enum err e = read_condition(line->args[i], at, &c);

		if (e == E_OK && takes_value(c.criterion))
			e = fetch_value(&c, line, &i, at);
		if (e != E_OK)
			return e;
		/* "all" stands alone, or behind one other, as in ssh. */
		if (c.criterion == MATCH_ALL && (seen > 1 || i + 1 < line->count))
			return conf_bad(at, E_FORMAT,
				"Bad Match condition: '%s' cannot be combined with other Match "
				"attributes",
				c.written);
		*wants_final |= c.criterion == MATCH_FINAL && !c.is_negated;
		e = ask(&c, facts, at, result, &is_so);
		if (e != E_OK)
			return e;
		if (is_so == c.is_negated)
			result = false;
	}
	*holds = result;
	return E_OK;
}
