/* SPDX-License-Identifier: ISC */
/*
 * Sealed bytes on their way to the socket. During a turn they are built in a hot area that the loop
 * lends; what the socket did not take is copied once into pool chunks (cold) and goes first next time.
 * Frames are made in the order in which they leave.
 */
#ifndef TRANSPORT_OUTBOX_H
#define TRANSPORT_OUTBOX_H

#include "base/chunkq.h"

struct outbox {
	struct span hot; /* private from here on */
	size_t hot_off, hot_len;
	struct chunkq cold;
	bool is_room_hot; /* the room given last is in hot */
};

void outbox_init(struct outbox *o, struct pool *pool, size_t limit);
void outbox_fini(struct outbox *o);
/* Start of a turn. */
void outbox_attach(struct outbox *o, struct span hot);
/* End of a turn: the rest of hot goes to cold. On failure (E_LIMIT, E_NOMEM) bytes were lost and the
 * connection must end. */
enum err outbox_park(struct outbox *o) MUST_USE;
/* Contiguous room for a frame: in hot while cold is empty and it fits, else in cold. It holds until the
 * next call on the outbox; errors as outbox_park. */
enum err outbox_room(struct outbox *o, size_t n, struct span *room) MUST_USE;
/* The first n bytes of the room given last are content; 0 gives it up. */
void outbox_commit(struct outbox *o, size_t n);
/* Room left in hot for bulk data, with its place; zero length when bulk must wait (cold not empty).
 * Counts as room given: outbox_commit, once or in steps, takes from its front. */
struct span outbox_bulk(struct outbox *o);
size_t outbox_len(const struct outbox *o);
/* Something waits from an earlier turn or did not fit into hot. */
bool outbox_is_cold(const struct outbox *o);
/* Pieces to write, in order; then how many bytes of them the socket took. */
size_t outbox_pieces(const struct outbox *o, struct span *pieces, size_t max);
void outbox_sent(struct outbox *o, size_t n);

#endif
