/* SPDX-License-Identifier: ISC */
/*
 * The user's keys: loaded from the identity files before the connection, in order, each once. Files
 * that cannot be used are said so and left out.
 */
#ifndef CLIENT_IDENTITIES_H
#define CLIENT_IDENTITIES_H

#include "auth/client.h"
#include "conf/client.h"
#include "keys/pubkey.h"

struct identity {
	struct pk *key;
	const char *path; /* of the settings */
	uint8_t blob[PUBKEY_BLOB_MAX];
};

struct identities {
	struct identity *items[CLIENT_FILES_MAX];      /* private but for reading */
	struct auth_identity offers[CLIENT_FILES_MAX]; /* of the same index: for the session */
	size_t count;
};

/* home: files with the default names under it may be absent without a word. */
void identities_load(struct identities *ids, const struct client_settings *s, const char *home);
void identities_fini(struct identities *ids);
/* "path TYPE SHA256:..." for the log. */
void identities_describe(const struct identities *ids, size_t index, char *out, size_t cap);
/* The type of a key as ssh puts it into messages: "ED25519", "ECDSA", "RSA". */
const char *identities_type_word(enum pk_type type);

#endif
