/* SPDX-License-Identifier: ISC */
/*
 * Collecting ssh_config: lines into the settings, blocks on and off, files within files. What needs
 * all of it to be known is in client_finish.c.
 */
#include "conf/client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "conf/blocks.h"
#include "conf/client_impl.h"
#include "conf/expand.h"

enum {
	INCLUDE_DEPTH_MAX = 16,
	ALIVE_INTERVAL_MS = 15 * 1000,
	ALIVE_COUNT_MAX = 3,
	PASSWORD_PROMPTS = 3
};

/* A text under reading: a file, or the command line. */
struct source {
	struct client_conf *c;
	const char *path;
	bool is_file, is_user;
	bool is_active;	   /* the block that the next line stands in holds */
	bool is_only_read; /* included by a block that does not hold: none of its own does */
	unsigned depth;
	bool is_over; /* an included file failed: nothing after it is looked at, as in ssh */
	unsigned bad_lines;
};

static enum err read_text(struct source *src, struct bytes text, struct fault *f) MUST_USE;

static enum err run_nothing(void *ctx, const char *command, bool *ended_well, struct fault *f)
{
	*ended_well = false;
	return E_OK;
}

/* For what is only looked through for mistakes. */
static const struct conf_reader unable = {.run = run_nothing};

struct client_conf *client_conf_new(
	const char *host_alias, const struct conf_reader *reader, const struct conf_local *local)
{
	struct client_conf *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	arena_init(&c->arena);
	c->reader = *reader;
	c->local = *local;
	c->words = (struct keywords){.table = client_keywords,
		.settings = &c->s,
		.arena = &c->arena,
		.none_is_open = true,
		.remark = reader->remark,
		.ctx = reader->ctx,
		.refusal = ""};
	c->s.host_alias = arena_text(&c->arena, bytes_str(host_alias));
	if (c->s.host_alias == NULL) {
		client_conf_free(c);
		return NULL;
	}
	c->s.connection_attempts = 1;
	c->s.alive_interval_ms = ALIVE_INTERVAL_MS; /* ssh has 0, and hangs for hours */
	c->s.alive_count_max = ALIVE_COUNT_MAX;
	c->s.tcp_keepalive = true;
	c->s.password_auth = c->s.kbdint_auth = true;
	c->s.password_prompts = PASSWORD_PROMPTS;
	c->s.wants_session = true;
	c->s.tunnel_device = (struct tun_spec){TUN_UNIT_ANY, TUN_UNIT_ANY};
	c->s.bind_mask = 0177;
	c->s.log_level = LOG_LEVEL_INFO;
	return c;
}

void client_conf_free(struct client_conf *c)
{
	if (c == NULL)
		return;
	arena_fini(&c->arena);
	free(c->s.forwards);
	free(c->s.locals);
	free(c->s.remote_opens);
	free(c);
}

/* Keeps text in *place unless something stands there. */
static enum err put_first(struct client_conf *c, char **place, const char *text)
{
	if (*place != NULL)
		return E_OK;
	*place = arena_text(&c->arena, bytes_str(text));
	return *place != NULL ? E_OK : E_NOMEM;
}

enum err client_conf_log_file(struct client_conf *c, const char *path)
{
	return put_first(c, &c->s.log_file, path);
}

/* A name of the environment without braces is looked up at the end; what is wrong with it is said
 * here, as ssh does. */
static bool is_variable(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!(*name >= 'A' && *name <= 'Z') && !(*name >= 'a' && *name <= 'z') &&
			!(*name >= '0' && *name <= '9') && *name != '_')
			return false;
	return true;
}

static enum err take_identity_agent(struct source *src, const char *arg, const struct conf_at *at)
{
	if (arg[0] == '$' && arg[1] != '{' && !is_variable(arg + 1))
		return conf_bad(at, E_VALUE, "Invalid environment name %.80s.", arg);
	return src->is_active ? put_first(src->c, &src->c->s.identity_agent, arg) : E_OK;
}

struct include {
	struct source *src;
	struct fault *f;
	enum err e;
};

static void include_one(void *arg, const char *path)
{
	struct include *inc = arg;
	struct source *outer = inc->src;
	struct source src = {.c = outer->c,
		.path = path,
		.is_file = true,
		.is_user = outer->is_user,
		.is_active = outer->is_active,
		.is_only_read = !outer->is_active,
		.depth = outer->depth + 1};
	const struct conf_reader *reader = &outer->c->reader;
	char *text = NULL;
	size_t len = 0;

	if (inc->e != E_OK)
		return;
	inc->e = reader->read(reader->ctx, path, &text, &len, inc->f);
	if (inc->e == E_UNKNOWN) {
		inc->e = E_OK;
		return;
	}
	if (inc->e == E_OK)
		inc->e = read_text(&src, bytes_of(text, len), inc->f);
	outer->is_over = inc->e != E_OK;
	free(text);
}

/* A pattern as the reader wants it: absolute. Relative ones start where ssh has its own files. */
static enum err include_pattern(
	struct source *src, const char *arg, char path[static EXPAND_MAX], const struct conf_at *at)
{
	const char *home = src->c->local.home;
	struct fault why = {0};
	enum err e = expand_home(arg, home, path, &why);
	int n;

	if (arg[0] == '~' && !src->is_user)
		return conf_bad(at, E_VALUE, "bad include path %s.", arg);
	if (e == E_UNKNOWN) { /* another user's home, which the reader knows */
		snprintf(path, EXPAND_MAX, "%s", arg);
		return E_OK;
	}
	if (e != E_OK)
		return conf_bad(at, e, "%s", why.text);
	if (path[0] == '/')
		return E_OK;
	if (src->is_user)
		n = snprintf(path, EXPAND_MAX, "%s/.ssh/%s", home, arg);
	else
		n = snprintf(path, EXPAND_MAX, "/etc/ssh/%s", arg);
	return n < 0 || n >= EXPAND_MAX ? conf_bad(at, E_LIMIT, "Include path too long") : E_OK;
}

static enum err take_include(
	struct source *src, const struct lex_line *line, const struct conf_at *at)
{
	const struct conf_reader *reader = &src->c->reader;

	if (src->depth + 1 >= INCLUDE_DEPTH_MAX) {
		src->is_over = true;
		return conf_bad(at, E_LIMIT, "Too many recursive configuration includes");
	}
	for (size_t i = 0; i < line->count; i++) {
		struct include inc = {src, at->fault, E_OK};
		char pattern[EXPAND_MAX];
		enum err e;

		if (line->args[i][0] == '\0')
			return conf_bad(at, E_FORMAT, "keyword include empty argument");
		e = include_pattern(src, line->args[i], pattern, at);
		if (e != E_OK)
			return e;
		reader->glob(reader->ctx, pattern, include_one, &inc);
		if (inc.e != E_OK)
			return inc.e;
	}
	return E_OK;
}

/* The host as it is known so far. */
static enum err host_by_now(
	const struct client_conf *c, char host[static EXPAND_MAX], struct fault *why)
{
	static const struct expand_token none[] = {{'\0', NULL}};
	struct expand_token tokens[] = {{'h', c->s.host_alias}, none[0]};

	if (c->is_final || c->s.hostname == NULL)
		return expand_text(
			c->is_final ? c->s.hostname : c->s.host_alias, NULL, NULL, host, why);
	return expand_text(c->s.hostname, tokens, NULL, host, why);
}

static enum err take_block(
	struct source *src, const struct lex_line *line, bool is_match, const struct conf_at *at)
{
	struct client_conf *c = src->c;
	char host[EXPAND_MAX];
	struct tokens t;
	struct fault why = {0};
	bool holds = false;
	enum err e;

	src->is_active = false; /* a bad condition holds for nothing */
	snprintf(host, sizeof(host), "%s", c->is_final ? c->s.hostname : c->s.host_alias);
	e = is_match ? host_by_now(c, host, &why) : E_OK;
	if (e == E_OK && is_match)
		e = client_make_tokens(c, host, host, &t, &why);
	if (e != E_OK)
		return conf_bad(at, e, "Hostname: %s", why.text);
	struct blocks_facts facts = {.host = host,
		.original = c->s.host_alias,
		.user = c->s.user != NULL ? c->s.user : c->local.user,
		.local_user = c->local.user,
		.tag = c->tag != NULL ? c->tag : "",
		.session = c->s.wants_session ? "shell" : "none",
		.is_final = c->is_final,
		.tokens = t.list,
		.reader = &c->reader};
	if (is_match && src->is_only_read)
		facts.reader = &unable;
	e = is_match ? blocks_match(line, &facts, at, &holds, &c->wants_final)
		     : blocks_host(line, &facts, at, &holds);
	src->is_active = e == E_OK && holds && !src->is_only_read;
	return e;
}

static enum err take_port(
	struct source *src, const struct keyword *one, const char *arg, const struct conf_at *at)
{
	struct client_conf *c = src->c;
	uint16_t port;

	if (!forward_port_parse(arg, &port) || port == 0)
		return conf_bad(at, E_VALUE, "Bad port '%.40s'.", arg);
	if (src->is_active && !keywords_is_set(&c->words, one)) {
		c->s.port = port;
		keywords_set(&c->words, one);
	}
	return E_OK;
}

static enum err take_bind_mask(
	struct source *src, const struct keyword *one, const char *arg, const struct conf_at *at)
{
	struct client_conf *c = src->c;
	char *end;
	long mask = strtol(arg, &end, 8);

	if (end == arg || *end != '\0' || mask < 0 || mask > 0777)
		return conf_bad(at, E_VALUE, "Bad mask.");
	if (src->is_active && !keywords_is_set(&c->words, one)) {
		c->s.bind_mask = (unsigned)mask;
		keywords_set(&c->words, one);
	}
	return E_OK;
}

static enum err take_remote_opens(struct source *src, const struct keyword *one,
	const struct lex_line *line, const struct conf_at *at)
{
	struct client_conf *c = src->c;
	bool stores = src->is_active && !keywords_is_set(&c->words, one);

	if (stores)
		keywords_set(&c->words, one);
	return client_take_remote_opens(c, line, stores, at);
}

/* The keywords that only steer reading make sense in files alone. */
static bool is_for_files(int special)
{
	return special == CLIENT_HOST || special == CLIENT_MATCH || special == CLIENT_INCLUDE;
}

static enum err take_special(struct source *src, const struct keyword *one,
	const struct lex_line *line, const struct conf_at *at)
{
	struct client_conf *c = src->c;
	const char *arg;
	enum err e;

	if (!src->is_file && is_for_files(one->what))
		return fault_set(at->fault, E_FORMAT, 0,
			"%s directive not supported as a command-line option", one->name);
	switch ((enum client_special)one->what) {
	case CLIENT_HOST:
	case CLIENT_MATCH:
		return take_block(src, line, one->what == CLIENT_MATCH, at);
	case CLIENT_INCLUDE:
		return take_include(src, line, at);
	case CLIENT_REMOTE_FORWARD:
		return client_take_forward(c, CLIENT_REMOTE, line, src->is_active, at);
	case CLIENT_LOCAL_FORWARD:
		return client_take_forward(c, CLIENT_LOCAL, line, src->is_active, at);
	case CLIENT_DYNAMIC_FORWARD:
		return client_take_forward(c, CLIENT_DYNAMIC, line, src->is_active, at);
	case CLIENT_REMOTE_OPENS:
		return take_remote_opens(src, one, line, at);
	case CLIENT_KNOWN_COMMAND:
		return src->is_active ? put_first(c, &c->s.known_hosts_command, line->rest) : E_OK;
	case CLIENT_PROXY_JUMP:
		return client_take_proxy_jump(c, line->rest, !src->is_file, src->is_active, at);
	case CLIENT_PROXY_COMMAND:
		return client_take_proxy_command(c, line->rest, src->is_active);
	default:
		break;
	}
	arg = keywords_single(line, at, &e);
	if (arg == NULL)
		return e;
	if (one->what == CLIENT_PORT)
		return take_port(src, one, arg, at);
	if (one->what == CLIENT_IDENTITY_AGENT)
		return take_identity_agent(src, arg, at);
	if (one->what == CLIENT_BIND_MASK)
		return take_bind_mask(src, one, arg, at);
	if (one->what == CLIENT_REFUSE)
		return src->is_active ? conf_bad(at, E_DENIED, "RefuseConnection: %s", arg) : E_OK;
	if (one->what == CLIENT_TUNNEL_DEVICE)
		return client_take_tunnel_device(c, arg, src->is_active, at);
	assert(one->what == CLIENT_IGNORE_UNKNOWN || one->what == CLIENT_TAG);
	if (!src->is_active)
		return E_OK;
	return put_first(c, one->what == CLIENT_TAG ? &c->tag : &c->ignore_unknown, arg);
}

static enum err take_line(struct source *src, struct lex_line *line, struct fault *f)
{
	struct client_conf *c = src->c;
	struct conf_at at = {src->path, line->number, line->keyword, f};
	const struct keyword *one;
	enum err e;

	/* ssh says keywords in lower case, whatever the file has. */
	for (char *k = line->keyword; *k != '\0'; k++)
		if (*k >= 'A' && *k <= 'Z')
			*k = (char)(*k - 'A' + 'a');
	one = keywords_find(&c->words, line->keyword);
	if (one == NULL && (line->trouble == LEX_FINE || line->trouble == LEX_QUOTES)) {
		if (c->ignore_unknown != NULL && text_match_list(bytes_str(c->ignore_unknown),
							 bytes_str(line->keyword), true) == 1)
			return keywords_check_line(line, &at);
		return conf_unknown(&at);
	}
	e = keywords_check_line(line, &at);
	if (e != E_OK)
		return e;
	if (one->kind == KEYWORD_SPECIAL)
		return take_special(src, one, line, &at);
	return keywords_apply(&c->words, one, line, src->is_active, &at);
}

/* Reads on after bad lines, so that all of them are told at once. */
static enum err read_text(struct source *src, struct bytes text, struct fault *f)
{
	const struct conf_reader *reader = &src->c->reader;
	struct lex_line line;
	struct lex lex;
	enum err first = E_OK;

	lex_init(&lex, text);
	while (!src->is_over && lex_next(&lex, &line)) {
		struct fault why = {0};
		enum err e = take_line(src, &line, &why);

		if (e == E_OK)
			continue;
		if (e == E_NOMEM || src->is_over)
			return fault_set(f, e, 0, "%s", why.err != E_OK ? why.text : err_text(e));
		if (reader->complain != NULL)
			reader->complain(reader->ctx, why.text);
		else
			fault_set(f, e, 0, "%s", why.text);
		src->bad_lines++;
		if (first == E_OK)
			first = e;
	}
	if (first != E_OK)
		fault_set(f, first, 0, "%s: terminating, %u bad configuration options", src->path,
			src->bad_lines);
	return first;
}

enum err client_conf_file(
	struct client_conf *c, const char *path, struct bytes text, bool is_user, struct fault *f)
{
	struct source src = {
		.c = c, .path = path, .is_file = true, .is_user = is_user, .is_active = true};

	return read_text(&src, text, f);
}

static enum err take_command_line(struct client_conf *c, struct lex_line *line, struct fault *f)
{
	struct source src = {.c = c, .path = "command-line", .is_active = true};
	enum err e = take_line(&src, line, f);

	return e == E_NOMEM ? fault_set(f, e, 0, "%s", err_text(e)) : e;
}

enum err client_conf_option(struct client_conf *c, const char *option, struct fault *f)
{
	struct lex_line line;

	return lex_option(bytes_str(option), &line) ? take_command_line(c, &line, f) : E_OK;
}

enum err client_conf_value(
	struct client_conf *c, const char *keyword, const char *value, struct fault *f)
{
	struct lex_line line = {.keyword = line.text, .count = 1};
	int n = snprintf(line.text, sizeof(line.text), "%s%c%s", keyword, '\0', value);

	if (n < 0 || (size_t)n >= sizeof(line.text))
		return fault_set(f, E_LIMIT, 0, "command-line line 0: %s value too long", keyword);
	line.args[0] = line.text + strlen(line.text) + 1;
	line.rest = line.args[0];
	if (strcmp(keyword, "User") == 0 && c->s.user == NULL)
		c->user_is_literal = true;
	return take_command_line(c, &line, f);
}

enum err client_conf_override(
	struct client_conf *c, const char *keyword, const char *value, struct fault *f)
{
	const struct keyword *one = keywords_find(&c->words, keyword);

	keywords_clear(&c->words, one);
	return client_conf_value(c, keyword, value, f);
}

bool client_conf_wants_final(const struct client_conf *c)
{
	return c->wants_final;
}

enum err client_conf_begin_final(struct client_conf *c, struct fault *f)
{
	enum err e = client_settle_host(c, f);

	if (e == E_OK)
		keywords_set(&c->words, keywords_find(&c->words, "Hostname"));
	c->is_final = e == E_OK;
	return e;
}
