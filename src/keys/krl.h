/* SPDX-License-Identifier: ISC */
/*
 * Binary lists of keys that are not to be taken any more, as ssh-keygen -k writes them (PROTOCOL.krl
 * of OpenSSH): keys and their fingerprints, and certificates by the serial number or key id that one
 * authority, or any, gave them.
 *
 * A list is walked, not stored: nothing is allocated by what it says, and a check takes time in
 * proportion to its length. One that cannot be understood to the end of what had to be read revokes
 * everything. Bytes in, verdict out.
 */
#ifndef KEYS_KRL_H
#define KEYS_KRL_H

#include "base/bytes.h"
#include "base/err.h"
#include "keys/cert.h"

/* Whose place on the list is asked for. */
struct krl_key {
	struct bytes plain;	 /* blob of a key, of no certificate; empty: nobody's */
	const struct cert *cert; /* by which it is used; NULL: by itself */
};

/* Whether the bytes are such a list at all, sound or not. */
bool krl_is(struct bytes list);
/* VERDICT_GOOD: the whole list can be read and revokes neither the key nor its certificate nor the
 * authority that gave it. f says what is not so. Lists that are signed, of another version or with
 * extensions that must be understood are not taken. */
enum verdict krl_check(struct bytes list, const struct krl_key *key, struct fault *f) MUST_USE;

#endif
