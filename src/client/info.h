/* SPDX-License-Identifier: ISC */
/*
 * ForwardInfo: the state of the tunnel for scripts, as JSON. Into a descriptor goes one object a line
 * at every change; a file always holds the last one, whole.
 */
#ifndef CLIENT_INFO_H
#define CLIENT_INFO_H

#include "client/forwards.h"
#include "client/locals.h"

struct info {
	int fd;		  /* -1: none; private from here on */
	const char *path; /* NULL: none */
};

struct info_facts {
	const char *state;  /* "connecting", "up", "down", "ended" */
	const char *reason; /* of "down"; "" none */
	bool is_ready;	    /* every forward is up */
	const char *relay;
	unsigned relay_port;
	const struct forwards *forwards;
	const struct locals *locals;
};

/* where: "fd:3" or "file:PATH", borrowed; NULL: nowhere. The descriptor is not ours to close: what is
 * written to it never waits for a reader. */
enum err info_init(struct info *i, const char *where, struct fault *f) MUST_USE;
void info_tell(struct info *i, const struct info_facts *facts);
void info_fini(struct info *i);

#endif
