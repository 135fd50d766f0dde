/* SPDX-License-Identifier: ISC */
/* An answer finds its question by a number that is never used twice; one whose question is gone, or
 * was answered by its deadline, finds none. */
#include "relay/signing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "io/frameport.h"
#include "relay/ipc.h"

struct signing {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct frameport *port; /* NULL: there is no signer now */
	struct list asks;	/* the oldest first */
	uint64_t last_number;
};

static void hang_up(struct signing *s)
{
	frameport_free(s->port);
	s->port = NULL;
}

static void answer(struct signing_ask *a, struct bytes signature, bool is_late)
{
	list_remove(&a->node);
	a->answered(a, signature, is_late);
}

/* --- the deadline ----------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *t);

static void arm(struct signing *s)
{
	uint64_t now_ms = uv_now(s->loop), first = UINT64_MAX;

	for (struct list *n = s->asks.next; n != &s->asks; n = n->next) {
		uint64_t due_ms = list_entry(n, struct signing_ask, node)->due_ms;

		if (due_ms < first)
			first = due_ms;
	}
	if (first == UINT64_MAX)
		uv_timer_stop(&s->timer);
	else
		uv_timer_start(&s->timer, on_timer, first > now_ms ? first - now_ms : 0, 0);
}

static struct signing_ask *find_due(struct signing *s, uint64_t now_ms)
{
	for (struct list *n = s->asks.next; n != &s->asks; n = n->next) {
		struct signing_ask *a = list_entry(n, struct signing_ask, node);

		if (a->due_ms <= now_ms)
			return a;
	}
	return NULL;
}

static void on_timer(uv_timer_t *t)
{
	struct signing *s = t->data;
	uint64_t now_ms = uv_now(s->loop);
	struct signing_ask *a;

	while ((a = find_due(s, now_ms)) != NULL)
		answer(a, bytes_of(NULL, 0), true);
	arm(s);
}

/* --- questions and answers -------------------------------------------------------------------- */

static void put_to(struct signing *s, const struct signing_ask *a)
{
	uint8_t room[IPC_SMALL_MAX];
	struct ipc_sign q = {
		.index = (uint32_t)a->index,
		.alg = bytes_str(a->alg->name),
		.hash = bytes_of(a->hash, a->hash_len),
	};
	struct frame out = {.type = a->is_proof ? IPC_PROVE : IPC_SIGN,
		.number = a->number,
		.payload = ipc_wr_sign((struct span){room, sizeof(room)}, &q)};

	if (s->port && frameport_send(s->port, &out) != E_OK)
		log_write(LOG_LEVEL_DEBUG1, "the signer is not there to be asked");
}

static void on_frame(void *ctx, struct frame *frame)
{
	struct signing *s = ctx;

	for (struct list *n = s->asks.next; n != &s->asks; n = n->next) {
		struct signing_ask *a = list_entry(n, struct signing_ask, node);

		if (a->number == frame->number) {
			answer(a, frame->payload, false);
			return;
		}
	}
}

static void on_over(void *ctx, const struct fault *why)
{
	struct signing *s = ctx;

	log_write(LOG_LEVEL_INFO, "the signer is gone: connections wait for a new one");
	hang_up(s);
}

static const struct frameport_ops port_ops = {.frame = on_frame, .over = on_over};

enum err signing_connect(struct signing *s, int fd, pid_t pid)
{
	enum err e;

	hang_up(s);
	e = frameport_new(s->loop, fd, &ipc_to_client, pid, &port_ops, s, &s->port);
	if (e != E_OK) {
		close(fd);
		return e;
	}
	for (struct list *n = s->asks.next; n != &s->asks; n = n->next)
		put_to(s, list_entry(n, struct signing_ask, node));
	return E_OK;
}

void signing_ask_init(struct signing_ask *a)
{
	list_init(&a->node);
}

void signing_put(struct signing *s, struct signing_ask *a, uint64_t wait_ms)
{
	assert(list_is_empty(&a->node) && a->hash_len <= sizeof(a->hash));
	a->number = ++s->last_number;
	a->due_ms = uv_now(s->loop) + wait_ms;
	list_append(&s->asks, &a->node);
	put_to(s, a);
	if (!uv_is_active((uv_handle_t *)&s->timer) || uv_timer_get_due_in(&s->timer) > wait_ms)
		uv_timer_start(&s->timer, on_timer, wait_ms, 0);
}

/* The timer may find nothing due: it looks for the next one then. */
void signing_cancel(struct signing_ask *a)
{
	list_remove(&a->node);
}

enum err signing_new(uv_loop_t *loop, struct signing **out)
{
	struct signing *s = calloc(1, sizeof(*s));

	if (!s)
		return E_NOMEM;
	s->loop = loop;
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	list_init(&s->asks);
	*out = s;
	return E_OK;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void signing_free(struct signing *s)
{
	if (!s)
		return;
	assert(list_is_empty(&s->asks));
	hang_up(s);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}
