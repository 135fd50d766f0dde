/* SPDX-License-Identifier: ISC */
/*
 * The options in front of a key in authorized_keys (sshd(8)): their grammar and what they mean. One
 * option that is unknown or malformed makes the whole list invalid.
 *
 * Options of the relay's own, which sshd does not know: max-visitors, max-forwards, rate,
 * visitors-from, name, takeover, and ranges of ports in permitlisten.
 */
#ifndef KEYS_AUTHOPTIONS_H
#define KEYS_AUTHOPTIONS_H

#include "base/bytes.h"
#include "base/err.h"
#include "keys/arena.h"
#include "keys/authkeys.h"

/* How much of a line are options: up to the first blank that is in no quotes. */
size_t authoptions_span(struct bytes line);
/* A key without options: forwarding allowed, no limits. */
void authoptions_init(struct authkey *k);
/* What name= may be, and what a file of keys may be called whose name stands for it. No colon, so
 * that no name can be taken for a fingerprint. */
bool authoptions_is_name(struct bytes name);
/* Applies the list to k, in order. Text is kept in the arena. E_FORMAT, E_UNKNOWN, E_VALUE with a
 * sentence; E_NOMEM. On failure k is not to be used. */
enum err authoptions_parse(
	struct bytes list, struct arena *arena, struct authkey *k, struct fault *f) MUST_USE;

#endif
