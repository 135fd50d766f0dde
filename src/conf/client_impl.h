/* SPDX-License-Identifier: ISC */
/* A collection of the agent's settings while it is under way; for client.c, client_forwards.c and
 * client_finish.c only. */
#ifndef CONF_CLIENT_IMPL_H
#define CONF_CLIENT_IMPL_H

#include "conf/client.h"
#include "conf/keywords.h"
#include "keys/arena.h"

struct client_conf {
	struct client_settings s;
	struct keywords words;
	struct arena arena;
	struct conf_reader reader;
	struct conf_local local;
	char *ignore_unknown, *tag; /* NULL: not said */
	size_t forward_cap, local_cap;
	struct forward_spec stdio;
};

/* A line of RemoteForward, LocalForward or DynamicForward; one that does not hold is only checked.
 */
enum err client_take_forward(struct client_conf *c, enum client_forward kind,
	const struct lex_line *line, bool is_active, const struct conf_at *at) MUST_USE;
/* A line of PermitRemoteOpen; stores: it is the first that holds. */
enum err client_take_remote_opens(struct client_conf *c, const struct lex_line *line, bool stores,
	const struct conf_at *at) MUST_USE;

#endif
