/* SPDX-License-Identifier: ISC */
/*
 * Certificates of users, as sshd judges them (PROTOCOL.certkeys, sshd(8)): what one says its bearer
 * may do, whether it is good for a user at a time and from an address, and what holds where the line
 * of its authority has options as well. Bytes in, verdict out; the time is an argument.
 *
 * force-command is read and has no effect, as in sshd for who asks for ports only: what keeps a
 * bearer from opening ports is the lack of permit-port-forwarding.
 */
#ifndef KEYS_USERCERT_H
#define KEYS_USERCERT_H

#include "keys/arena.h"
#include "keys/authkeys.h"
#include "keys/cert.h"

struct usercert {
	struct cert cert; /* borrows the blob */
	bool may_forward, may_be_untouched, must_be_verified;
	struct bytes source; /* source-address: a valid list; empty: from anywhere */
	bool has_source;
	struct bytes command; /* force-command */
	bool has_command;
};

/* Takes a blob apart. Nothing is verified yet. E_UNKNOWN: it is no certificate of a kind that is
 * spoken here. E_FORMAT: damaged. E_DENIED: it is a host's, or has a critical option that is not
 * known. f says why, in sshd's words where it has some. */
enum err usercert_read(struct bytes blob, struct usercert *out, struct fault *f) MUST_USE;
/* May it be used at this time, from this numeric address, and in the name of user? Its principals
 * are compared as they are; user NULL: that was done, but it must have some. The authority's
 * signature is verified last, by an algorithm of this list. */
enum verdict usercert_check(const struct usercert *c, const char *user, const char *address,
	uint64_t now_s, const char *algs, struct fault *f) MUST_USE;
/* Has it one of these principals, separated by commas? */
bool usercert_has_principal(const struct usercert *c, const char *list);
/* What holds for its bearer on a line of its authority (NULL: without one): permissions that both
 * give, requirements that either has, and the line's limits. E_DENIED: their commands differ. */
enum err usercert_merge(const struct usercert *c, const struct authkey *line, struct authkey *out,
	struct fault *f) MUST_USE;

#endif
