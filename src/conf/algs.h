/* SPDX-License-Identifier: ISC */
/*
 * Settings that are lists of algorithms: our default list edited by what the user wrote, with +, -
 * and ^ as in ssh_config(5). Names that OpenSSH has and we leave out are no mistakes: they are
 * dropped, as long as something is left.
 */
#ifndef CONF_ALGS_H
#define CONF_ALGS_H

#include "conf/value.h"
#include "keys/arena.h"

enum algs_kind {
	ALGS_CIPHERS,
	ALGS_MACS,
	ALGS_KEX,
	ALGS_HOST_KEYS, /* a relay's: what it can sign */
	ALGS_HOSTS,	/* an agent's: what may prove the relay, certificates included */
	ALGS_AUTHORITIES,
	ALGS_LOGIN, /* what an agent can offer and a relay can check */
	ALGS_COUNT
};
enum { ALGS_LIST_MAX = 2048 };

/* E_VALUE: a name nobody knows, or a pattern where none may stand; E_NOALG: nothing of it is spoken
 * here. The sentence starts as ssh's does and names the name. */
enum err algs_make(const struct conf_at *at, enum algs_kind kind, const char *setting,
	char out[static ALGS_LIST_MAX]) MUST_USE;
/* Gives every list that nobody set its default; NULL in the place of a list: there is none. */
/* The names of the setting that others speak and we do not, as a list; "" when there are none. */
void algs_left_out(enum algs_kind which, const char *setting, char out[static ALGS_LIST_MAX]);
enum err algs_complete(
	char **const lists[static ALGS_COUNT], struct arena *arena, struct fault *f) MUST_USE;

#endif
