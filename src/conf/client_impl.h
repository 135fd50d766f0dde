/* SPDX-License-Identifier: ISC */
/* A collection of the agent's settings while it is under way; for client.c, client_forwards.c and
 * client_finish.c only. */
#ifndef CONF_CLIENT_IMPL_H
#define CONF_CLIENT_IMPL_H

#include "conf/client.h"
#include "conf/expand.h"
#include "conf/keywords.h"
#include "crypto/digest.h"
#include "keys/arena.h"

enum { TOKENS_MAX = 16, TOKENS_PORT = 8, TOKENS_UID = 24, TOKENS_HASH = 2 * DIGEST_MAX + 1 };

/* What the tokens stand for, with the memory of those that have to be made. */
struct tokens {
	struct expand_token list[TOKENS_MAX];
	char port[TOKENS_PORT], uid[TOKENS_UID], hash[TOKENS_HASH], short_host[EXPAND_MAX];
};

struct client_conf {
	struct client_settings s;
	struct keywords words;
	struct arena arena;
	struct conf_reader reader;
	struct conf_local local;
	char *ignore_unknown, *tag; /* NULL: not said */
	bool wants_final, is_final;
	bool user_is_literal; /* from the command line: tokens stand for themselves */
	struct expand_token kept[TOKENS_MAX]; /* the settings' */
	size_t forward_cap, local_cap;
	struct forward_spec stdio;
	bool has_tunnel_device;
};

/* A line of RemoteForward, LocalForward or DynamicForward; one that does not hold is only checked.
 */
enum err client_take_forward(struct client_conf *c, enum client_forward kind,
	const struct lex_line *line, bool is_active, const struct conf_at *at) MUST_USE;
/* TunnelDevice, the first that holds. */
enum err client_take_tunnel_device(
	struct client_conf *c, const char *arg, bool is_active, const struct conf_at *at) MUST_USE;
/* All tunnels with what belongs to each. */
enum err client_finish_tunnels(struct client_conf *c, struct fault *f) MUST_USE;
/* A line of PermitRemoteOpen; stores: it is the first that holds. */
enum err client_take_remote_opens(struct client_conf *c, const struct lex_line *line, bool stores,
	const struct conf_at *at) MUST_USE;
/* Lines of ProxyJump (is_strict: of the command line) and ProxyCommand: all behind the keyword. */
enum err client_take_proxy_jump(struct client_conf *c, const char *text, bool is_strict,
	bool is_active, const struct conf_at *at) MUST_USE;
enum err client_take_proxy_command(struct client_conf *c, const char *text, bool is_active) MUST_USE;
/* Host, user and port are known. */
enum err client_finish_proxy(struct client_conf *c, struct fault *f) MUST_USE;

/* For a host as it is known by now; alias: what %k stands for unless HostKeyAlias is set. Borrows. */
enum err client_make_tokens(const struct client_conf *c, const char *host, const char *alias,
	struct tokens *t, struct fault *f) MUST_USE;
/* Hostname from what was said of it, with its tokens expanded and in lower case. */
enum err client_settle_host(struct client_conf *c, struct fault *f) MUST_USE;

#endif
