/* SPDX-License-Identifier: ISC */
/* A collection of the agent's settings while it is under way; for client.c and client_finish.c
 * only. */
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
	size_t forward_cap;
	/* The sentence about the first LocalForward or DynamicForward that holds;
	 * ClearAllForwardings may still excuse it. NULL: none. */
	char *unserved;
};

#endif
