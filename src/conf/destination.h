/* SPDX-License-Identifier: ISC */
/*
 * Where to log in, as people write it: [user@]host[:port] with IPv6 addresses in brackets, or
 * ssh://[user@]host[:port][/]. Cuts the text to pieces in place; names nothing, looks nothing up.
 */
#ifndef CONF_DESTINATION_H
#define CONF_DESTINATION_H

#include <stdbool.h>
#include <stdint.h>

struct destination {
	char *user, *host; /* in the text; user NULL: not said */
	uint16_t port;	   /* 0: not said */
};

bool destination_is_uri(const char *text);
/* False: it is none. */
bool destination_parse_uri(char *text, struct destination *out);
/* Either form. */
bool destination_parse(char *text, struct destination *out);

/* What may stand on a command line as the name of a host or a user: nothing that would be an option or
 * a word of a shell to somebody (CVE-2023-51385). */
bool destination_is_host(const char *name);
bool destination_is_user(const char *name);

#endif
