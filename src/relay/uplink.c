/* SPDX-License-Identifier: ISC */
/* An answer finds its question by a number that is never used twice. One whose question is gone finds
 * none: sockets that it brings are given back. */
#include "relay/uplink.h"

#include <stdlib.h>

#include "base/log.h"
#include "io/frameport.h"
#include "relay/ipc.h"
#include "relay/ipcrecord.h"
#include "relay/relay.h"

/* From there on records are dropped, so that there is room for what must not be. */
enum { RECORDS_QUEUED_MAX = FRAMEPORT_QUEUE_MAX / 2 };

struct uplink {
	struct relay *relay;
	struct frameport *port;
	void (*heard)(struct relay *r, struct frame *frame);
	struct list asks; /* the oldest first */
	uint64_t last_number;
	struct feed_taker taker;
	uint64_t lost_records;
	bool is_listening, is_lost;
};

static void lose(struct uplink *u, const char *why)
{
	if (u->is_lost)
		return;
	u->is_lost = true;
	log_write(LOG_LEVEL_ERROR, "the line to the supervisor is lost: %s", why);
	uv_stop(u->relay->loop);
}

bool uplink_is_lost(const struct uplink *u)
{
	return u->is_lost;
}

void uplink_tell(struct uplink *u, uint16_t type, uint64_t number, struct bytes payload)
{
	struct frame out = {.type = type, .number = number, .payload = payload};
	enum err e = frameport_send(u->port, &out);

	if (e != E_OK)
		lose(u, err_text(e));
}

/* --- questions -------------------------------------------------------------------------------- */

void uplink_ask_init(struct uplink_ask *a)
{
	*a = (struct uplink_ask){0};
	list_init(&a->node);
}

void uplink_ask(struct uplink *u, struct uplink_ask *a, uint16_t type, struct bytes payload)
{
	list_remove(&a->node);
	a->number = ++u->last_number;
	list_append(&u->asks, &a->node);
	uplink_tell(u, type, a->number, payload);
}

void uplink_cancel(struct uplink_ask *a)
{
	list_remove(&a->node);
}

static bool is_answer(uint16_t type)
{
	return type == IPC_ADMITTED || type == IPC_REFUSED || type == IPC_BOUND ||
	       type == IPC_NOT_BOUND || type == IPC_TUN_MADE || type == IPC_NO_TUN;
}

static void give(struct uplink *u, struct frame *frame)
{
	struct uplink_bound unwanted;

	for (struct list *n = u->asks.next; n != &u->asks; n = n->next) {
		struct uplink_ask *a = list_entry(n, struct uplink_ask, node);

		if (a->number != frame->number)
			continue;
		list_remove(&a->node);
		a->answered(a, frame);
		return;
	}
	if (frame->type == IPC_TUN_MADE)
		uplink_tell(u, IPC_TUN_CLOSED, load_be64(frame->payload.ptr), bytes_of(NULL, 0));
	if (frame->type == IPC_BOUND && uplink_take_bound(u, frame, &unwanted) == E_OK)
		uplink_drop_bound(u, &unwanted);
}

static void on_frame(void *ctx, struct frame *frame)
{
	struct uplink *u = ctx;

	if (is_answer(frame->type))
		give(u, frame);
	else
		u->heard(u->relay, frame);
}

static void on_over(void *ctx, const struct fault *why)
{
	lose(ctx, why->text);
}

static const struct frameport_ops port_ops = {.frame = on_frame, .over = on_over};

/* --- sockets ---------------------------------------------------------------------------------- */

enum err uplink_take_bound(struct uplink *u, struct frame *answer, struct uplink_bound *b)
{
	enum err e = E_OK;

	*b = (struct uplink_bound){.id = ipcbind_rd_bound(answer->payload)};
	for (; b->set.count < answer->fd_count; b->set.count++)
		b->set.fd[b->set.count] = answer->fd[b->set.count];
	answer->fd_count = 0;
	for (size_t i = 0; i < b->set.count && e == E_OK; i++)
		e = sock_local(b->set.fd[i], &b->set.addr[i]);
	if (e != E_OK) {
		uplink_drop_bound(u, b);
		return e;
	}
	b->set.port = sock_port(&b->set.addr[0]);
	return E_OK;
}

void uplink_release(struct uplink *u, uint64_t id)
{
	uplink_tell(u, IPC_RELEASE, id, bytes_of(NULL, 0));
}

/* The port is free at once, before the supervisor has closed its own end. */
void uplink_drop_bound(struct uplink *u, struct uplink_bound *b)
{
	for (size_t i = 0; i < b->set.count; i++)
		if (b->set.fd[i] >= 0)
			(void)shutdown(b->set.fd[i], SHUT_RDWR);
	binder_fini(&b->set);
	uplink_release(u, b->id);
}

/* --- records ---------------------------------------------------------------------------------- */

static void on_record(struct feed_taker *t, const struct record *record)
{
	struct uplink *u = list_entry(t, struct uplink, taker);
	uint8_t room[IPCRECORD_ROOM];
	struct bytes payload = ipcrecord_wr((struct span){room, sizeof(room)}, record);

	if (payload.len == 0 || frameport_queued(u->port) > RECORDS_QUEUED_MAX) {
		u->lost_records++;
		return;
	}
	uplink_tell(u, IPC_RECORD, u->lost_records, payload);
	u->lost_records = 0;
}

void uplink_listen(struct uplink *u, bool is_wanted)
{
	if (is_wanted == u->is_listening)
		return;
	u->is_listening = is_wanted;
	if (is_wanted)
		feed_join(&u->relay->feed, &u->taker);
	else
		feed_leave(&u->taker);
}

/* --- life ------------------------------------------------------------------------------------- */

enum err uplink_new(struct relay *r, int fd, pid_t supervisor,
	void (*heard)(struct relay *r, struct frame *frame), struct uplink **out)
{
	struct uplink *u = calloc(1, sizeof(*u));
	enum err e;

	if (!u)
		return E_NOMEM;
	u->relay = r;
	u->heard = heard;
	u->taker.take = on_record;
	list_init(&u->asks);
	list_init(&u->taker.link);
	e = frameport_new(r->loop, fd, &ipc_to_relay, supervisor, &port_ops, u, &u->port);
	if (e == E_OK)
		*out = u;
	else
		free(u);
	return e;
}

void uplink_free(struct uplink *u)
{
	if (!u)
		return;
	uplink_listen(u, false);
	frameport_flush(u->port);
	frameport_free(u->port);
	free(u);
}
