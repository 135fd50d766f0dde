/* SPDX-License-Identifier: ISC */
/*
 * Whether the relay's host key is the one we know: StrictHostKeyChecking over the known_hosts
 * files. Says everything a person has to hear; may ask at the terminal and may add a line.
 */
#ifndef CLIENT_HOSTKEY_H
#define CLIENT_HOSTKEY_H

#include "client/known.h"

enum { HOSTKEY_ALGS_MAX = 512, HOSTKEY_ADDRESS_MAX = 96 };

struct hostkey {
	const struct client_settings *settings; /* private from here on */
	struct rng *rng;
	char name[KNOWNHOSTS_NAME_MAX];
	/* The same host at the standard port: its key counts for the other ports too. "": none. */
	char plain_name[KNOWNHOSTS_NAME_MAX];
	bool may_ask; /* public: somebody is there to be asked; true at first */
};

struct hostkey_result {
	enum verdict verdict;
	/* The key has changed and StrictHostKeyChecking no let it pass: nothing may be forwarded.
	 */
	bool is_unproven;
};

/* E_VALUE, E_LIMIT: the host has a name that known_hosts cannot hold. */
enum err hostkey_init(struct hostkey *h, const struct client_settings *s, struct rng *rng,
	struct fault *f) MUST_USE;
/* The list of host key algorithms to offer: the settings', with those of known keys in front when
 * the user did not choose an order. */
void hostkey_algorithms(const struct hostkey *h, char list[static HOSTKEY_ALGS_MAX]);
/* key: the blob, proven by the exchange to be the peer's. address: the peer's, for messages. */
struct hostkey_result hostkey_judge(const struct hostkey *h, struct bytes key, const char *address);

#endif
