/* SPDX-License-Identifier: ISC */
/*
 * The relay's settings while they are collected, for relay.c (lines, blocks, passes) and
 * relay_special.c (keywords that are no plain values).
 */
#ifndef CONF_RELAY_IMPL_H
#define CONF_RELAY_IMPL_H

#include "conf/keywords.h"
#include "conf/relay.h"
#include "keys/arena.h"

enum { RELAY_RATE_DEFAULT = 30 };

struct relay_address {
	char *host;
	bool has_port;
	uint16_t port;
};

enum pass { PASS_OUTSIDE, PASS_MATCHED };

enum origin { FROM_OPTION, FROM_PORT, FROM_FILE };

/* What was read, in order. */
struct source {
	struct source *next;
	enum origin origin;
	const char *path;
	struct bytes text;
};

struct relay_conf {
	unsigned refs;
	struct relay_settings s;
	struct source *sources, **last_source;
	const struct relay_facts *facts; /* while read for a connection */
	enum pass pass;
	bool in_match, holds; /* of the line at hand */
	bool has_match;
	bool may_tunnel; /* some PermitTunnel says so */
	struct keywords words;
	struct arena arena;
	uint16_t ports[RELAY_LISTEN_MAX];
	size_t port_count;
	bool ports_are_fixed; /* by -p: those of the file are read and not used */
	struct relay_address addresses[RELAY_LISTEN_MAX];
	size_t address_count;
	size_t permit_cap;
	bool opens_nothing; /* PermitOpen none */
};

/* takes: the line is in force; else it is only checked. */
enum err relay_take_special(struct relay_conf *c, const struct keyword *one,
	const struct lex_line *line, bool takes, const struct conf_at *at) MUST_USE;
enum err relay_add_port(
	struct relay_conf *c, const char *text, const struct conf_at *at) MUST_USE;

#endif
