/* SPDX-License-Identifier: ISC */
/*
 * ProxyJump and ProxyCommand: of both together the first that is set counts, and "none" counts,
 * too. Of several jump hosts the last is the one to log in to next; those before it are for it to
 * be reached through, as text.
 */
#include <stdio.h>
#include <strings.h>

#include "conf/client_impl.h"
#include "conf/destination.h"
#include "conf/expand.h"

static bool is_none(const char *text)
{
	return strcasecmp(text, "none") == 0;
}

static char *keep(struct client_conf *c, const char *text)
{
	return arena_text(&c->arena, bytes_str(text));
}

/* One of the list; strict: it stands on the command line. */
static bool parse_one(char *text, bool is_strict, struct destination *out)
{
	if (!destination_parse(text, out))
		return false;
	return !is_strict || (destination_is_host(out->host) &&
				     (out->user == NULL || destination_is_user(out->user)));
}

static enum err store(struct client_conf *c, const struct destination *last, const char *list)
{
	static const char none[] = "none";
	struct client_settings *s = &c->s;
	const char *comma = strrchr(list, ',');

	s->jump_host = keep(c, last->host);
	s->jump_user = last->user != NULL ? keep(c, last->user) : NULL;
	s->jump_port = last->port;
	s->proxy_command = keep(c, none);
	if (comma != NULL)
		s->jump_through = arena_text(&c->arena, bytes_of(list, (size_t)(comma - list)));
	if (s->jump_host == NULL || s->proxy_command == NULL ||
		(last->user != NULL && s->jump_user == NULL) ||
		(comma != NULL && s->jump_through == NULL))
		return E_NOMEM;
	return E_OK;
}

/* E_VALUE without a sentence: the list is none. */
static enum err take_list(struct client_conf *c, const char *text, bool is_strict, bool stores)
{
	char list[EXPAND_MAX], copy[EXPAND_MAX], *one;
	struct destination last = {0}, d;
	size_t len = strcspn(text, "#");

	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	if (!bytes_to_cstr(bytes_of(text, len), list, sizeof(list)))
		return E_VALUE;
	memcpy(copy, list, sizeof(copy));
	do {
		one = strrchr(copy, ',');
		if (one != NULL)
			*one++ = '\0';
		if (!parse_one(one != NULL ? one : copy, is_strict, &d))
			return E_VALUE;
		if (last.host == NULL)
			last = d;
	} while (one != NULL);
	return stores ? store(c, &last, list) : E_OK;
}

static enum err take_jump(struct client_conf *c, const char *text, bool is_strict, bool is_active)
{
	struct client_settings *s = &c->s;

	if (!is_none(text))
		return take_list(c, text, is_strict,
			is_active && s->proxy_command == NULL && s->jump_host == NULL);
	if (is_active && s->jump_host == NULL)
		s->jump_host = keep(c, text);
	return is_active && s->jump_host == NULL ? E_NOMEM : E_OK;
}

enum err client_take_proxy_jump(struct client_conf *c, const char *text, bool is_strict,
	bool is_active, const struct conf_at *at)
{
	enum err e = take_jump(c, text, is_strict, is_active);

	return e == E_VALUE ? conf_bad(at, e, "Invalid ProxyJump \"%.200s\"", text) : e;
}

enum err client_take_proxy_command(struct client_conf *c, const char *text, bool is_active)
{
	if (!is_active || c->s.proxy_command != NULL)
		return E_OK;
	c->s.proxy_command = keep(c, text);
	return c->s.proxy_command != NULL ? E_OK : E_NOMEM;
}

enum err client_conf_jump(struct client_conf *c, const char *text, struct fault *f)
{
	enum err e;

	if (c->s.jump_host != NULL)
		return fault_set(f, E_VALUE, 0,
			"Only a single -J option is permitted (use commas to separate multiple "
			"jump hops)");
	if (c->s.proxy_command != NULL)
		return fault_set(f, E_VALUE, 0, "Cannot specify -J with ProxyCommand");
	e = take_jump(c, text, true, true);
	return e == E_OK ? E_OK
			 : fault_set(f, e, 0, "%s",
				   e == E_VALUE ? "Invalid -J argument" : err_text(e));
}

static bool is_itself(const struct client_settings *s)
{
	uint16_t port = s->jump_port != 0 ? s->jump_port : CLIENT_PORT_DEFAULT;
	const char *user = s->jump_user != NULL ? s->jump_user : s->user;

	return strcmp(s->jump_host, s->hostname) == 0 && s->port == port &&
	       strcmp(s->user, user) == 0;
}

enum err client_finish_proxy(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;

	if (s->proxy_command != NULL && is_none(s->proxy_command))
		s->proxy_command = NULL;
	if (s->jump_host != NULL && is_none(s->jump_host) && s->proxy_command == NULL &&
		s->jump_port == 0 && s->jump_user == NULL)
		s->jump_host = NULL;
	if (s->jump_host != NULL && s->proxy_command != NULL)
		s->jump_host = NULL; /* "none", which lets the command stand */
	if (s->jump_host == NULL)
		return E_OK;
	s->proxy_fdpass = false;
	return is_itself(s) ? fault_set(f, E_VALUE, 0, "jumphost loop via %.150s", s->jump_host)
			    : E_OK;
}

enum err client_proxy_line(
	const struct client_settings *s, char out[static EXPAND_MAX], struct fault *f)
{
	char port[8];
	const struct expand_token tokens[] = {{'h', s->hostname},
		{'k', s->host_key_alias != NULL ? s->host_key_alias : s->host_alias},
		{'n', s->host_alias}, {'p', port}, {'r', s->user}, {'\0', NULL}};

	snprintf(port, sizeof(port), "%u", s->port);
	return expand_text(s->proxy_command, tokens, NULL, out, f);
}
