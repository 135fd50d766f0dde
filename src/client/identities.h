/* SPDX-License-Identifier: ISC */
/*
 * The user's keys and certificates, from files and from a key agent, and the order in which a login
 * offers them (that of ssh):
 *
 *     certificates of CertificateFile, keys the agent has that stand in files, other keys of the
 *     agent (not with IdentitiesOnly), keys of files alone, each followed by the certificate beside
 *     it
 *
 * A certificate is signed for by whoever has its key: the agent, or a file.
 *
 * Files are read once, before the first connection; the agent is asked at each. Of a key in a file
 * only the public part needs to be known: its passphrase is asked for when the server takes it.
 */
#ifndef CLIENT_IDENTITIES_H
#define CLIENT_IDENTITIES_H

#include "auth/client.h"
#include "conf/client.h"
#include "crypto/pk.h"
#include "keys/agent.h"

enum identity_origin {
	IDENTITY_CERT, /* of CertificateFile */
	IDENTITY_FILE, /* of IdentityFile, certificates beside one among it */
	IDENTITY_AGENT
};

struct identity {
	enum identity_origin origin;
	const char *path; /* of the settings; NULL: a key of the agent */
	char *comment;	  /* the agent's, escaped; NULL: a key of a file */
	struct span blob; /* owned; empty: not known before the key is loaded */
	struct pk *key;	  /* loaded; NULL: not (yet) */
	bool is_sealed;	  /* the file needs a passphrase */
	bool is_in_agent;
	bool is_cert;
	struct span plain;	 /* owned, of a certificate: the blob of its key */
	struct identity *signer; /* who signs: itself, or for a certificate perhaps its key; NULL:
				    nobody can */
};

struct identities {
	struct identity **all; /* owned, those of the agent last; private from here on */
	size_t all_count;
	struct identity **order; /* of all */
	struct auth_identity *offers;
	size_t count;
};

/* home: files with the default names under it may be absent without a word. */
void identities_load(struct identities *ids, const struct client_settings *s, const char *home);
void identities_fini(struct identities *ids);
/* Makes the order for one login. list: what the agent holds, NULL: no agent. E_NOMEM leaves nothing
 * to offer. offers and count hold until this is called again. */
enum err identities_arrange(
	struct identities *ids, const struct agent_list *list, bool identities_only) MUST_USE;
/* Who is offered as number index. */
struct identity *identities_at(const struct identities *ids, size_t index);
/* Takes the key of the file that signs for number index, once it is open. False: it is not the one
 * that was offered, and is gone; or memory is short. */
bool identities_opened(struct identities *ids, size_t index, struct pk *key);
/* "path TYPE SHA256:... agent" for the log. */
void identities_describe(const struct identities *ids, size_t index, char *out, size_t cap);

#endif
