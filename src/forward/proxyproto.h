/* SPDX-License-Identifier: ISC */
/*
 * The PROXY protocol, sending side (HAProxy's proxy-protocol.txt): a header in front of a stream that
 * tells a target who its visitor really is. Version 1 is a line of text (2.1), version 2 is binary
 * (2.2).
 */
#ifndef FORWARD_PROXYPROTO_H
#define FORWARD_PROXYPROTO_H

#include "base/bytes.h"

enum proxy_version { PROXY_NONE, PROXY_V1, PROXY_V2 };
enum { PROXYPROTO_MAX = 108 };

/* Addresses as text, from a peer. */
struct proxyproto_ends {
	struct bytes from, to; /* the visitor, and where it came in */
	uint32_t from_port, to_port;
};

/* Returns the length; 0 for PROXY_NONE. Without a numeric address of the visitor the header says that
 * nothing is known; where it came in is given as the unspecified address when it is none of the
 * visitor's family. */
size_t proxyproto_write(enum proxy_version version, const struct proxyproto_ends *ends,
	uint8_t out[static PROXYPROTO_MAX]);

#endif
