/* SPDX-License-Identifier: ISC */
/*
 * Whether a user has proven to have a key (RFC 4252 7): by who saw the request, and once more by
 * somebody who did not see the connection, from the bytes that were signed, which say for themselves
 * what they are.
 */
#ifndef AUTH_PROOF_H
#define AUTH_PROOF_H

#include "crypto/pk.h"
#include "keys/keyalg.h"

/* What a key in hardware has to say of its owner. */
struct auth_terms {
	bool may_be_untouched, must_be_verified;
};

/* NULL: the signature over text is good, and says what it has to. Else what is wrong, for the log. */
const char *proof_flaw(const struct pk *key, const struct keyalg *alg, struct bytes text,
	struct bytes signature, struct auth_terms terms);
/* NULL: text is a request of this user to log in with this key, made in some session, and signature
 * covers it. Which session that was is not known here. */
const char *proof_check(struct bytes text, struct bytes signature, struct bytes user,
	struct bytes blob, struct auth_terms terms);

#endif
