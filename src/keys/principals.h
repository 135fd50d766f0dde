/* SPDX-License-Identifier: ISC */
/*
 * AuthorizedPrincipalsFile (sshd_config(5)): a name a line, perhaps with key options in front. A
 * certificate must have one of them among its principals to log in as the user whose file it is.
 * Text in, a line out.
 */
#ifndef KEYS_PRINCIPALS_H
#define KEYS_PRINCIPALS_H

#include "keys/arena.h"
#include "keys/usercert.h"

/* The first line whose name the certificate has, as a key without a blob; its texts are in the arena.
 * E_UNKNOWN: there is none. E_LIMIT: a line is too long, and the whole file is not used. E_NOMEM. A
 * line whose options cannot be read is passed over and told. */
enum err principals_find(struct bytes text, const struct usercert *c, struct arena *arena,
	authkeys_complaint complain, void *ctx, struct authkey *line) MUST_USE;

#endif
