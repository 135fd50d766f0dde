/* SPDX-License-Identifier: ISC */
#include "conf/relay_match.h"

#include <strings.h>

#include "base/text.h"
#include "forward/spec.h"
#include "keys/addrmatch.h"

/* What is asked when somebody logs in or opens a port, not when the relay starts or a connection
 * comes in. */
bool relay_match_may_have(const char *keyword)
{
	static const char *const words[] = {"AllowTcpForwarding", "GatewayPorts", "MaxSessions",
		"PermitListen", "PermitOpen", "PermitTunnel", "Takeover", "TunnelPool"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], keyword) == 0)
			return true;
	return false;
}

enum criterion {
	MATCH_ALL,
	MATCH_USER,
	MATCH_ADDRESS,
	MATCH_LOCAL_ADDRESS,
	MATCH_LOCAL_PORT,
	MATCH_KEY
};

static const struct value_word criteria[] = {{"all", MATCH_ALL}, {"user", MATCH_USER},
	{"address", MATCH_ADDRESS}, {"localaddress", MATCH_LOCAL_ADDRESS},
	{"localport", MATCH_LOCAL_PORT}, {"key", MATCH_KEY}, {NULL, 0}};

static const struct value_word *find(const char *word, size_t len)
{
	for (const struct value_word *one = criteria; one->word != NULL; one++)
		if (strlen(one->word) == len && strncasecmp(one->word, word, len) == 0)
			return one;
	return NULL;
}

static enum err check_value(enum criterion c, const char *value, const struct conf_at *at)
{
	uint16_t port;

	if ((c == MATCH_ADDRESS || c == MATCH_LOCAL_ADDRESS) &&
		!addrmatch_is_valid(bytes_str(value)))
		return conf_bad(at, E_VALUE, "Invalid Match address argument '%.60s'", value);
	if (c == MATCH_LOCAL_PORT && (!forward_port_parse(value, &port) || port == 0))
		return conf_bad(at, E_VALUE, "Invalid LocalPort '%.40s' on Match line", value);
	return E_OK;
}

static int is_listed(const char *list, const char *what)
{
	return what[0] != '\0' ? text_match_list(bytes_str(list), bytes_str(what), false) : 0;
}

/* By its name or its fingerprint; a negated element keeps it out by either. */
static bool is_key(const char *list, const struct relay_facts *facts)
{
	int by_name = is_listed(list, facts->key_name);
	int by_print = is_listed(list, facts->fingerprint);

	return by_name >= 0 && by_print >= 0 && by_name + by_print > 0;
}

static bool is_so(enum criterion c, const char *value, const struct relay_facts *facts)
{
	uint16_t port;

	switch (c) {
	case MATCH_ALL:
		return true;
	case MATCH_USER:
		return is_listed(value, facts->user) == 1;
	case MATCH_ADDRESS:
		return addrmatch_allows(bytes_str(value), facts->address);
	case MATCH_LOCAL_ADDRESS:
		return addrmatch_allows(bytes_str(value), facts->local_address);
	case MATCH_LOCAL_PORT:
		return forward_port_parse(value, &port) && port == facts->local_port;
	case MATCH_KEY:
		return is_key(value, facts);
	}
	return false;
}

enum err relay_match_line(const struct lex_line *line, const struct relay_facts *facts,
	const struct conf_at *at, bool *holds)
{
	bool result = facts != NULL;

	for (size_t i = 0; i < line->count; i++) {
		const char *word = line->args[i], *value = NULL;
		size_t len = strcspn(word, "=");
		const struct value_word *one = find(word, len);
		enum err e;

		if (one == NULL)
			return conf_bad(at, E_UNKNOWN, "Unsupported Match attribute %.60s", word);
		if (one->value == MATCH_ALL) {
			if (line->count != 1 || word[len] != '\0')
				return conf_bad(at, E_FORMAT,
					"'all' cannot be combined with other Match attributes");
			continue;
		}
		if (word[len] == '=')
			value = word + len + 1;
		else if (++i < line->count)
			value = line->args[i];
		if (value == NULL || value[0] == '\0')
			return conf_bad(at, E_FORMAT, "missing argument for Match '%s'", one->word);
		e = check_value((enum criterion)one->value, value, at);
		if (e != E_OK)
			return e;
		if (result && !is_so((enum criterion)one->value, value, facts))
			result = false;
	}
	*holds = result;
	return E_OK;
}
