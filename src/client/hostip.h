/* SPDX-License-Identifier: ISC */
/*
 * CheckHostIP of ssh_config(5): what is known of a relay's address, beside what is known of its name.
 * A name that leads to an address with another key than the one known for it may be a lie of DNS.
 */
#ifndef CLIENT_HOSTIP_H
#define CLIENT_HOSTIP_H

#include "client/known.h"

/* Who is at the other end, as the socket has it. */
struct hostip_peer {
	const char *name; /* as known_hosts has it; or what messages say instead */
	bool is_local;	  /* a loopback address */
	bool is_proxied;  /* there is no address that is known here */
};

struct hostip {
	char name[KNOWNHOSTS_NAME_MAX]; /* "": not checked */
	struct known_answer found;
};

enum { HOSTIP_WORDS_MAX = 512 };

/* host: the name that is looked for, which may be the address itself. E_OK, or what KnownHostsCommand
 * did wrong. */
enum err hostip_look(struct hostip *ip, const struct client_settings *s, const char *host,
	const struct hostip_peer *peer, struct bytes key, struct fault *f) MUST_USE;
/* Checked, and known with another key of the type. */
bool hostip_differs(const struct hostip *ip);
/* Checked, and no key of the type is known. */
bool hostip_is_new(const struct hostip *ip);
/* Lines about a key that differs from that of the address. a: where the one for the name is known. */
const char *hostip_words(const struct hostip *ip, const char *type, const char *host,
	const struct known_answer *a, char out[static HOSTIP_WORDS_MAX]);
/* The key known for the name has changed: tells the log if the address says otherwise. */
void hostip_warn_spoofing(const struct hostip *ip, const char *type, const char *host);

#endif
