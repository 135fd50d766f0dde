/* SPDX-License-Identifier: ISC */
/*
 * Invariant: at most one of hot and cold has content. Bytes come into hot only while cold is empty,
 * and when a frame has to go to cold whatever hot still holds goes there before it. So order needs
 * no other care.
 */
#include "transport/outbox.h"

#include <assert.h>

void outbox_init(struct outbox *o, struct pool *pool, size_t limit)
{
	*o = (struct outbox){.is_room_hot = false};
	chunkq_init(&o->cold, pool, limit);
}

void outbox_fini(struct outbox *o)
{
	chunkq_fini(&o->cold);
	o->hot = (struct span){NULL, 0};
	o->hot_off = o->hot_len = 0;
}

void outbox_attach(struct outbox *o, struct span hot)
{
	assert(o->hot_len == 0);
	o->hot = hot;
	o->is_room_hot = false;
}

/* What hot holds goes to cold. */
static enum err cool(struct outbox *o)
{
	enum err e = E_OK;

	if (o->hot_len > o->hot_off)
		e = chunkq_append(
			&o->cold, bytes_of(o->hot.ptr + o->hot_off, o->hot_len - o->hot_off));
	o->hot_off = o->hot_len = 0;
	return e;
}

enum err outbox_park(struct outbox *o)
{
	enum err e = cool(o);

	o->hot = (struct span){NULL, 0};
	o->is_room_hot = false;
	return e;
}

enum err outbox_room(struct outbox *o, size_t n, struct span *room)
{
	enum err e;

	o->is_room_hot = chunkq_len(&o->cold) == 0 && n <= o->hot.len - o->hot_len;
	if (o->is_room_hot) {
		*room = (struct span){o->hot.ptr == NULL ? NULL : o->hot.ptr + o->hot_len, n};
		return E_OK;
	}
	e = cool(o);
	return e != E_OK ? e : chunkq_reserve(&o->cold, n, room);
}

void outbox_commit(struct outbox *o, size_t n)
{
	if (!o->is_room_hot) {
		chunkq_commit(&o->cold, n);
		return;
	}
	assert(n <= o->hot.len - o->hot_len);
	o->hot_len += n;
}

struct span outbox_bulk(struct outbox *o)
{
	if (chunkq_len(&o->cold) > 0 || o->hot.ptr == NULL)
		return (struct span){NULL, 0};
	o->is_room_hot = true;
	return (struct span){o->hot.ptr + o->hot_len, o->hot.len - o->hot_len};
}

size_t outbox_len(const struct outbox *o)
{
	return o->hot_len - o->hot_off + chunkq_len(&o->cold);
}

bool outbox_is_cold(const struct outbox *o)
{
	return chunkq_len(&o->cold) > 0;
}

size_t outbox_pieces(const struct outbox *o, struct span *pieces, size_t max)
{
	if (o->hot_len == o->hot_off)
		return chunkq_pieces(&o->cold, pieces, max);
	if (max == 0)
		return 0;
	pieces[0] = (struct span){o->hot.ptr + o->hot_off, o->hot_len - o->hot_off};
	return 1;
}

void outbox_sent(struct outbox *o, size_t n)
{
	if (o->hot_len == o->hot_off) {
		chunkq_consume(&o->cold, n);
		return;
	}
	assert(n <= o->hot_len - o->hot_off);
	o->hot_off += n;
	if (o->hot_off == o->hot_len)
		o->hot_off = o->hot_len = 0;
}
