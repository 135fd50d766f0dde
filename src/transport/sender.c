/* SPDX-License-Identifier: ISC */
/*
 * Frames are built where they leave from. Lent pieces stand one full frame apart, so that
 * committing full packets leaves no gap; a short packet ends what was lent.
 */
#include "transport/sender.h"

#include <assert.h>

#include "wire/msgs.h"
#include "wire/reader.h"

void sender_init(struct sender *s, struct pool *pool, struct rng *rng)
{
	*s = (struct sender){.rng = rng};
	outbox_init(&s->outbox, pool, LIMIT_QUEUED);
	buf_init(&s->hold, LIMIT_HOLD);
}

void sender_fini(struct sender *s)
{
	outbox_fini(&s->outbox);
	packet_out_fini(&s->packet);
	buf_fini(&s->hold);
}

enum err sender_raw(struct sender *s, struct bytes data)
{
	struct span room;
	enum err e = outbox_room(&s->outbox, data.len, &room);

	if (e != E_OK)
		return e;
	memcpy(room.ptr, data.ptr, data.len);
	outbox_commit(&s->outbox, data.len);
	return E_OK;
}

static void unlend(struct sender *s)
{
	s->lent.frame = NULL;
	s->lent.count = 0;
}

enum err sender_begin(struct sender *s, size_t max, struct writer *w)
{
	struct span room;
	enum err e;

	unlend(s);
	s->frame = NULL;
	if (max > LIMIT_PACKET_OPEN)
		return E_LIMIT;
	e = outbox_room(&s->outbox, packet_frame_len(&s->packet, max), &room);
	if (e != E_OK)
		return e;
	s->frame = room.ptr;
	wr_init(w, (struct span){room.ptr + PACKET_HEAD, max});
	return E_OK;
}

/* Seals the frame in the room given last. */
static enum err seal(struct sender *s, uint8_t *frame, size_t payload_len)
{
	size_t frame_len = 0;
	enum err e = packet_seal(&s->packet, s->rng, frame, payload_len, &frame_len);

	if (e == E_OK && s->packet.has_wrapped)
		e = E_LIMIT;
	outbox_commit(&s->outbox, e == E_OK ? frame_len : 0);
	return e;
}

/* RFC 4253 7.1 would let 1..19 without the service messages pass. But DEBUG and IGNORE stand in an
 * order with what is held, and newer OpenSSH ends connections over them. */
static bool passes(uint8_t msg)
{
	return msg == MSG_DISCONNECT || msg == MSG_EXT_INFO ||
	       (msg >= MSG_KEXINIT && msg <= MSG_KEX_LAST);
}

static enum err keep(struct sender *s, struct bytes payload)
{
	struct span room;
	enum err e = buf_reserve(&s->hold, 4 + payload.len, &room);

	if (e != E_OK)
		return e;
	store_be32(room.ptr, (uint32_t)payload.len);
	memcpy(room.ptr + 4, payload.ptr, payload.len);
	buf_commit(&s->hold, room.len);
	return E_OK;
}

enum err sender_end(struct sender *s, struct writer *w)
{
	struct bytes payload = wr_bytes(w);
	uint8_t *frame = s->frame;

	s->frame = NULL;
	if (frame == NULL)
		return E_STATE;
	if (payload.len == 0) { /* nothing, or more than there was room for */
		outbox_commit(&s->outbox, 0);
		return E_LIMIT;
	}
	assert(payload.ptr == frame + PACKET_HEAD);
	if (s->is_holding && !passes(payload.ptr[0])) {
		enum err e = keep(s, payload);

		outbox_commit(&s->outbox, 0);
		return e;
	}
	return seal(s, frame, payload.len);
}

static enum err send(struct sender *s, struct bytes payload)
{
	struct writer w;
	enum err e = sender_begin(s, payload.len, &w);

	if (e != E_OK)
		return e;
	wr_raw(&w, payload);
	return sender_end(s, &w);
}

enum err sender_release(struct sender *s)
{
	struct reader r;
	enum err e = E_OK;

	s->is_holding = false;
	rd_init(&r, buf_bytes(&s->hold));
	while (rd_left(&r) > 0 && e == E_OK)
		e = send(s, rd_string(&r, LIMIT_HOLD));
	buf_consume(&s->hold, buf_bytes(&s->hold).len);
	return e;
}

bool sender_is_open(const struct sender *s)
{
	return s->packet.cipher != NULL && !s->is_holding && !outbox_is_cold(&s->outbox) &&
	       !pool_is_crowded(s->outbox.cold.pool);
}

static enum err port_begin(void *ctx, size_t max, struct writer *w)
{
	return sender_begin(ctx, max, w);
}

static enum err port_end(void *ctx, struct writer *w)
{
	return sender_end(ctx, w);
}

static size_t port_lend(
	void *ctx, size_t head, size_t max_data, size_t want, struct span *pieces, size_t max_spans)
{
	struct sender *s = ctx;
	struct span bulk;
	size_t stride, n = 0;

	unlend(s);
	if (!sender_is_open(s) || max_data == 0 || head > LIMIT_STRING ||
		max_data > LIMIT_PACKET_OPEN - LIMIT_STRING)
		return 0;
	bulk = outbox_bulk(&s->outbox);
	stride = packet_frame_len(&s->packet, head + max_data);
	while (n < max_spans && want > 0 && bulk.len >= (n + 1) * stride + SENDER_SPARE) {
		size_t len = want < max_data ? want : max_data;

		pieces[n] = (struct span){bulk.ptr + n * stride + PACKET_HEAD + head, len};
		want -= len;
		n++;
	}
	s->lent.frame = n > 0 ? bulk.ptr : NULL;
	s->lent.stride = stride;
	s->lent.payload_max = head + max_data;
	s->lent.count = n;
	return n;
}

static uint8_t *port_lent(void *ctx)
{
	struct sender *s = ctx;

	return s->lent.frame == NULL ? NULL : s->lent.frame + PACKET_HEAD;
}

static enum err port_commit(void *ctx, size_t payload_len)
{
	struct sender *s = ctx;
	uint8_t *frame = s->lent.frame;
	bool is_full = payload_len == s->lent.payload_max;

	/* What was lent stands no longer where the next frame must: sent away or parked meanwhile.
	 */
	if (frame == NULL || frame != outbox_bulk(&s->outbox).ptr ||
		payload_len > s->lent.payload_max)
		return E_STATE;
	if (is_full && --s->lent.count > 0)
		s->lent.frame += s->lent.stride;
	else
		unlend(s);
	return seal(s, frame, payload_len);
}

void sender_port(struct sender *s, struct port *port)
{
	*port = (struct port){s, port_begin, port_end, port_lend, port_lent, port_commit};
}
