/* SPDX-License-Identifier: ISC */
/*
 * Address lists of key options (from=, source-address): patterns, addresses and networks in CIDR
 * notation, with ! negation (sshd(8), PATTERNS in ssh_config(5)). Numeric addresses only; no names
 * are looked up.
 */
#ifndef KEYS_ADDRMATCH_H
#define KEYS_ADDRMATCH_H

#include "base/bytes.h"

enum { ADDRMATCH_TEXT_MAX = 64 };

/* Whether the list can be used at all: no empty element, no network with bits beyond its mask or
 * with a mask that is too long. */
bool addrmatch_is_valid(struct bytes list);
/* Whether it is a list of addresses and networks only, as certificates have them: no pattern, no !. */
bool addrmatch_is_networks(struct bytes list);
/* Whether a valid list admits the address: some element matches and no negated one does. False for
 * a list that is not valid and for what is no numeric address. An IPv4 address mapped into IPv6
 * counts as IPv4; a zone (%eth0) counts for patterns, not for networks. */
bool addrmatch_allows(struct bytes list, const char *address);

#endif
