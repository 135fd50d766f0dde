/* SPDX-License-Identifier: ISC */
/*
 * Bytes on their way into a socket: written at once from where they lie, and what the socket does
 * not take is copied into a bounded queue that goes first next time. Order is kept.
 */
#ifndef BRIDGE_OUTLET_H
#define BRIDGE_OUTLET_H

#include <sys/types.h>
#include "base/chunkq.h"

enum { OUTLET_PIECES = 64 }; /* in one call of the system */

struct outlet {
	int fd;		/* of the owner */
	bool is_stream; /* no socket, or not known to be one: SIGPIPE must be ignored */
	struct chunkq queue;
};

/* limit: bytes the queue may hold. */
void outlet_init(struct outlet *o, int fd, struct pool *pool, size_t limit);
void outlet_fini(struct outlet *o);
/* *taken: bytes the socket took, of these or of older ones, also on failure. E_SYS: the socket
 * failed, errno is in *code. E_LIMIT, E_NOMEM: the rest could not be kept and is lost. count is at
 * most OUTLET_PIECES. */
enum err outlet_write(struct outlet *o, const struct span *pieces, size_t count, size_t *taken,
	int *code) MUST_USE;
/* Writes from the queue until it is empty or the socket full. */
enum err outlet_flush(struct outlet *o, size_t *taken, int *code) MUST_USE;

static inline size_t outlet_len(const struct outlet *o)
{
	return chunkq_len(&o->queue);
}

/* sendmsg of pieces without SIGPIPE, again after EINTR; -1 with errno. */
ssize_t outlet_send(int fd, const struct span *pieces, size_t count);
size_t outlet_sum(const struct span *pieces, size_t count);

#endif
