/* SPDX-License-Identifier: ISC */
/*
 * The known_hosts files of the user and of the machine taken together, asked about one host. Read
 * anew for each question, so that what another process learned meanwhile counts.
 */
#ifndef CLIENT_KNOWN_H
#define CLIENT_KNOWN_H

#include "conf/client.h"
#include "crypto/rand.h"
#include "keys/knownhosts.h"

/* Where keys are known from: the settings' files, and what KnownHostsCommand said. */
struct known_from {
	const struct client_settings *settings;
	struct bytes said; /* empty: there is none, or it is not asked */
};

extern const char known_by_command[]; /* stands where the path of a file would */

struct known_answer {
	enum host_verdict verdict;
	const char *path; /* of the file that decided, of the settings; NULL: none */
	unsigned line;
};

enum { KNOWN_TYPES_MAX = 128 };

/* @revoked in any file beats everything, known beats changed. A file that is there but cannot be
 * read makes the answer HOST_UNDECIDED unless the key is revoked. Lines that are no host lines are
 * said to the log. */
void known_check(const struct known_from *from, const char *name, struct bytes key,
	struct known_answer *out);
/* The same for the authority that signed a certificate (knownhosts_check_authority). */
void known_check_authority(const struct known_from *from, const char *name, struct bytes key,
	struct known_answer *out);
bool known_has_authority(const struct known_from *from, const char *name);
/* Name-list of the key types listed for the name in any file. */
void known_types(
	const struct known_from *from, const char *name, char list[static KNOWN_TYPES_MAX]);
/* Adds the key to the first of the user's files. path: where; f without the path. */
enum err known_add(const struct client_settings *s, const char *name, struct bytes key,
	struct rng *rng, struct fault *f) MUST_USE;

#endif
