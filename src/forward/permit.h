/* SPDX-License-Identifier: ISC */
/*
 * Rules for ports, as OpenSSH has them. Of what is listened on (PermitListen, permitlisten): "port",
 * "host:port", "[v6]:port", with host a pattern and port "*", a number or a range "first-last"
 * (ours: sshd has no ranges), matched against the requested string in lower case. Of what is
 * connected to (PermitOpen, permitopen, PermitRemoteOpen): "host:port", with host a name or address
 * to the letter, or "*", and port "*" or a number.
 */
#ifndef FORWARD_PERMIT_H
#define FORWARD_PERMIT_H

#include "base/bytes.h"
#include "base/err.h"

struct permit_rule {
	char host[256];	      /* pattern; "*" for a bare port */
	uint32_t first, last; /* ports, both admitted; first is 0 only in "*", which is 0 to 65535 */
};

/* "any" and "none" are words of the list, not rules: see conf. E_FORMAT, E_VALUE, a sentence. */
enum err permit_rule_parse(const char *text, struct permit_rule *rule, struct fault *f) MUST_USE;
/* Port 0, a port of the relay's choice, is admitted by "*" only. */
bool permit_rule_allows(const struct permit_rule *rule, struct bytes requested_host, uint32_t port);
/* The rule as it can be read again. */
void permit_rule_text(const struct permit_rule *rule, char *out, size_t cap);

enum err permit_open_parse(const char *text, struct permit_rule *rule, struct fault *f) MUST_USE;
bool permit_open_allows(const struct permit_rule *rule, const char *host, uint32_t port);

#endif
