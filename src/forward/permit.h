/* SPDX-License-Identifier: ISC */
/*
 * PermitListen and permitlisten rules: "port", "host:port", "[v6]:port", with host a pattern and
 * port "*", a number or a range "first-last" (ours: sshd has no ranges). Matched against the
 * requested string in lower case, as OpenSSH does it.
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

#endif
