/* SPDX-License-Identifier: ISC */
/*
 * Whose keys the relay takes: the files of AuthorizedKeysFile, looked at again at each login, so
 * that a new key needs no restart (relay/keyfile.h).
 *
 * A place is a file, or a folder of files: each is a tenant's, and its name is what its keys are
 * called when their lines do not say. What could be no name is passed over. A place may be one of
 * the user who logs in; a user without a file leaves nothing behind.
 */
#ifndef RELAY_KEYRING_H
#define RELAY_KEYRING_H

#include <time.h>

#include "keys/authkeys.h"
#include "relay/keyfile.h"

struct keyring; /* opaque */

/* Where a key stands, or who vouches for a certificate. The pointers hold until the next refresh or
 * admission; key may point into the place itself. */
struct keyring_place {
	const struct authkey *key; /* with a certificate: what holds for its bearer */
	struct authkey vouched;
	time_t since;
	const char *path;
	const char *name; /* of the tenant whose file it is, or NULL */
};

/* Copies the paths, in which PATHS_USER stands for the user's name. Reads nothing yet. */
enum err keyring_new(char *const *paths, size_t count, struct keyring **k) MUST_USE;
void keyring_free(struct keyring *k);
/* A list of keys that nobody may use (keys/revoked.h). One that cannot be read shuts everybody out,
 * as in sshd. Copies the path; E_NOMEM. */
enum err keyring_revoke(struct keyring *k, const char *path) MUST_USE;
/* Certificates: TrustedUserCAKeys, AuthorizedPrincipalsFile (either may be NULL) and
 * CASignatureAlgorithms; without this call none is taken. Copies the words; E_NOMEM. */
enum err keyring_trust(struct keyring *k, const char *authorities, const char *principals,
	const char *algs) MUST_USE;
/* Why the list shuts everybody out; NULL when it does not. */
const char *keyring_shut(const struct keyring *k);
/* Whether the list keeps this key out, with a sentence. E_DENIED. */
enum err keyring_bans(const struct keyring *k, struct bytes blob, struct fault *f);
/* Reads the files that changed, those of this user among them (NULL: of those known by now);
 * complaints go to the log with file and line. */
void keyring_refresh(struct keyring *k, const char *user);
/* May it log in? E_DENIED with a sentence if not. */
enum err keyring_admit(const struct keyring *k, const struct candidate *who,
	struct keyring_place *at, struct fault *f) MUST_USE;

/* One of the paths. */
struct keyring_spot {
	const char *path;
	bool is_users, is_folder;
	size_t files, keys; /* as read last */
};
size_t keyring_spots(const struct keyring *k);
void keyring_spot_info(const struct keyring *k, size_t i, struct keyring_spot *out);

/* All files that are known now. */
struct keyring_file {
	const char *path;
	const char *name; /* of the tenant whose file it is, or NULL */
	size_t keys;
	unsigned bad_lines;
	const char *why; /* NULL: it was read; else why not, "" when there is no such file */
	const struct authkeys *set; /* what is in force of it; NULL: nothing */
	bool is_one_of_many;	    /* in a folder, or a user's */
	bool is_authorities;	    /* TrustedUserCAKeys; the last one */
};
size_t keyring_files(const struct keyring *k);
void keyring_file_info(const struct keyring *k, size_t i, struct keyring_file *out);

#endif
