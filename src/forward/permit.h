/* SPDX-License-Identifier: ISC */
/*
 * PermitListen and permitlisten rules: "port", "host:port", "[v6]:port", with host a pattern and
 * port "*" or a number. Matched against the requested string in lower case, as OpenSSH does it.
 */
#ifndef FORWARD_PERMIT_H
#define FORWARD_PERMIT_H

#include "base/bytes.h"
#include "base/err.h"

enum { PERMIT_ANY_PORT = 65536 };

struct permit_rule {
	char host[256]; /* pattern; "*" for a bare port */
	uint32_t port;	/* 1..65535 or PERMIT_ANY_PORT */
};

/* "any" and "none" are words of the list, not rules: see conf. E_FORMAT, E_VALUE, a sentence. */
enum err permit_rule_parse(const char *text, struct permit_rule *rule, struct fault *f) MUST_USE;
/* Port 0 is admitted only by PERMIT_ANY_PORT. */
bool permit_rule_allows(const struct permit_rule *rule, struct bytes requested_host, uint32_t port);

#endif
