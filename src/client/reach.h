/* SPDX-License-Identifier: ISC */
/*
 * Where visitors find a forward, as far as this side can know it: a stock relay says that it listens,
 * and keeps to itself on which addresses (sshd's GatewayPorts). One of ours says when they are not
 * those that were asked for.
 */
#ifndef CLIENT_REACH_H
#define CLIENT_REACH_H

#include "client/forwards.h"

enum { REACH_TEXT = 3072 };

/* "web.example:80 leads to localhost:8080 ..."; one is up. words: of a relay that says so when
 * something is different from what was asked for, "" for nothing; NULL: it says nothing in any case.
 */
void reach_text(const struct forward *one, const struct client_settings *s, const char *words,
	char out[static REACH_TEXT]);
/* What an address to bind means: "localhost" and its like, every address. */
bool reach_is_loopback(const char *bind);
bool reach_is_wildcard(const char *bind);
/* "host:port", IPv6 in brackets. */
void reach_place(const char *host, unsigned port, char *out, size_t cap);
/* Where it leads to, in the same words. */
void reach_target(const struct forward_spec *spec, char *out, size_t cap);

#endif
