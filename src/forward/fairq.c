/* SPDX-License-Identifier: ISC */
/*
 * Each packet stands in its flow's queue behind a head of its length and the time when it came. Which
 * flow is next is settled by fairq_peek: it is the first of the list it stands in, with a deficit above
 * zero, until fairq_take.
 */
#include "forward/fairq.h"

#include <assert.h>

enum { HEAD = 12, NONE = FAIRQ_FLOWS };

_Static_assert(FAIRQ_FLOWS < UINT8_MAX, "lists are of bytes");

/* --- lists of flows ------------------------------------------------------------------------------
 */

static void append(struct fairq *q, struct fairq_list *l, uint8_t i)
{
	q->flows[i].next = NONE;
	q->flows[i].is_listed = true;
	if (l->head == NONE)
		l->head = i;
	else
		q->flows[l->tail].next = i;
	l->tail = i;
}

static uint8_t shift(struct fairq *q, struct fairq_list *l)
{
	uint8_t i = l->head;

	l->head = q->flows[i].next;
	q->flows[i].is_listed = false;
	return i;
}

/* --- packets of a flow ---------------------------------------------------------------------------
 */

/* A packet and its head are never cut. */
static const uint8_t *start_of(const struct fairq_flow *f)
{
	struct span piece;
	size_t count = chunkq_pieces(&f->packets, &piece, 1);

	assert(count == 1);
	return piece.ptr;
}

struct front {
	size_t len;
	uint64_t since_ms;
};

static struct front front_of(const struct fairq_flow *f)
{
	const uint8_t *head;

	if (chunkq_len(&f->packets) == 0)
		return (struct front){0};
	head = start_of(f);
	return (struct front){load_be32(head), load_be64(head + 4)};
}

static void remove_front(struct fairq *q, struct fairq_flow *f, size_t len)
{
	chunkq_consume(&f->packets, HEAD + len);
	q->packets--;
	q->bytes -= len;
}

static void drop_front(struct fairq *q, struct fairq_flow *f)
{
	remove_front(q, f, front_of(f).len);
	q->dropped++;
}

static void drop_of_longest(struct fairq *q)
{
	struct fairq_flow *longest = &q->flows[0];

	for (size_t i = 1; i < FAIRQ_FLOWS; i++)
		if (chunkq_len(&q->flows[i].packets) > chunkq_len(&longest->packets))
			longest = &q->flows[i];
	drop_front(q, longest);
}

/* --- in ------------------------------------------------------------------------------------------
 */

void fairq_init(struct fairq *q, struct pool *pool)
{
	*q = (struct fairq){.fresh = {NONE, NONE}, .old = {NONE, NONE}};
	for (size_t i = 0; i < FAIRQ_FLOWS; i++)
		chunkq_init_bulk(&q->flows[i].packets, pool, SIZE_MAX);
}

void fairq_fini(struct fairq *q)
{
	for (size_t i = 0; i < FAIRQ_FLOWS; i++)
		chunkq_fini(&q->flows[i].packets);
}

void fairq_put(struct fairq *q, uint32_t flow, struct bytes packet, uint64_t now_ms)
{
	uint8_t i = (uint8_t)(flow % FAIRQ_FLOWS);
	struct fairq_flow *f = &q->flows[i];
	struct span room;

	while (q->packets > 0 &&
		(q->packets == FAIRQ_PACKETS || q->bytes + packet.len > FAIRQ_BYTES))
		drop_of_longest(q);
	if (chunkq_reserve(&f->packets, HEAD + packet.len, &room) != E_OK) {
		q->dropped++;
		return;
	}
	store_be32(room.ptr, (uint32_t)packet.len);
	store_be64(room.ptr + 4, now_ms);
	memcpy(room.ptr + HEAD, packet.ptr, packet.len);
	chunkq_commit(&f->packets, HEAD + packet.len);
	q->packets++;
	q->bytes += packet.len;
	if (f->is_listed)
		return;
	f->deficit = FAIRQ_QUANTUM;
	append(q, &q->fresh, i);
}

/* --- out -----------------------------------------------------------------------------------------
 */

static unsigned root_of(uint64_t n)
{
	unsigned r = 0;

	for (unsigned bit = 1U << 15; bit > 0; bit >>= 1)
		if ((uint64_t)(r | bit) * (r | bit) <= n)
			r |= bit;
	return r;
}

/* RFC 8289, 4.1: the interval by the root of how many were dropped in vain, here in 1/64 ms. */
static uint64_t next_drop_ms(const struct fairq_flow *f, uint64_t after_ms)
{
	uint64_t step = (uint64_t)FAIRQ_INTERVAL_MS * 64 / root_of(4096 * (uint64_t)f->drops);

	return after_ms + (step > 0 ? step : 1);
}

/* Has the front waited too long, and has it been so for an interval? */
static bool is_late(struct fairq_flow *f, const struct front *front, uint64_t now_ms)
{
	if (now_ms - front->since_ms < FAIRQ_TARGET_MS ||
		chunkq_len(&f->packets) <= FAIRQ_QUANTUM + HEAD) {
		f->above_ms = 0;
		return false;
	}
	if (f->above_ms == 0)
		f->above_ms = now_ms + FAIRQ_INTERVAL_MS;
	return now_ms >= f->above_ms;
}

static struct front drop_one(struct fairq *q, struct fairq_flow *f)
{
	drop_front(q, f);
	f->drops++;
	return front_of(f);
}

/* The first packet that stays. */
static struct front judge(struct fairq *q, struct fairq_flow *f, uint64_t now_ms)
{
	struct front front = front_of(f);

	if (front.len == 0 || !is_late(f, &front, now_ms)) {
		f->is_dropping = false;
		return front;
	}
	if (!f->is_dropping) {
		unsigned before = f->drops - f->drops_before;
		bool is_recent = now_ms < f->drop_ms + 16 * FAIRQ_INTERVAL_MS;

		/* What was enough a moment ago will be about enough again. */
		f->is_dropping = true;
		f->drops = is_recent && before > 1 ? before - 1 : 0;
		f->drops_before = f->drops;
		front = drop_one(q, f);
		f->drop_ms = next_drop_ms(f, now_ms);
	}
	while (f->is_dropping && now_ms >= f->drop_ms && front.len > 0) {
		front = drop_one(q, f);
		if (front.len == 0 || !is_late(f, &front, now_ms))
			f->is_dropping = false;
		else
			f->drop_ms = next_drop_ms(f, f->drop_ms);
	}
	return front;
}

size_t fairq_peek(struct fairq *q, uint64_t now_ms)
{
	while (q->fresh.head != NONE || q->old.head != NONE) {
		struct fairq_list *l = q->fresh.head != NONE ? &q->fresh : &q->old;
		struct fairq_flow *f = &q->flows[l->head];
		struct front front;

		if (f->deficit <= 0) {
			f->deficit += FAIRQ_QUANTUM;
			append(q, &q->old, shift(q, l));
			continue;
		}
		front = judge(q, f, now_ms);
		if (front.len > 0)
			return front.len;
		/* Empty. A fresh one waits for a round, lest it come first again at once. */
		if (l == &q->fresh && q->old.head != NONE)
			append(q, &q->old, shift(q, l));
		else
			(void)shift(q, l);
	}
	return 0;
}

void fairq_take(struct fairq *q, uint8_t *into)
{
	struct fairq_list *l = q->fresh.head != NONE ? &q->fresh : &q->old;
	struct fairq_flow *f = &q->flows[l->head];
	size_t len = front_of(f).len;

	assert(len > 0);
	memcpy(into, start_of(f) + HEAD, len);
	remove_front(q, f, len);
	f->deficit -= (int)len;
}
