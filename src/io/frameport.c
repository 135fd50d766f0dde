/* SPDX-License-Identifier: ISC */
/* A callback may free the port: memory stays until libuv has let go of the handle, so is_over is
 * asked after each call. */
#include "io/frameport.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/list.h"

enum { FRAMES_A_TURN = 64 };

struct waiting {
	struct list node;
	struct frame frame;
	uint8_t payload[];
};

struct frameport {
	uv_poll_t poll;
	int fd;
	struct frame_kinds kinds;
	pid_t peer;
	const struct frameport_ops *ops;
	void *ctx;
	struct list queue;
	size_t queued; /* bytes */
	bool is_over;  /* no callback any more */
	bool is_deaf;  /* the other side is gone or not to be trusted */
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void apply(struct frameport *p)
{
	int wanted = p->is_deaf ? 0 : UV_READABLE;

	if (p->is_over)
		return;
	if (!p->is_deaf && !list_is_empty(&p->queue))
		wanted |= UV_WRITABLE;
	if (wanted == 0)
		uv_poll_stop(&p->poll);
	else
		uv_poll_start(&p->poll, wanted, on_poll);
}

static void drop(struct frameport *p, struct waiting *w)
{
	list_remove(&w->node);
	p->queued -= sizeof(*w) + w->frame.payload.len;
	frame_close_fds(&w->frame);
	free(w);
}

static void drop_all(struct frameport *p)
{
	while (!list_is_empty(&p->queue))
		drop(p, list_entry(p->queue.next, struct waiting, node));
}

static void end(struct frameport *p, const struct fault *why)
{
	p->is_deaf = true;
	drop_all(p);
	apply(p);
	p->ops->over(p->ctx, why);
}

static void flush(struct frameport *p)
{
	while (!list_is_empty(&p->queue)) {
		struct waiting *w = list_entry(p->queue.next, struct waiting, node);

		/* An end is seen by the next read, after what the other side still had to say. */
		if (frame_send(p->fd, &w->frame) == E_AGAIN)
			return;
		drop(p, w);
	}
}

/* False: none is left, or none is wanted. */
static bool take_some(struct frameport *p)
{
	uint8_t room[FRAME_MAX];

	for (unsigned i = 0; i < FRAMES_A_TURN && !p->is_over && !p->is_deaf; i++) {
		struct fault why = {0};
		struct frame frame;
		enum err e = frame_recv(p->fd, &p->kinds, p->peer, room, &frame, &why);

		if (e == E_AGAIN)
			return false;
		if (e == E_OK)
			p->ops->frame(p->ctx, &frame);
		else
			end(p, &why);
	}
	return !p->is_over && !p->is_deaf;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct frameport *p = poll->data;

	flush(p);
	take_some(p);
	apply(p);
}

enum err frameport_new(uv_loop_t *loop, int fd, const struct frame_kinds *kinds, pid_t peer,
	const struct frameport_ops *ops, void *ctx, struct frameport **out)
{
	struct frameport *p = calloc(1, sizeof(*p));

	if (!p)
		return E_NOMEM;
	p->fd = fd;
	p->kinds = *kinds;
	p->peer = peer;
	p->ops = ops;
	p->ctx = ctx;
	list_init(&p->queue);
	if (uv_poll_init(loop, &p->poll, fd) != 0) {
		free(p);
		return E_SYS;
	}
	p->poll.data = p;
	apply(p);
	*out = p;
	return E_OK;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void frameport_free(struct frameport *p)
{
	if (!p)
		return;
	p->is_over = true;
	drop_all(p);
	uv_close((uv_handle_t *)&p->poll, on_closed);
	close(p->fd);
}

static enum err enqueue(struct frameport *p, const struct frame *frame)
{
	size_t bytes = sizeof(struct waiting) + frame->payload.len;
	struct waiting *w;

	if (p->queued + bytes > FRAMEPORT_QUEUE_MAX)
		return E_LIMIT;
	w = malloc(bytes);
	if (!w)
		return E_NOMEM;
	w->frame = *frame;
	if (frame->payload.len > 0)
		memcpy(w->payload, frame->payload.ptr, frame->payload.len);
	w->frame.payload.ptr = w->payload;
	list_append(&p->queue, &w->node);
	p->queued += bytes;
	apply(p);
	return E_OK;
}

enum err frameport_send(struct frameport *p, struct frame *frame)
{
	enum err e = p->is_deaf || p->is_over ? E_CLOSED : E_AGAIN;

	if (e == E_AGAIN && list_is_empty(&p->queue))
		e = frame_send(p->fd, frame);
	if (e == E_AGAIN) {
		e = enqueue(p, frame);
		if (e == E_OK)
			return E_OK; /* its descriptors wait with it */
	}
	frame_close_fds(frame);
	return e;
}

void frameport_drain(struct frameport *p)
{
	while (p && take_some(p))
		;
}

size_t frameport_queued(const struct frameport *p)
{
	return p->queued;
}

void frameport_flush(struct frameport *p)
{
	while (!p->is_over && !list_is_empty(&p->queue)) {
		struct waiting *w = list_entry(p->queue.next, struct waiting, node);

		if (frame_send_all(p->fd, &w->frame) != E_OK)
			return;
		drop(p, w);
	}
}
