/* SPDX-License-Identifier: ISC */
/*
 * Whether the relay's host key is the one we know: StrictHostKeyChecking over the known_hosts
 * files. Says everything a person has to hear, words what they have to be asked, and may add a line.
 */
#ifndef CLIENT_HOSTKEY_H
#define CLIENT_HOSTKEY_H

#include "client/hostip.h"
#include "client/known.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"

enum { HOSTKEY_ALGS_MAX = 1024, HOSTKEY_QUESTION_MAX = 2048 };

/* A key as messages name it. */
struct hostkey_face {
	char type[24];
	char print[FINGERPRINT_MAX];
};

struct hostkey {
	char name[KNOWNHOSTS_NAME_MAX]; /* as known_hosts has it */
	struct hostkey_face face;	/* of the key that was judged last */
	struct known_answer found;	/* what the files said of it */
	bool is_judged;			/* there is one */
	bool is_cert; /* found is about its authority, HOST_UNDECIDED: it is not good for this host */
	const struct client_settings *settings; /* private from here on */
	struct rng *rng;
	/* The same host at the standard port: its key counts for the other ports too. "": none. */
	char plain_name[KNOWNHOSTS_NAME_MAX];
	uint8_t judged[LIMIT_BLOB]; /* the key that was judged last */
	size_t judged_len;
	char question[HOSTKEY_QUESTION_MAX];
	bool is_own; /* the key stands in the user's own file under this name */
	struct span said; /* by KnownHostsCommand, for the judgement under way */
	struct hostip ip;
	bool is_about_ip; /* the question is: the name is known, its address has another key */
};

struct hostkey_result {
	enum verdict verdict;
	bool is_asking; /* no verdict yet: a person is to answer hostkey_question */
	/* The key has changed and StrictHostKeyChecking no let it pass: nothing may be forwarded.
	 */
	bool is_unproven;
};

/* E_VALUE, E_LIMIT: the host has a name that known_hosts cannot hold. */
enum err hostkey_init(struct hostkey *h, const struct client_settings *s, struct rng *rng,
	struct fault *f) MUST_USE;
/* The list of host key algorithms to offer: the settings'. When the user did not choose an order and the
 * relay would show a key that is not known, those of known keys and authorities stand in front. */
void hostkey_algorithms(struct hostkey *h, char list[static HOSTKEY_ALGS_MAX]);
/* key: the blob, proven by the exchange to be the peer's. */
struct hostkey_result hostkey_judge(
	struct hostkey *h, struct bytes key, const struct hostip_peer *peer);
/* Is the key, or its authority, on a list of RevokedHostKeys, or a list cannot be read? Says so. */
bool hostkey_is_revoked(const struct hostkey *h, struct bytes key);
/* The relay's name in known_hosts, and whether its key stands, or was added, under that name in a file
 * of the user. */
const char *hostkey_name(const struct hostkey *h);
bool hostkey_is_own(const struct hostkey *h);
/* Adds another key under that name. */
enum err hostkey_add(const struct hostkey *h, struct bytes key, struct fault *f) MUST_USE;
/* What the person is asked; it holds until the next judgement. */
const char *hostkey_question(const struct hostkey *h);
/* What they said; NULL: nobody did. It may have to be asked again. */
struct hostkey_result hostkey_answer(struct hostkey *h, const char *answer);

#endif
