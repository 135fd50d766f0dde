/* SPDX-License-Identifier: ISC */
/*
 * From what was collected to settings a program can use: defaults, tokens, paths. Values that stand
 * in settings afterwards need no further treatment.
 */
#include <stdio.h>
#include <strings.h>

#include "base/text.h"
#include "conf/client_impl.h"
#include "conf/expand.h"
#include "crypto/digest.h"
#include "wire/namelist.h"

enum { METHODS_TEXT = 128 };

/* %j: none may be said to be none. */
static const char *jump_token(const struct client_settings *s)
{
	return s->jump_host != NULL && strcasecmp(s->jump_host, "none") != 0 ? s->jump_host : "";
}

static void lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static enum err set(struct client_conf *c, char **place, const char *text, struct fault *f)
{
	*place = arena_text(&c->arena, bytes_str(text));
	return *place != NULL ? E_OK : fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
}

enum err client_settle_host(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;
	struct expand_token tokens[] = {{'h', s->host_alias}, {'\0', NULL}};
	char host[EXPAND_MAX];
	enum err e = E_OK;

	if (c->is_final) /* as it was settled for the second pass */
		return E_OK;
	if (s->hostname == NULL)
		e = set(c, &s->hostname, s->host_alias, f);
	else if ((e = expand_text(s->hostname, tokens, NULL, host, f)) == E_OK)
		e = set(c, &s->hostname, host, f);
	if (e != E_OK)
		return e;
	/* Names are looked up and compared with known_hosts in lower case. */
	lower(s->hostname);
	return E_OK;
}

/* User of a file takes all tokens but itself and what is made of it. A name that was put together
 * must not be more than a name to a command it is given to. */
static enum err finish_user(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;
	char user[EXPAND_MAX];
	struct tokens t;
	enum err e = E_OK;

	if (c->user_is_literal || strpbrk(s->user, "%$") == NULL)
		return E_OK;
	e = client_make_tokens(c, s->hostname, s->host_alias, &t, f);
	for (struct expand_token *one = t.list; e == E_OK && one->letter != '\0'; one++)
		if (one->letter == 'r' || one->letter == 'C')
			one->letter = '\1';
	if (e == E_OK)
		e = expand_text(s->user, t.list, &c->reader, user, f);
	if (e != E_OK)
		return e;
	if (user[0] == '-' || strpbrk(user, "'`\";&<>|(){}\\ \t\r\n") != NULL)
		return fault_set(f, E_VALUE, 0, "remote username contains invalid characters");
	return set(c, &s->user, user, f);
}

static enum err finish_host(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;
	enum err e = client_settle_host(c, f);

	if (e != E_OK)
		return e;
	if (s->host_key_alias != NULL)
		lower(s->host_key_alias);
	if (s->port == 0)
		s->port = CLIENT_PORT_DEFAULT;
	return s->user == NULL ? set(c, &s->user, c->local.user, f) : finish_user(c, f);
}

/* %C: names a connection by one word (ssh_config(5), TOKENS). */
static enum err make_hash(const struct client_conf *c, const char *host, const char *user,
	struct tokens *t, struct fault *f)
{
	struct bytes pieces[] = {bytes_str(c->local.host), bytes_str(host), bytes_str(t->port),
		bytes_str(user), bytes_str(jump_token(&c->s))};
	uint8_t sum[DIGEST_MAX];
	enum err e = digest_pieces(DIGEST_SHA1, pieces, sizeof(pieces) / sizeof(*pieces), sum);

	if (e != E_OK)
		return fault_set(f, e, 0, "%s", err_text(e));
	for (size_t i = 0; i < digest_len(DIGEST_SHA1); i++)
		snprintf(t->hash + 2 * i, 3, "%02x", sum[i]);
	return E_OK;
}

enum err client_make_tokens(const struct client_conf *c, const char *host, const char *alias,
	struct tokens *t, struct fault *f)
{
	const struct client_settings *s = &c->s;
	const char *user = s->user != NULL ? s->user : c->local.user;

	snprintf(t->port, sizeof(t->port), "%u", s->port != 0 ? s->port : CLIENT_PORT_DEFAULT);
	snprintf(t->uid, sizeof(t->uid), "%lu", c->local.uid);
	snprintf(t->short_host, sizeof(t->short_host), "%.*s", (int)strcspn(c->local.host, "."),
		c->local.host);
	const struct expand_token list[] = {{'C', t->hash}, {'d', c->local.home}, {'h', host},
		{'i', t->uid}, {'j', jump_token(s)},
		{'k', s->host_key_alias != NULL ? s->host_key_alias : alias}, {'L', t->short_host},
		{'l', c->local.host}, {'n', s->host_alias}, {'p', t->port}, {'r', user},
		{'u', c->local.user}, {'\0', NULL}};
	_Static_assert(sizeof(list) <= sizeof(t->list), "tokens");
	memcpy(t->list, list, sizeof(list));
	return make_hash(c, host, user, t, f);
}

/* tokens NULL: only ~ is expanded. */
static enum err finish_path(
	struct client_conf *c, const struct tokens *t, char **path, struct fault *f)
{
	char expanded[EXPAND_MAX], whole[EXPAND_MAX];
	enum err e;

	if (t == NULL)
		e = expand_home(*path, c->local.home, whole, f);
	else if ((e = expand_home(*path, c->local.home, expanded, f)) == E_OK)
		e = expand_text(expanded, t->list, &c->reader, whole, f);
	return e == E_OK ? set(c, path, whole, f) : e;
}

/* Expands, and leaves out "none" and what stands there already. */
static enum err finish_files(
	struct client_conf *c, const struct tokens *t, char **files, size_t *count, struct fault *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		enum err e;
		size_t twin = 0;

		if (strcasecmp(files[i], "none") == 0)
			continue;
		e = finish_path(c, t, &files[i], f);
		if (e != E_OK)
			return e;
		while (twin < kept && strcmp(files[twin], files[i]) != 0)
			twin++;
		if (twin == kept)
			files[kept++] = files[i];
	}
	*count = kept;
	return E_OK;
}

static enum err defaults(struct client_conf *c, char **files, size_t *count,
	const char *const *names, struct fault *f)
{
	if (*count > 0)
		return E_OK;
	for (; names[*count] != NULL; ++*count) {
		enum err e = set(c, &files[*count], names[*count], f);

		if (e != E_OK)
			return e;
	}
	return E_OK;
}

/* Remembers what was written, once each, before it is expanded. */
static void keep_words(
	char *const *files, size_t count, char *words[static CLIENT_FILES_MAX], size_t *kept)
{
	for (size_t i = 0; i < count; i++) {
		size_t twin = 0;

		while (twin < *kept && strcmp(words[twin], files[i]) != 0)
			twin++;
		if (twin == *kept)
			words[(*kept)++] = files[i];
	}
}

/* ssh_config(5), IdentityAgent. A variable that is not set is like "none". */
static enum err finish_agent(struct client_conf *c, const struct tokens *t, struct fault *f)
{
	struct client_settings *s = &c->s;
	const char *wish = s->identity_agent != NULL ? s->identity_agent : "SSH_AUTH_SOCK";
	const char *variable = NULL, *path;

	if (strcasecmp(wish, "none") == 0)
		return E_OK;
	if (strcmp(wish, "SSH_AUTH_SOCK") == 0)
		variable = wish;
	else if (wish[0] == '$' && wish[1] != '{')
		variable = wish + 1;
	if (variable == NULL) {
		enum err e = set(c, &s->agent_socket, wish, f);

		if (e == E_OK)
			e = finish_path(c, t, &s->agent_socket, f);
		s->identity_agent = s->agent_socket;
		return e;
	}
	path = c->reader.env != NULL ? c->reader.env(c->reader.ctx, variable) : NULL;
	return path != NULL && path[0] != '\0' ? set(c, &s->agent_socket, path, f) : E_OK;
}

static bool is_wanted(const struct client_settings *s, const char *method)
{
	if (strcmp(method, "publickey") == 0)
		return s->pubkey_auth != PUBKEY_NO;
	/* The others ask a person. */
	if (s->batch_mode)
		return false;
	return strcmp(method, "password") == 0 ? s->password_auth : s->kbdint_auth;
}

/* In the order that is preferred, each once. ssh knows others, which are not spoken here. */
static enum err finish_methods(struct client_conf *c, struct fault *f)
{
	static const char *const methods[] = {"publickey", "keyboard-interactive", "password"};
	const char *order = c->s.preferred_methods != NULL
				    ? c->s.preferred_methods
				    : "publickey,keyboard-interactive,password";
	char list[METHODS_TEXT] = "";

	for (struct bytes rest = bytes_str(order), name; namelist_next(&rest, &name);)
		for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
			size_t len = strlen(list);

			if (bytes_is(name, methods[i]) && is_wanted(&c->s, methods[i]) &&
				!namelist_has(bytes_str(list), methods[i]))
				snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? "," : "",
					methods[i]);
		}
	return set(c, &c->s.login_methods, list, f);
}

static enum err finish_all_files(struct client_conf *c, const struct tokens *t, struct fault *f)
{
	static const char *const identities[] = {"~/.ssh/id_rsa", "~/.ssh/id_ecdsa",
		"~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519", "~/.ssh/id_ed25519_sk", NULL};
	static const char *const known[] = {"~/.ssh/known_hosts", "~/.ssh/known_hosts2", NULL};
	static const char *const global[] = {
		"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2", NULL};
	struct client_settings *s = &c->s;
	enum err e = defaults(c, s->identity_files, &s->identity_count, identities, f);

	/* Files of the user's choice are the user's to keep, as in ssh; and who wants keys from DNS
	 * does not want them in files. */
	if (s->update_hosts == UPDATE_HOSTS_DEFAULT)
		s->update_hosts = s->known_hosts_count == 0 && s->verify_dns == VERIFY_DNS_NO
					  ? UPDATE_HOSTS_YES
					  : UPDATE_HOSTS_NO;
	/* Who wants to hear nothing is not asked. */
	if (s->update_hosts == UPDATE_HOSTS_ASK && s->log_level < LOG_LEVEL_INFO)
		s->update_hosts = UPDATE_HOSTS_NO;
	if (e == E_OK)
		e = defaults(c, s->known_hosts, &s->known_hosts_count, known, f);
	if (e == E_OK)
		e = defaults(c, s->global_known_hosts, &s->global_known_hosts_count, global, f);
	if (e == E_OK) {
		keep_words(s->identity_files, s->identity_count, s->identity_words,
			&s->identity_word_count);
		keep_words(s->certificate_files, s->certificate_count, s->certificate_words,
			&s->certificate_word_count);
		e = finish_files(c, t, s->identity_files, &s->identity_count, f);
	}
	if (e == E_OK)
		e = finish_files(c, t, s->certificate_files, &s->certificate_count, f);
	if (e == E_OK)
		e = finish_agent(c, t, f);
	if (e == E_OK)
		e = finish_files(c, t, s->known_hosts, &s->known_hosts_count, f);
	if (e == E_OK)
		e = finish_files(c, NULL, s->global_known_hosts, &s->global_known_hosts_count, f);
	if (e == E_OK)
		e = finish_files(c, t, s->revoked_host_keys, &s->revoked_host_keys_count, f);
	return e;
}

/* The program may be named from the home folder, its arguments stand as they are. */
static enum err finish_hook(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;

	if (s->forward_hook_count == 1 && strcasecmp(s->forward_hook[0], "none") == 0)
		s->forward_hook_count = 0;
	return s->forward_hook_count > 0 ? finish_path(c, NULL, &s->forward_hook[0], f) : E_OK;
}

static bool read_proxy(const char *word, enum proxy_version *version)
{
	static const char *const words[] = {
		[PROXY_NONE] = "none", [PROXY_V1] = "v1", [PROXY_V2] = "v2"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(word, words[i]) == 0) {
			*version = (enum proxy_version)i;
			return true;
		}
	return false;
}

/* A word of a keyword of forwards: "v2" is for all, "80=v2" for those that ask for port 80. */
struct portword {
	bool is_of_port;
	uint16_t port;
	const char *value;
};

static bool read_portword(const char *word, struct portword *out)
{
	const char *equals = strchr(word, '=');
	char port[EXPAND_MAX];

	*out = (struct portword){equals != NULL, 0, equals != NULL ? equals + 1 : word};
	if (equals == NULL)
		return true;
	snprintf(port, sizeof(port), "%.*s", (int)(equals - word), word);
	return forward_port_parse(port, &out->port);
}

static enum err check_proxy(const char *word, struct fault *f)
{
	enum proxy_version version;
	struct portword p;

	if (!read_portword(word, &p))
		return fault_set(f, E_VALUE, 0, "ProxyProtocol %.60s: '%.*s' is no port", word,
			(int)strcspn(word, "="), word);
	if (!read_proxy(p.value, &version))
		return fault_set(f, E_VALUE, 0,
			"ProxyProtocol %.60s: v1, v2 or none is wanted, alone or behind a listen "
			"port as in 80=v2",
			word);
	return E_OK;
}

enum { RATE_MIN = 1024 };

/* "none" is 0. */
static bool read_rate(const char *word, uint64_t *bytes)
{
	if (strcasecmp(word, "none") == 0) {
		*bytes = 0;
		return true;
	}
	return text_to_size(bytes_str(word), bytes) && *bytes >= RATE_MIN;
}

static enum err check_rate(const char *word, struct fault *f)
{
	struct portword p;
	uint64_t bytes;

	if (!read_portword(word, &p))
		return fault_set(f, E_VALUE, 0, "ForwardRate %.60s: '%.*s' is no port", word,
			(int)strcspn(word, "="), word);
	if (!read_rate(p.value, &bytes))
		return fault_set(f, E_VALUE, 0,
			"ForwardRate %.60s: bytes a second from 1K up are wanted, as in 500K, or "
			"none, "
			"alone or behind a listen port as in 80=2M",
			word);
	return E_OK;
}

/* The last of the words that hold for it; what is said of a port beats what is said of all. NULL:
 * there is none. */
static const char *word_for(char *const *words, size_t count, uint16_t port)
{
	const char *found = NULL;
	bool is_of_port = false;

	for (size_t i = 0; i < count; i++) {
		struct portword p;

		if (!read_portword(words[i], &p) || (p.is_of_port && p.port != port) ||
			(is_of_port && !p.is_of_port))
			continue;
		found = p.value;
		is_of_port = p.is_of_port;
	}
	return found;
}

void client_settings_dress(
	const struct client_settings *s, bool is_remote, struct forward_spec *spec)
{
	const char *proxy = word_for(s->proxy_protocol, s->proxy_protocol_count, spec->listen_port);
	const char *rate = word_for(s->forward_rate, s->forward_rate_count, spec->listen_port);

	if (is_remote && proxy != NULL)
		(void)read_proxy(proxy, &spec->proxy);
	if (rate != NULL)
		(void)read_rate(rate, &spec->rate_bytes);
}

static enum err finish_words(struct client_settings *s, struct fault *f)
{
	enum err e = E_OK;

	for (size_t i = 0; e == E_OK && i < s->proxy_protocol_count; i++)
		e = check_proxy(s->proxy_protocol[i], f);
	for (size_t i = 0; e == E_OK && i < s->forward_rate_count; i++)
		e = check_rate(s->forward_rate[i], f);
	for (size_t i = 0; e == E_OK && i < s->forward_count; i++)
		client_settings_dress(s, true, &s->forwards[i]);
	for (size_t i = 0; e == E_OK && i < s->local_count; i++)
		client_settings_dress(s, false, &s->locals[i]);
	return e;
}

/* "fd:N" or "file:PATH"; which of them, and whether it is any good, the program says. */
static enum err finish_info(struct client_conf *c, struct fault *f)
{
	static const char prefix[] = "file:~";
	char path[EXPAND_MAX], whole[EXPAND_MAX + sizeof(prefix)];
	struct client_settings *s = &c->s;
	enum err e;

	if (s->forward_info == NULL || strncmp(s->forward_info, prefix, sizeof(prefix) - 1) != 0)
		return E_OK;
	e = expand_home(s->forward_info + sizeof(prefix) - 2, c->local.home, path, f);
	if (e != E_OK)
		return e;
	snprintf(whole, sizeof(whole), "file:%s", path);
	return set(c, &s->forward_info, whole, f);
}

static bool has_control_path(const struct client_settings *s)
{
	return s->control_path != NULL && strcasecmp(s->control_path, "none") != 0;
}

/* Whoever wants forwards, or may come to want them, wants them to stay, unless he asked to be told
 * by an exit. */
static void finish_reconnect(struct client_conf *c)
{
	struct client_settings *s = &c->s;
	bool wants_some = s->forward_count + s->local_count + s->tunnel_count > 0 ||
			  (s->control_master != CONTROL_NO && has_control_path(s));

	if (!keywords_is_set(&c->words, keywords_find(&c->words, "Reconnect")))
		s->reconnect = wants_some && !s->exit_on_forward_failure;
	/* A stream that was cut cannot be taken up again. */
	if (s->stdio != NULL)
		s->reconnect = false;
}

/* -W carries one connection for another program: unless it is said, nothing else of what a config
 * file forwards is done, and a failure is told by the exit code. */
static void finish_stdio(struct client_conf *c)
{
	static const char *const names[] = {"ClearAllForwardings", "ExitOnForwardFailure"};
	bool *flags[] = {&c->s.clear_all_forwardings, &c->s.exit_on_forward_failure};

	for (size_t i = 0; c->s.stdio != NULL && i < sizeof(flags) / sizeof(*flags); i++)
		if (!keywords_is_set(&c->words, keywords_find(&c->words, names[i])))
			*flags[i] = true;
}

/* Tokens stand for something in paths only. */
static enum err finish_socket_path(
	const struct tokens *t, char path[static FORWARD_PATH_MAX], struct fault *f)
{
	char whole[EXPAND_MAX];
	enum err e = expand_text(path, t->list, NULL, whole, f);

	if (e == E_OK && !bytes_to_cstr(bytes_str(whole), path, FORWARD_PATH_MAX))
		e = fault_set(f, E_LIMIT, 0,
			"'%.100s': the path of a Unix socket is longer than %d bytes", path,
			FORWARD_PATH_MAX - 1);
	return e;
}

static enum err finish_forwards(
	const struct tokens *t, struct forward_spec *specs, size_t count, struct fault *f)
{
	enum err e = E_OK;

	for (size_t i = 0; e == E_OK && i < count; i++) {
		e = finish_socket_path(t, specs[i].listen_path, f);
		if (e == E_OK)
			e = finish_socket_path(t, specs[i].path, f);
	}
	return e;
}

static enum err finish_control(struct client_conf *c, const struct tokens *t, struct fault *f)
{
	struct client_settings *s = &c->s;

	if (!has_control_path(s))
		s->control_path = NULL;
	return s->control_path != NULL ? finish_path(c, t, &s->control_path, f) : E_OK;
}

/* For those who expand words when the connection is there. */
static enum err keep_tokens(struct client_conf *c, const struct tokens *t, struct fault *f)
{
	enum err e = E_OK;

	memcpy(c->kept, t->list, sizeof(c->kept));
	for (struct expand_token *one = c->kept; e == E_OK && one->letter != '\0'; one++) {
		char *value = NULL;

		e = set(c, &value, one->value, f);
		one->value = value;
	}
	c->s.tokens = c->kept;
	return e;
}

/* What tokens stand in, once they are known. */
static enum err finish_tokens(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;
	struct tokens t;
	enum err e = client_make_tokens(c, s->hostname, s->host_alias, &t, f);

	if (e == E_OK)
		e = keep_tokens(c, &t, f);
	if (e == E_OK)
		e = finish_all_files(c, &t, f);
	if (e == E_OK)
		e = finish_forwards(&t, s->forwards, s->forward_count, f);
	if (e == E_OK)
		e = finish_forwards(&t, s->locals, s->local_count, f);
	if (e == E_OK)
		e = finish_control(c, &t, f);
	return e == E_OK && s->stdio != NULL ? finish_forwards(&t, s->stdio, 1, f) : e;
}

enum err client_conf_finish(
	struct client_conf *c, const struct client_settings **out, struct fault *f)
{
	struct client_settings *s = &c->s;
	char **const lists[ALGS_COUNT] = {[ALGS_CIPHERS] = &s->ciphers,
		[ALGS_MACS] = &s->macs,
		[ALGS_KEX] = &s->kex,
		[ALGS_HOSTS] = &s->host_key_algorithms,
		[ALGS_AUTHORITIES] = &s->ca_algorithms,
		[ALGS_LOGIN] = &s->pubkey_algorithms};
	enum err e;

	e = client_finish_tunnels(c, f);
	if (e != E_OK)
		return e;
	finish_stdio(c);
	if (s->clear_all_forwardings) {
		s->forward_count = s->local_count = s->tunnel_count = 0;
		s->tunnel = TUN_NONE;
	}
	if (s->connection_attempts == 0)
		return fault_set(f, E_VALUE, 0, "Invalid number of ConnectionAttempts");
	finish_reconnect(c);
	e = finish_host(c, f);
	if (e == E_OK)
		e = client_finish_proxy(c, f);
	if (e == E_OK)
		e = finish_tokens(c, f);
	if (e == E_OK)
		e = finish_hook(c, f);
	if (e == E_OK)
		e = finish_info(c, f);
	if (e == E_OK)
		e = finish_methods(c, f);
	if (e == E_OK)
		e = finish_words(s, f);
	if (e == E_OK)
		e = algs_complete(lists, &c->arena, f);
	if (e == E_OK)
		*out = s;
	return e;
}
