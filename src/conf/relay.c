/* SPDX-License-Identifier: ISC */
/*
 * Collecting sshd_config for the relay. Ports and addresses are queued while lines are read, since
 * either may come first, and paired at the end.
 *
 * What was read is kept, so that it can be read again for a connection: first the lines in Match
 * blocks that hold, then those outside, and the first value wins as always.
 */
#include "conf/relay.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "conf/relay_impl.h"
#include "conf/relay_match.h"
#include "keys/arena.h"
#include "forward/spec.h"

enum { RELAY_PORT_DEFAULT = 2200 };

struct relay_conf *relay_conf_new(void)
{
	struct relay_conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	arena_init(&c->arena);
	c->refs = 1;
	c->last_source = &c->sources;
	c->words = (struct keywords){.table = relay_keywords,
		.settings = &c->s,
		.arena = &c->arena,
		.says_keyword = true,
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
	c->s.max_sessions = 10;
	c->s.startups_begin = 10;
	c->s.startups_rate = RELAY_RATE_DEFAULT;
	c->s.startups_full = 100;
	c->s.log_level = LOG_LEVEL_INFO;
	c->s.tcp_keepalive = true;
	return c;
}

void relay_conf_free(struct relay_conf *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	arena_fini(&c->arena);
	free(c->s.permit_listen);
	free(c);
}

struct relay_conf *relay_conf_ref(struct relay_conf *c)
{
	c->refs++;
	return c;
}

static enum err keep(struct relay_conf *c, enum origin origin, const char *path, struct bytes text)
{
	struct source *s = arena_alloc(&c->arena, sizeof(*s));

	if (s == NULL)
		return E_NOMEM;
	s->origin = origin;
	s->path = arena_text(&c->arena, bytes_str(path));
	s->text = bytes_of(arena_text(&c->arena, text), text.len);
	if (s->path == NULL || s->text.ptr == NULL)
		return E_NOMEM;
	*c->last_source = s;
	c->last_source = &s->next;
	return E_OK;
}

static enum err take_match(
	struct relay_conf *c, const struct lex_line *line, const struct conf_at *at)
{
	if (at->line == 0)
		return conf_bad(at, E_FORMAT, "Match stands in a file only");
	c->in_match = c->has_match = true;
	return relay_match_line(line, c->facts, at, &c->holds);
}

/* What asks for something that is not served is refused whether its block holds or not: a rule is
 * never passed over. */
static enum err check_in_match(
	struct relay_conf *c, const struct keyword *one, const struct conf_at *at)
{
	if (one->kind == KEYWORD_REFUSE || one->kind == KEYWORD_ACCEPT ||
		relay_match_may_have(one->name))
		return E_OK;
	return conf_bad(
		at, E_FORMAT, "Directive '%s' is not allowed within a Match block", one->name);
}

static enum err take_ordinary(struct relay_conf *c, const struct keyword *one,
	const struct lex_line *line, bool takes, const struct conf_at *at)
{
	struct keywords aside;

	if (strcmp(one->name, "PermitTunnel") == 0 && strcasecmp(line->args[0], "no") != 0)
		c->may_tunnel = true;
	if (one->kind != KEYWORD_REFUSE)
		return keywords_apply(&c->words, one, line, takes, at);
	aside = c->words;
	memset(aside.is_set, 0, sizeof(aside.is_set));
	return keywords_apply(&aside, one, line, true, at);
}

static enum err take_line(
	struct relay_conf *c, const char *path, struct lex_line *line, struct fault *f)
{
	struct conf_at at = {path, line->number, line->keyword, f};
	const struct keyword *one = keywords_find(&c->words, line->keyword);
	bool takes;
	enum err e;

	if (one == NULL && (line->trouble == LEX_FINE || line->trouble == LEX_QUOTES))
		return conf_unknown(&at);
	e = keywords_check_line(line, &at);
	if (e == E_OK && one->kind == KEYWORD_SPECIAL && one->what == RELAY_MATCH)
		return take_match(c, line, &at);
	if (e == E_OK && c->in_match)
		e = check_in_match(c, one, &at);
	takes = c->in_match ? c->pass == PASS_MATCHED && c->holds : c->pass == PASS_OUTSIDE;
	if (e == E_OK && one->kind == KEYWORD_SPECIAL)
		e = relay_take_special(c, one, line, takes, &at);
	else if (e == E_OK)
		e = take_ordinary(c, one, line, takes, &at);
	return e == E_NOMEM ? fault_set(f, e, 0, "%s", err_text(e)) : e;
}

static enum err read_option(struct relay_conf *c, struct bytes option, struct fault *f)
{
	struct lex_line line;

	c->in_match = false;
	return lex_option(option, &line) ? take_line(c, "command-line", &line, f) : E_OK;
}

static enum err read_file(
	struct relay_conf *c, const char *path, struct bytes text, struct fault *f)
{
	struct lex_line line;
	struct lex lex;
	enum err e = E_OK;

	c->in_match = false;
	lex_init(&lex, text);
	while (e == E_OK && lex_next(&lex, &line))
		e = take_line(c, path, &line, f);
	return e;
}

static enum err read_port(struct relay_conf *c, const char *port, struct fault *f)
{
	const struct conf_at at = {"command-line", 0, "Port", f};

	if (!c->ports_are_fixed)
		c->port_count = 0;
	c->ports_are_fixed = true;
	return relay_add_port(c, port, &at);
}

static enum err add_source(struct relay_conf *c, enum origin origin, const char *path,
	struct bytes text, struct fault *f)
{
	enum err e = origin == FROM_FILE   ? read_file(c, path, text, f)
		     : origin == FROM_PORT ? read_port(c, (const char *)text.ptr, f)
					   : read_option(c, text, f);

	if (e == E_OK && keep(c, origin, path, text) != E_OK)
		e = fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	return e;
}

enum err relay_conf_option(struct relay_conf *c, const char *option, struct fault *f)
{
	return add_source(c, FROM_OPTION, "", bytes_str(option), f);
}

enum err relay_conf_file(struct relay_conf *c, const char *path, struct bytes text, struct fault *f)
{
	return add_source(c, FROM_FILE, path, text, f);
}

enum err relay_conf_port(struct relay_conf *c, const char *port, struct fault *f)
{
	return add_source(c, FROM_PORT, "", bytes_str(port), f);
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
static enum err pair_address(struct relay_conf *c, const struct relay_address *a, struct fault *f)
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
	static const struct relay_address everywhere;

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
		[ALGS_AUTHORITIES] = &s->ca_algorithms,
		[ALGS_LOGIN] = &s->pubkey_algorithms};
	char **const optional[] = {&s->revoked_keys, &s->trusted_user_ca_keys,
		&s->authorized_principals, &s->pid_file, &s->audit_log};
	enum err e = finish_listen(c, f);

	if (e == E_OK)
		e = algs_complete(lists, &c->arena, f);
	if (e != E_OK)
		return e;
	if (c->opens_nothing)
		s->allow_local = false;
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		if (*optional[i] != NULL && strcmp(*optional[i], "none") == 0)
			*optional[i] = NULL;
	*out = s;
	return E_OK;
}

const struct relay_settings *relay_conf_settings(const struct relay_conf *c)
{
	return &c->s;
}

bool relay_conf_may_tunnel(const struct relay_conf *c)
{
	return c->may_tunnel;
}

bool relay_conf_has_match(const struct relay_conf *c)
{
	return c->has_match;
}

/* One pass over all that was read. */
static enum err read_again(
	struct relay_conf *c, const struct source *from, enum pass pass, struct fault *f)
{
	enum err e = E_OK;

	c->pass = pass;
	for (; from != NULL && e == E_OK; from = from->next) {
		if (from->origin == FROM_FILE)
			e = read_file(c, from->path, from->text, f);
		else if (pass == PASS_OUTSIDE && from->origin == FROM_PORT)
			e = read_port(c, (const char *)from->text.ptr, f);
		else if (pass == PASS_OUTSIDE)
			e = read_option(c, from->text, f);
	}
	return e;
}

enum err relay_conf_for(struct relay_conf *c, const struct relay_facts *facts,
	struct relay_conf **out, struct fault *f)
{
	const struct relay_settings *unused;
	struct relay_conf *made;
	enum err e;

	if (!c->has_match) {
		*out = relay_conf_ref(c);
		return E_OK;
	}
	made = relay_conf_new();
	if (made == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	made->facts = facts;
	e = read_again(made, c->sources, PASS_MATCHED, f);
	if (e == E_OK)
		e = read_again(made, c->sources, PASS_OUTSIDE, f);
	if (e == E_OK)
		e = relay_conf_finish(made, &unused, f);
	made->facts = NULL;
	if (e == E_OK)
		*out = made;
	else
		relay_conf_free(made);
	return e;
}

enum err relay_conf_again(const struct relay_conf *c, const char *path, const struct bytes *text,
	struct relay_conf **out, struct fault *f)
{
	struct relay_conf *made = relay_conf_new();
	enum err e = E_OK;

	if (made == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	for (const struct source *s = c->sources; s != NULL && e == E_OK; s = s->next)
		if (s->origin != FROM_FILE)
			e = add_source(made, s->origin, s->path, s->text, f);
	if (e == E_OK && text != NULL)
		e = relay_conf_file(made, path, *text, f);
	if (e == E_OK)
		*out = made;
	else
		relay_conf_free(made);
	return e;
}
