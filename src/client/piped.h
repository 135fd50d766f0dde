/* SPDX-License-Identifier: ISC */
/*
 * -W: standard input and output are joined to one channel, to a host and port or a Unix socket at
 * the relay, as a ProxyCommand wants it. Descriptors 0 and 1 are the null device afterwards, so that
 * an end of the channel reaches whoever reads, and nobody else writes there.
 */
#ifndef CLIENT_PIPED_H
#define CLIENT_PIPED_H

#include "bridge/conn.h"
#include "forward/spec.h"

struct piped {
	struct sink sink;
	struct conn *conn;
	uint32_t channel;
	bool is_closing; /* all is said, and the other side has not confirmed the end */
	/* Once, unless the connection is lost first. is_good: both directions have ended, however;
	 * false: it was never connected, which was said. */
	void (*done)(void *ctx, bool is_good);
	void *ctx;
};

/* Opens the channel. s outlives the connection. */
void piped_open(struct piped *s, struct conn *c, const struct forward_spec *spec,
	void (*done)(void *ctx, bool is_good), void *ctx);

#endif
