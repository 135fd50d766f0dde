/* SPDX-License-Identifier: ISC */
/*
 * Collecting sshd_config for the relay. Ports and addresses are queued while lines are read, since
 * either may come first, and paired at the end.
 */
#include "conf/relay.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "conf/keywords.h"
#include "keys/arena.h"
#include "forward/spec.h"

enum { RELAY_PORT_DEFAULT = 2200, PERMITS_MAX = 4096, RATE_DEFAULT = 30 };

struct address {
	char *host;
	bool has_port;
	uint16_t port;
};

struct relay_conf {
	struct relay_settings s;
	struct keywords words;
	struct arena arena;
	uint16_t ports[RELAY_LISTEN_MAX];
	size_t port_count;
	bool ports_are_fixed; /* by -p: those of the file are read and not used */
	struct address addresses[RELAY_LISTEN_MAX];
	size_t address_count;
	size_t permit_cap;
	bool opens_nothing; /* PermitOpen none */
};

struct relay_conf *relay_conf_new(void)
{
	struct relay_conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	arena_init(&c->arena);
	c->words = (struct keywords){.table = relay_keywords,
		.settings = &c->s,
		.arena = &c->arena,
		.refusal = ": this relay only forwards TCP ports"};
	/* -L makes the relay dial for others: only where somebody asked for it. */
	c->s.allow_remote = true;
	c->s.alive_interval_ms = 15 * 1000;
	c->s.alive_count_max = 3;
	c->s.forward_lease_ms = 10 * 1000;
	c->s.takeover = AUTHKEY_TAKEOVER_REFUSE;
	c->s.takeover_grace_ms = 2 * 1000;
	c->s.login_grace_ms = 30 * 1000;
	c->s.max_auth_tries = 6;
	c->s.startups_begin = 10;
	c->s.startups_rate = RATE_DEFAULT;
	c->s.startups_full = 100;
	c->s.log_level = LOG_LEVEL_INFO;
	c->s.tcp_keepalive = true;
	return c;
}

void relay_conf_free(struct relay_conf *c)
{
	if (c == NULL)
		return;
	arena_fini(&c->arena);
	free(c->s.permit_listen);
	free(c);
}

static enum err add_port(struct relay_conf *c, const char *text, const struct conf_at *at)
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
		return add_port(c, arg, at);
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
	struct address *a = &c->addresses[c->address_count];
	struct address got = {0};
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

static enum err take_permit_open(
	struct relay_conf *c, const char *arg, bool stores, const struct conf_at *at)
{
	bool is_none = strcasecmp(arg, "none") == 0;

	if (!is_none && strcasecmp(arg, "any") != 0)
		return conf_bad(
			at, E_UNKNOWN, "PermitOpen %.60s is not supported: any and none are", arg);
	if (stores)
		c->opens_nothing = is_none;
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
	bool is_any = strcmp(line->args[0], "any") == 0;

	if (is_any || strcmp(line->args[0], "none") == 0) {
		if (line->count > 1)
			return conf_bad(at, E_FORMAT, "%s must appear alone on a %s line.",
				line->args[0], at->keyword);
		if (stores)
			c->s.permit_listen_is_set = !is_any;
		return E_OK;
	}
	for (size_t i = 0; i < line->count; i++) {
		struct permit_rule rule;
		struct fault why = {0};
		enum err e = permit_rule_parse(line->args[i], &rule, &why);

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
		part[1] = RATE_DEFAULT;
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

static enum err take_special(struct relay_conf *c, const struct keyword *one,
	const struct lex_line *line, const struct conf_at *at)
{
	bool stores = !keywords_is_set(&c->words, one);
	const char *arg;
	enum err e;

	if (one->what == RELAY_PORT)
		return take_port(c, line, at);
	if (one->what == RELAY_LISTEN)
		return take_listen(c, line, at);
	keywords_set(&c->words, one);
	if (one->what == RELAY_PERMIT_LISTEN)
		return take_permit_listen(c, line, stores, at);
	arg = keywords_single(line, at, &e);
	if (arg == NULL)
		return e;
	if (one->what == RELAY_FORWARDING)
		return take_forwarding(c, arg, stores, at);
	if (one->what == RELAY_PERMIT_OPEN)
		return take_permit_open(c, arg, stores, at);
	return take_startups(c, arg, stores, at);
}

static enum err take_line(
	struct relay_conf *c, const char *path, struct lex_line *line, struct fault *f)
{
	struct conf_at at = {path, line->number, line->keyword, f};
	const struct keyword *one = keywords_find(&c->words, line->keyword);
	enum err e;

	if (one == NULL && (line->trouble == LEX_FINE || line->trouble == LEX_QUOTES))
		return conf_unknown(&at);
	e = keywords_check_line(line, &at);
	if (e == E_OK && one->kind == KEYWORD_SPECIAL)
		e = take_special(c, one, line, &at);
	else if (e == E_OK)
		e = keywords_apply(&c->words, one, line, true, &at);
	return e == E_NOMEM ? fault_set(f, e, 0, "%s", err_text(e)) : e;
}

enum err relay_conf_option(struct relay_conf *c, const char *option, struct fault *f)
{
	struct lex_line line;

	if (!lex_option(bytes_str(option), &line))
		return E_OK;
	return take_line(c, "command-line", &line, f);
}

enum err relay_conf_file(struct relay_conf *c, const char *path, struct bytes text, struct fault *f)
{
	struct lex_line line;
	struct lex lex;
	enum err e = E_OK;

	lex_init(&lex, text);
	while (e == E_OK && lex_next(&lex, &line))
		e = take_line(c, path, &line, f);
	return e;
}

enum err relay_conf_port(struct relay_conf *c, const char *port, struct fault *f)
{
	const struct conf_at at = {"command-line", 0, "Port", f};

	if (!c->ports_are_fixed)
		c->port_count = 0;
	c->ports_are_fixed = true;
	return add_port(c, port, &at);
}

static enum err add_listen(struct relay_conf *c, char *host, uint16_t port, struct fault *f)
{
	struct relay_settings *s = &c->s;

	if (s->listen_count == RELAY_LISTEN_MAX)
		return fault_set(f, E_LIMIT, 0,
			"more than %d pairs of ListenAddress and Port to listen on",
			RELAY_LISTEN_MAX);
	s->listen[s->listen_count++] = (struct relay_listen){host, port};
	return E_OK;
}

/* An address without a port of its own is listened to on every Port. */
static enum err pair_address(struct relay_conf *c, const struct address *a, struct fault *f)
{
	if (a->has_port)
		return add_listen(c, a->host, a->port, f);
	for (size_t i = 0; i < c->port_count; i++) {
		enum err e = add_listen(c, a->host, c->ports[i], f);

		if (e != E_OK)
			return e;
	}
	return E_OK;
}

static enum err finish_listen(struct relay_conf *c, struct fault *f)
{
	static const struct address everywhere;

	if (c->port_count == 0)
		c->ports[c->port_count++] = RELAY_PORT_DEFAULT;
	if (c->address_count == 0)
		return pair_address(c, &everywhere, f);
	for (size_t i = 0; i < c->address_count; i++) {
		enum err e = pair_address(c, &c->addresses[i], f);

		if (e != E_OK)
			return e;
	}
	return E_OK;
}

enum err relay_conf_finish(struct relay_conf *c, const struct relay_settings **out, struct fault *f)
{
	struct relay_settings *s = &c->s;
	char **const lists[ALGS_COUNT] = {[ALGS_CIPHERS] = &s->ciphers,
		[ALGS_MACS] = &s->macs,
		[ALGS_KEX] = &s->kex,
		[ALGS_HOST_KEYS] = &s->host_key_algorithms,
		[ALGS_PUBKEYS] = &s->pubkey_algorithms};
	enum err e = finish_listen(c, f);

	if (e == E_OK)
		e = algs_complete(lists, &c->arena, f);
	if (e != E_OK)
		return e;
	if (c->opens_nothing)
		s->allow_local = false;
	if (s->pid_file != NULL && strcmp(s->pid_file, "none") == 0)
		s->pid_file = NULL;
	*out = s;
	return E_OK;
}
