/* SPDX-License-Identifier: ISC */
/*
 * The server's side of SOCKS 4, 4a and 5 (RFC 1928), as ssh speaks it: no authentication, CONNECT,
 * IPv4, IPv6 and names. Bytes in, verdict and reply bytes out; how the bytes are cut does not
 * matter. Nothing is read past the request: what follows belongs to the target.
 */
#ifndef FORWARD_SOCKS_H
#define FORWARD_SOCKS_H

#include "base/bytes.h"
#include "base/err.h"

enum { SOCKS_HOST_MAX = 256, SOCKS_USER_MAX = 255, SOCKS_REPLY_MAX = 10 };

enum socks_verdict {
	SOCKS_MORE,   /* more bytes are needed */
	SOCKS_TARGET, /* host and port are known: connect, then send socks_answer */
	SOCKS_BAD     /* not spoken here: send the reply, if there is one, and hang up */
};

/* What became of it, with the numbers of RFC 1928 6. */
enum socks_result {
	SOCKS_CONNECTED = 0,
	SOCKS_FAILED = 1,
	SOCKS_NOT_ALLOWED = 2,
	SOCKS_NET_UNREACHABLE = 3,
	SOCKS_HOST_UNREACHABLE = 4,
	SOCKS_REFUSED = 5,
	SOCKS_TTL_EXPIRED = 6,
	SOCKS_NO_SUCH_COMMAND = 7,
	SOCKS_NO_SUCH_ADDRESS = 8
};

struct socks {
	char host[SOCKS_HOST_MAX]; /* a name, or an address in numbers */
	uint16_t port;
	uint8_t version; /* 4 or 5; 0 before the first byte */

	uint8_t step; /* private from here on */
	uint8_t got[SOCKS_HOST_MAX + 2];
	size_t have, need;
	bool is_named, has_no_auth;
	uint8_t reply[2 * SOCKS_REPLY_MAX];
	size_t reply_len;
};

void socks_init(struct socks *s);
/* *used: how many of the bytes belong to SOCKS. *reply: to be sent now, in the memory of s; holds
 * until the next call. After SOCKS_TARGET and SOCKS_BAD it is not called again. */
enum socks_verdict socks_take(
	struct socks *s, struct bytes in, size_t *used, struct bytes *reply) MUST_USE;
/* The last word before the target's bytes, or before hanging up. */
struct bytes socks_answer(struct socks *s, enum socks_result result);
/* Why a connect failed, from errno; 0: the name was not found. */
enum socks_result socks_result_of_errno(int code);
/* The same from the failure of a channel open (RFC 4254 5.1): its reason, and its text, which is
 * mostly that of the errno over there. */
enum socks_result socks_result_of_open(uint32_t reason, struct bytes text);

#endif
