/* SPDX-License-Identifier: ISC */
/*
 * Key lines that are in force and cannot mean what was written, by themselves (keys/keylint.h) or
 * beside the relay's settings and rights: for sallyd -t, which tells of each with file and line.
 */
#ifndef RELAY_KEYCHECK_H
#define RELAY_KEYCHECK_H

#include "conf/relay.h"
#include "relay/keyring.h"

/* One sentence an oddity: "FILE line N: ...". barred: lowports_barred. */
void keycheck(const struct keyring *k, const struct relay_conf *conf, uint32_t barred,
	void (*tell)(void *ctx, const char *sentence), void *ctx);

#endif
