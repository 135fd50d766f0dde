/* SPDX-License-Identifier: ISC */
/* SSH_MSG_EXT_INFO (RFC 8308): what a server announces, and what of the peer's we know. */
#ifndef TRANSPORT_EXTINFO_H
#define TRANSPORT_EXTINFO_H

#include "base/err.h"
#include "wire/writer.h"

struct extinfo {
	unsigned bits; /* of enum transport_ext */
	bool has_sig_algs;
	struct bytes sig_algs; /* borrows the payload; a valid name-list */
};

/* The payload with server-sig-algs and each "name=value" of the name-list extensions (may be NULL).
 */
void extinfo_build(struct writer *w, const char *sig_algs, const char *extensions);
/* Unknown names are skipped, values may be any bytes. E_SHORT, E_TRAILING, E_FORMAT. */
enum err extinfo_parse(struct bytes payload, struct extinfo *out) MUST_USE;

#endif
