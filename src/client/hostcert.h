/* SPDX-License-Identifier: ISC */
/* Whether a certificate that the relay shows is from an authority we trust to name hosts
 * (@cert-authority in known_hosts), and is for this host and now. Says what a person has to hear. */
#ifndef CLIENT_HOSTCERT_H
#define CLIENT_HOSTCERT_H

#include "client/known.h"
#include "keys/cert.h"

enum hostcert_verdict {
	HOSTCERT_GOOD,
	HOSTCERT_BAD,	/* refused */
	HOSTCERT_PLAIN	/* no authority of ours: its key counts as any other */
};

/* names: as they stand in known_hosts, count of them, most wanted first. host: what the certificate
 * must be for. *authority says where the authority was found, when it was. */
enum hostcert_verdict hostcert_judge(const struct known_from *from, const char *const *names,
	size_t count, const char *host, const struct cert *c, struct known_answer *authority);

#endif
