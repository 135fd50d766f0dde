/* SPDX-License-Identifier: ISC */
/*
 * Packets that cannot leave at once, in a fair order and not for long (RFC 8290, RFC 8289): each flow
 * has a queue, queues take turns by bytes, and one that was empty goes first, so that a ping does not
 * wait behind a download. A flow whose packets have waited too long for too long loses some, from the
 * front, which its TCP understands; when all is full the longest queue does. Holds no memory while it
 * is empty. Knows no clock: now_ms is the caller's.
 */
#ifndef FORWARD_FAIRQ_H
#define FORWARD_FAIRQ_H

#include "base/chunkq.h"

enum {
	FAIRQ_FLOWS = 64,
	FAIRQ_PACKETS = 512,	  /* what a device of the kernel holds by default, and a bit */
	FAIRQ_BYTES = 768 * 1024,
	FAIRQ_QUANTUM = 1514,	  /* a turn */
	FAIRQ_TARGET_MS = 5,	  /* packets may wait so long at any time */
	FAIRQ_INTERVAL_MS = 100	  /* and longer than that for so long: a round trip, in the worst case */
};

struct fairq_flow {
	struct chunkq packets; /* private, all of it */
	int deficit;
	uint8_t next;
	bool is_listed, is_dropping;
	uint64_t above_ms; /* when its packets will have waited too long for too long; 0: they do not */
	uint64_t drop_ms;
	unsigned drops, drops_before;
};

struct fairq_list {
	uint8_t head, tail; /* FAIRQ_FLOWS: none */
};

struct fairq {
	size_t packets, bytes;
	uint64_t dropped; /* since ever */
	struct fairq_list fresh, old; /* private from here on */
	struct fairq_flow flows[FAIRQ_FLOWS];
};

void fairq_init(struct fairq *q, struct pool *pool);
void fairq_fini(struct fairq *q);
/* Copies the packet, 1..65535 bytes. When there is no room the longest queue loses its oldest; without
 * memory, this packet. */
void fairq_put(struct fairq *q, uint32_t flow, struct bytes packet, uint64_t now_ms);
/* How long the next packet is, so that there is room for it; 0: none. Those that are to be dropped before
 * it are dropped. */
size_t fairq_peek(struct fairq *q, uint64_t now_ms);
/* Moves the packet that was peeked at to into, which has room for it. */
void fairq_take(struct fairq *q, uint8_t *into);

#endif
