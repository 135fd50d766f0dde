/* SPDX-License-Identifier: ISC */
/* Keywords of the relay that are no plain values: where it listens, and lists of what is permitted.
 */
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "conf/relay_impl.h"
#include "forward/spec.h"

enum { PERMITS_MAX = 4096 };

enum err relay_add_port(struct relay_conf *c, const char *text, const struct conf_at *at)
{
	uint16_t port;

	if (!forward_port_parse(text, &port))
		return conf_bad(at, E_VALUE, "Badly formatted port number '%.40s'.", text);
	if (c->port_count == RELAY_LISTEN_MAX)
		return conf_bad(at, E_LIMIT, "too many ports (at most %d)", RELAY_LISTEN_MAX);
	c->ports[c->port_count++] = port;
	return E_OK;
}

static enum err take_port(
	struct relay_conf *c, const struct lex_line *line, const struct conf_at *at)
{
	uint16_t unused;
	const char *arg;
	enum err e;

	arg = keywords_single(line, at, &e);
	if (arg == NULL)
		return e;
	if (!c->ports_are_fixed)
		return relay_add_port(c, arg, at);
	return forward_port_parse(arg, &unused)
		       ? E_OK
		       : conf_bad(at, E_VALUE, "Badly formatted port number '%.40s'.", arg);
}

/* host, host:port, [v6]:port, bare v6: parts text in place. *port NULL: none there. False:
 * unfinished brackets. */
static bool split_address(char *text, char **host, const char **port)
{
	char *colon = strchr(text, ':');

	*host = text;
	*port = NULL;
	if (text[0] == '[') {
		char *close = strchr(text, ']');

		if (close == NULL || (close[1] != ':' && close[1] != '\0'))
			return false;
		*host = text + 1;
		*port = close[1] == ':' ? close + 2 : NULL;
		*close = '\0';
	} else if (colon != NULL &&
		   (strchr(colon + 1, ':') == NULL || strpbrk(text, "[]") != NULL)) {
		*colon = '\0';
		*port = colon + 1;
	}
	return true;
}

static enum err take_listen(
	struct relay_conf *c, const struct lex_line *line, const struct conf_at *at)
{
	struct relay_address *a = &c->addresses[c->address_count];
	struct relay_address got = {0};
	const char *port;
	char *host;
	enum err e;

	if (keywords_single(line, at, &e) == NULL)
		return e;
	if (c->address_count == RELAY_LISTEN_MAX)
		return conf_bad(at, E_LIMIT, "too many addresses (at most %d)", RELAY_LISTEN_MAX);
	if (!split_address(line->args[0], &host, &port) || host[0] == '\0')
		return conf_bad(at, E_FORMAT, "bad address:port usage");
	got.has_port = port != NULL;
	if (port != NULL && !forward_port_parse(port, &got.port))
		return conf_bad(at, E_VALUE, "bad port number '%.40s'", port);
	got.host = strcmp(host, "*") == 0 ? NULL : arena_text(&c->arena, bytes_str(host));
	if (got.host == NULL && strcmp(host, "*") != 0)
		return E_NOMEM;
	*a = got;
	c->address_count++;
	return E_OK;
}

enum { FORWARD_LOCAL = 1, FORWARD_REMOTE = 2 };

static enum err take_forwarding(
	struct relay_conf *c, const char *arg, bool stores, const struct conf_at *at)
{
	static const struct value_word words[] = {{"yes", FORWARD_LOCAL | FORWARD_REMOTE},
		{"true", FORWARD_LOCAL | FORWARD_REMOTE}, {"all", FORWARD_LOCAL | FORWARD_REMOTE},
		{"no", 0}, {"false", 0}, {"local", FORWARD_LOCAL}, {"remote", FORWARD_REMOTE},
		{NULL, 0}};
	int value = 0;
	enum err e = value_word(at, arg, words, &value);

	if (e == E_OK && stores) {
		c->s.allow_local = (value & FORWARD_LOCAL) != 0;
		c->s.allow_remote = (value & FORWARD_REMOTE) != 0;
	}
	return e;
}

/* any and none are words of a list and stand alone; false: a list of rules. */
static bool take_word(
	const struct lex_line *line, const struct conf_at *at, bool *is_any, enum err *e)
{
	*is_any = strcasecmp(line->args[0], "any") == 0;
	*e = E_OK;
	if (!*is_any && strcasecmp(line->args[0], "none") != 0)
		return false;
	if (line->count > 1)
		*e = conf_bad(at, E_FORMAT, "%s must appear alone on a %s line.", line->args[0],
			at->keyword);
	return true;
}

/* Nothing is opened for agents: a list can only keep to that, and has to be of the right form. */
static enum err take_permit_open(
	struct relay_conf *c, const struct lex_line *line, bool stores, const struct conf_at *at)
{
	bool is_any;
	enum err e;

	if (take_word(line, at, &is_any, &e)) {
		if (e == E_OK && stores)
			c->opens_nothing = !is_any;
		return e;
	}
	for (size_t i = 0; i < line->count; i++) {
		struct permit_rule rule;
		struct fault why = {0};

		e = permit_rule_parse(line->args[i], &rule, &why);
		if (e == E_OK && strchr(line->args[i], ':') == NULL)
			e = fault_set(&why, E_FORMAT, 0, "'%s' has no host", line->args[i]);
		if (e != E_OK)
			return conf_bad(at, e, "%s %s", at->keyword, why.text);
	}
	return E_OK;
}

static enum err add_permit(
	struct relay_conf *c, const struct permit_rule *rule, const struct conf_at *at)
{
	struct relay_settings *s = &c->s;

	if (s->permit_listen_count == PERMITS_MAX)
		return conf_bad(
			at, E_LIMIT, "too many %s entries (at most %d)", at->keyword, PERMITS_MAX);
	if (s->permit_listen_count == c->permit_cap) {
		size_t cap = c->permit_cap == 0 ? 8 : 2 * c->permit_cap;
		struct permit_rule *more = reallocarray(s->permit_listen, cap, sizeof(*more));

		if (more == NULL)
			return E_NOMEM;
		s->permit_listen = more;
		c->permit_cap = cap;
	}
	s->permit_listen[s->permit_listen_count++] = *rule;
	return E_OK;
}

static enum err take_permit_listen(
	struct relay_conf *c, const struct lex_line *line, bool stores, const struct conf_at *at)
{
	bool is_any;
	enum err e;

	if (take_word(line, at, &is_any, &e)) {
		if (e == E_OK && stores)
			c->s.permit_listen_is_set = !is_any;
		return e;
	}
	for (size_t i = 0; i < line->count; i++) {
		struct permit_rule rule;
		struct fault why = {0};

		e = permit_rule_parse(line->args[i], &rule, &why);
		if (e != E_OK)
			return conf_bad(at, e, "%s %s", at->keyword, why.text);
		if (stores)
			e = add_permit(c, &rule, at);
		if (e != E_OK)
			return e;
	}
	if (stores)
		c->s.permit_listen_is_set = true;
	return E_OK;
}

/* "begin:rate:full", or one number for begin and full. */
static bool read_startups(const char *arg, uint64_t part[static 3])
{
	struct bytes rest = bytes_str(arg);
	size_t count = 0;

	for (bool more = true; more; count++) {
		const uint8_t *colon = memchr(rest.ptr, ':', rest.len);
		size_t n = colon != NULL ? (size_t)(colon - rest.ptr) : rest.len;

		if (count == 3 || !text_to_u64(bytes_of(rest.ptr, n), INT32_MAX, &part[count]))
			return false;
		more = colon != NULL;
		if (more)
			rest = bytes_of(colon + 1, rest.len - n - 1);
	}
	if (count == 1) {
		part[1] = RELAY_RATE_DEFAULT;
		part[2] = part[0];
	}
	return count != 2 && part[0] > 0 && part[0] <= part[2] && part[1] >= 1 && part[1] <= 100;
}

static enum err take_startups(
	struct relay_conf *c, const char *arg, bool stores, const struct conf_at *at)
{
	uint64_t part[3];

	if (!read_startups(arg, part))
		return conf_bad(at, E_VALUE,
			"Invalid %s spec '%.40s': begin:rate:full is wanted, as in 10:30:100",
			at->keyword, arg);
	if (stores) {
		c->s.startups_begin = (unsigned)part[0];
		c->s.startups_rate = (unsigned)part[1];
		c->s.startups_full = (unsigned)part[2];
	}
	return E_OK;
}

static enum err take_pubkey_options(
	struct relay_conf *c, const struct lex_line *line, bool stores, const struct conf_at *at)
{
	bool touch = false, verify = false;

	for (size_t i = 0; i < line->count; i++) {
		const char *word = line->args[i];

		if (strcasecmp(word, "touch-required") == 0)
			touch = true;
		else if (strcasecmp(word, "verify-required") == 0)
			verify = true;
		else if (strcasecmp(word, "none") != 0)
			return conf_bad(
				at, E_VALUE, "%s: unsupported option \"%.40s\"", at->keyword, word);
	}
	if (stores) {
		c->s.touch_required = touch;
		c->s.verify_required = verify;
	}
	return E_OK;
}

enum { POOL_LARGEST = 8, POOL_SMALLEST = 30 };

static enum err take_tunnel_pool(
	struct relay_conf *c, const char *arg, bool stores, const struct conf_at *at)
{
	bool is_none = strcasecmp(arg, "none") == 0;
	struct tunaddr pool = {0};

	if (!is_none && (!tunaddr_parse_network(arg, &pool) || pool.is_ipv6 ||
				pool.prefix < POOL_LARGEST || pool.prefix > POOL_SMALLEST))
		return conf_bad(at, E_VALUE,
			"Invalid TunnelPool '%.60s': a network of IPv4 is wanted, /%d to /%d, as in "
			"10.9.0.0/24",
			arg, POOL_LARGEST, POOL_SMALLEST);
	if (stores) {
		c->s.has_tunnel_pool = !is_none;
		c->s.tunnel_pool = pool;
	}
	return E_OK;
}

enum err relay_take_special(struct relay_conf *c, const struct keyword *one,
	const struct lex_line *line, bool takes, const struct conf_at *at)
{
	bool stores = takes && !keywords_is_set(&c->words, one);
	const char *arg;
	enum err e;

	if (one->what == RELAY_PORT)
		return takes ? take_port(c, line, at) : E_OK;
	if (one->what == RELAY_LISTEN)
		return takes ? take_listen(c, line, at) : E_OK;
	if (takes)
		keywords_set(&c->words, one);
	if (one->what == RELAY_PERMIT_LISTEN)
		return take_permit_listen(c, line, stores, at);
	if (one->what == RELAY_PERMIT_OPEN)
		return take_permit_open(c, line, stores, at);
	if (one->what == RELAY_PUBKEY_OPTIONS)
		return take_pubkey_options(c, line, stores, at);
	arg = keywords_single(line, at, &e);
	if (arg == NULL)
		return e;
	if (one->what == RELAY_FORWARDING)
		return take_forwarding(c, arg, stores, at);
	if (one->what == RELAY_TUNNEL_POOL)
		return take_tunnel_pool(c, arg, stores, at);
	return take_startups(c, arg, stores, at);
}
