/* SPDX-License-Identifier: ISC */
/*
 * Connecting to host and port without blocking the loop: lookup on libuv's pool, then the addresses in
 * turn with a head start of 250 ms between them (RFC 8305), the first that connects wins.
 */
#ifndef IO_DIAL_H
#define IO_DIAL_H

#include <uv.h>
#include "io/sock.h"

struct dial; /* opaque */

/* fd >= 0: connected, non-blocking, the callee's. fd < 0: f says why, in ssh's words ("connect to host
 * H port P: Connection refused"), code is errno or 0. The dial is gone when this is called. */
typedef void (*dial_fn)(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f);

struct dial_options {
	const char *host, *port; /* port: number or service name */
	int family;              /* AF_UNSPEC, AF_INET, AF_INET6 */
	const char *bind_address; /* NULL: none */
	uint64_t timeout_ms;     /* over all; 0: the kernel's for each address */
	const struct addrinfo *addrs; /* what a lookup of host and port found; NULL: it is made here */
};

/* Options are copied. Never calls back before it returns. */
enum err dial_start(uv_loop_t *loop, const struct dial_options *o, dial_fn done, void *ctx,
	struct dial **d, struct fault *f) MUST_USE;
void dial_cancel(struct dial *d); /* no callback any more; NULL ok */

#endif
