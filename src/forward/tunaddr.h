/* SPDX-License-Identifier: ISC */
/* Addresses and networks of a tunnel's device, as words: "10.9.0.2/30,peer=10.9.0.1", "fd00::/64". */
#ifndef FORWARD_TUNADDR_H
#define FORWARD_TUNADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TUNADDR_TEXT = 128 };

struct tunaddr {
	bool is_ipv6;
	uint8_t local[16], peer[16]; /* the first 4 bytes of an IPv4 address */
	unsigned prefix; /* of the peer where there is one */
	bool has_peer;
};

/* An address of a machine; without a prefix it is of itself alone. */
bool tunaddr_parse(const char *text, struct tunaddr *out);
/* A network, whose address has no bits behind its prefix; "default" is all of IPv4. */
bool tunaddr_parse_network(const char *text, struct tunaddr *out);
/* Is it an address of a private network (RFC 1918, 6598, 4193), and its peer too? */
bool tunaddr_is_private(const struct tunaddr *a);
void tunaddr_print(const struct tunaddr *a, char out[static TUNADDR_TEXT]);

#endif
