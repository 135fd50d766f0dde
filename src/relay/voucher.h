/* SPDX-License-Identifier: ISC */
/*
 * Who vouches for a certificate, and for what: a line with cert-authority in a file of keys, or the
 * relay's own TrustedUserCAKeys, there perhaps with AuthorizedPrincipalsFile. The rules and their
 * order are sshd's.
 */
#ifndef RELAY_VOUCHER_H
#define RELAY_VOUCHER_H

#include "conf/places.h"
#include "keys/arena.h"
#include "keys/usercert.h"
#include "relay/keyfile.h"

struct voucher {
	struct keyfile *authorities; /* TrustedUserCAKeys; NULL: none */
	char *principals;	     /* AuthorizedPrincipalsFile, PATHS_USER in it; NULL: none */
	char *algs;		     /* CASignatureAlgorithms */
	struct arena *texts;	     /* of the line that was found last */
};

/* Copies the words; authorities and principals may be NULL. Reads nothing yet. */
enum err voucher_init(struct voucher *v, const char *authorities, const char *principals,
	const char *algs) MUST_USE;
void voucher_fini(struct voucher *v);
/* Reads the authorities again when they have changed. */
void voucher_look(struct voucher *v);

/* What holds for the bearer, by a line of this file. E_UNKNOWN: its authority is on none; E_DENIED
 * with a sentence. The texts in out are the file's. */
enum err voucher_on_line(const struct voucher *v, const struct keyfile *kf,
	const struct usercert *c, const struct candidate *who, struct authkey *out,
	struct fault *f) MUST_USE;
/* The same by TrustedUserCAKeys; the texts hold until the next one. */
enum err voucher_trusted(const struct voucher *v, const struct usercert *c,
	const struct candidate *who, struct authkey *out, struct fault *f) MUST_USE;

#endif
