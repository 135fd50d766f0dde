/* SPDX-License-Identifier: ISC */
/*
 * -W: an input and an output are joined to one channel, to a host and port or a Unix socket at the
 * relay, as a ProxyCommand wants it. Where they are those of this program, its descriptors 0 and 1 are
 * the null device afterwards, so that an end of the channel reaches whoever reads, and nobody else
 * writes there.
 */
#ifndef CLIENT_PIPED_H
#define CLIENT_PIPED_H

#include "bridge/pump.h"
#include "forward/spec.h"

struct piped_ops {
	/* The relay has connected it. NULL: nobody wants to know. */
	void (*opened)(void *ctx);
	/* Once, unless the connection is lost first. is_good: both directions have ended, however;
	 * false: it was never connected, which was said. */
	void (*done)(void *ctx, bool is_good);
};

enum piped_state { PIPED_NONE, PIPED_OPENING, PIPED_JOINED, PIPED_CLOSING };

struct piped {
	struct sink sink; /* private from here on */
	enum piped_state state;
	struct conn *conn;
	struct pump *pump;
	uint32_t channel;
	int in, out; /* -1: those of this program */
	bool is_stopped;
	const struct piped_ops *ops;
	void *ctx;
};

/* Opens the channel. Takes in and out, or with -1 the standard ones. s outlives the connection, or is
 * stopped before. */
void piped_open(struct piped *s, struct conn *c, const struct forward_spec *spec, int in, int out,
	const struct piped_ops *ops, void *ctx);
/* Nobody wants it any more: no callback. Also when the connection was lost. */
void piped_stop(struct piped *s);

#endif
