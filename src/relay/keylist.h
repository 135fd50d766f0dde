/* SPDX-License-Identifier: ISC */
/*
 * What the lines of keys say, for the control socket: each key with its options, and what the settings
 * and the key's line have to say about a port. Needs the keys and the settings and nothing that is
 * alive. Answers as in docs/control.md; NULL when memory is short.
 */
#ifndef RELAY_KEYLIST_H
#define RELAY_KEYLIST_H

#include <jansson.h>

#include "conf/relay.h"
#include "relay/keyring.h"

json_t *keylist_keys(const struct keyring *k);
/* place: "PORT" or "HOST:PORT", host being what an agent asks for: localhost when it says none. low_end
 * as in relay/lowports.h. */
json_t *keylist_why(const struct keyring *k, struct relay_conf *conf, uint32_t low_end, const char *place);

#endif
