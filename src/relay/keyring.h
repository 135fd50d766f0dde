/* SPDX-License-Identifier: ISC */
/*
 * Whose keys the relay takes: the authorized_keys files, looked at again at each login, so that a
 * new key needs no restart. A file that turns bad (others may write it, a line too long) leaves
 * what was read before in force and is complained about once; a file that is gone admits nobody.
 */
#ifndef RELAY_KEYRING_H
#define RELAY_KEYRING_H

#include <time.h>

#include "keys/authkeys.h"

struct keyring; /* opaque */

/* Where a key stands. The pointers hold until the next keyring_refresh. */
struct keyring_place {
	const struct authkey *key;
	const char *path;
};

/* Copies the paths. Reads nothing yet. */
enum err keyring_new(char *const *paths, size_t count, struct keyring **k) MUST_USE;
void keyring_free(struct keyring *k);
/* Reads the files that changed; complaints go to the log with file and line. */
void keyring_refresh(struct keyring *k);
/* May this key log in from this numeric address at this time? E_DENIED with a sentence if not. */
enum err keyring_admit(const struct keyring *k, struct bytes blob, const char *address, time_t now,
	struct keyring_place *at, struct fault *f) MUST_USE;

size_t keyring_files(const struct keyring *k);
struct keyring_file {
	const char *path;
	size_t keys;
	unsigned bad_lines;
	const char *why; /* NULL: it was read; else why not, "" when there is no such file */
	const struct authkeys *set; /* what is in force of it; NULL: nothing */
};
void keyring_file_info(const struct keyring *k, size_t i, struct keyring_file *out);

#endif
