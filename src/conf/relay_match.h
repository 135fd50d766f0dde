/* SPDX-License-Identifier: ISC */
/*
 * Match lines of sshd_config for the relay: User, Address, LocalAddress, LocalPort and All as in
 * sshd, and Key, which is ours: the name or the fingerprint of the key that logged in. All
 * conditions of a line must hold; lists are of patterns, with ! negation.
 */
#ifndef CONF_RELAY_MATCH_H
#define CONF_RELAY_MATCH_H

#include "conf/lex.h"
#include "conf/relay.h"
#include "conf/value.h"

/* facts NULL: the line is only checked, and does not hold. Every condition is checked, also behind
 * one that does not hold. */
enum err relay_match_line(const struct lex_line *line, const struct relay_facts *facts,
	const struct conf_at *at, bool *holds) MUST_USE;
/* Whether a keyword, spelled as in the table, may stand in a Match block. */
bool relay_match_may_have(const char *keyword);

#endif
