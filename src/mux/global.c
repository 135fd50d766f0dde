/* SPDX-License-Identifier: ISC */
/*
 * Two queues. In the one of owed replies the oldest always waits for the program: whatever was
 * answered behind it leaves with it. Refusals decided here take no place of their own but are
 * counted on the entry they follow, so that a flood of requests costs no memory.
 */
#include "mux/global.h"

#include "wire/msgs.h"

#include <stdlib.h>

struct owed { /* a reply the peer waits for */
	struct list link;
	uint32_t token;
	uint32_t refusals; /* FAILUREs that follow this reply */
	bool is_answered, is_ok;
	struct span data, reason; /* owned; of an answer that waits for older ones */
};

struct asked { /* a reply we wait for */
	struct list link;
	uint32_t token;
	bool is_keepalive;
};

void global_init(struct global *g)
{
	*g = (struct global){0};
	list_init(&g->owed);
	list_init(&g->asked);
}

static struct owed *owed_at(struct list *l)
{
	return list_entry(l, struct owed, link);
}

static void owed_free(struct global *g, struct owed *o)
{
	list_remove(&o->link);
	g->owed_count--;
	free(o->data.ptr);
	free(o->reason.ptr);
	free(o);
}

static void asked_free(struct global *g, struct asked *a)
{
	list_remove(&a->link);
	g->asked_count--;
	free(a);
}

void global_fini(struct global *g)
{
	while (!list_is_empty(&g->owed))
		owed_free(g, owed_at(g->owed.next));
	while (!list_is_empty(&g->asked))
		asked_free(g, list_entry(g->asked.next, struct asked, link));
}

enum err global_read_request(struct reader *r, struct global_request *q)
{
	struct global_request got;

	got.name = rd_string(r, LIMIT_NAME);
	got.want_reply = rd_bool(r);
	got.data = rd_rest(r);
	if (!rd_end(r))
		return E_FORMAT;
	*q = got;
	return E_OK;
}

static enum err send_request(const struct port *port, const struct global_request *q)
{
	struct writer w;
	enum err e = port->begin(port->ctx, 1 + 4 + q->name.len + 1 + q->data.len, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_GLOBAL_REQUEST);
	wr_string(&w, q->name);
	wr_bool(&w, q->want_reply);
	wr_raw(&w, q->data);
	return port->end(port->ctx, &w);
}

/* --- ours ------------------------------------------------------------------------------------- */

static enum err add_asked(struct global *g, uint32_t token, bool is_keepalive)
{
	struct asked *a;

	if (g->asked_count >= GLOBAL_ASKED_MAX)
		return E_LIMIT;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return E_NOMEM;
	a->token = token;
	a->is_keepalive = is_keepalive;
	list_init(&a->link);
	list_append(&g->asked, &a->link);
	g->asked_count++;
	return E_OK;
}

static enum err ask(struct global *g, const struct port *port, const struct global_request *q,
	uint32_t token, bool is_keepalive)
{
	enum err e;

	if (q->name.len > LIMIT_NAME || q->data.len > DATA_MAX)
		return E_LIMIT;
	if (!q->want_reply)
		return send_request(port, q);
	e = add_asked(g, token, is_keepalive);
	if (e != E_OK)
		return e;
	e = send_request(port, q);
	if (e != E_OK)
		asked_free(g, list_entry(g->asked.prev, struct asked, link));
	return e;
}

enum err global_ask(
	struct global *g, const struct port *port, const struct global_request *q, uint32_t token)
{
	return ask(g, port, q, token, false);
}

enum err global_keepalive(struct global *g, const struct port *port)
{
	struct global_request q = {.name = bytes_str("keepalive@openssh.com"), .want_reply = true};
	enum err e;

	if (g->is_keepalive_open)
		return E_OK;
	e = ask(g, port, &q, 0, true);
	if (e == E_OK)
		g->is_keepalive_open = true;
	return e;
}

enum err global_stray(struct global *g)
{
	return ++g->strays > LIMIT_STRAY ? E_LIMIT : E_OK;
}

enum err global_on_reply(struct global *g, bool *is_event, uint32_t *token)
{
	struct asked *a;

	*is_event = false;
	if (list_is_empty(&g->asked))
		return global_stray(g);
	a = list_entry(g->asked.next, struct asked, link);
	*is_event = !a->is_keepalive;
	*token = a->token;
	if (a->is_keepalive)
		g->is_keepalive_open = false;
	asked_free(g, a);
	return E_OK;
}

/* --- the peer's ------------------------------------------------------------------------------- */

static enum err send_debug(const struct port *port, struct bytes text)
{
	struct writer w;
	enum err e = port->begin(port->ctx, 1 + 1 + 4 + text.len + 4, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_DEBUG); /* RFC 4253 11.3 */
	wr_bool(&w, false);   /* not always_display */
	wr_string(&w, text);
	wr_cstring(&w, "");
	return port->end(port->ctx, &w);
}

static enum err send_failure(const struct port *port)
{
	struct writer w;
	enum err e = port->begin(port->ctx, 1, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_REQUEST_FAILURE);
	return port->end(port->ctx, &w);
}

static enum err send_reply(
	const struct port *port, bool is_ok, struct bytes data, struct bytes reason)
{
	struct writer w;
	enum err e = reason.len > 0 ? send_debug(port, reason) : E_OK;

	if (e != E_OK)
		return e;
	if (!is_ok)
		return send_failure(port);
	e = port->begin(port->ctx, 1 + data.len, &w);
	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_REQUEST_SUCCESS);
	wr_raw(&w, data);
	return port->end(port->ctx, &w);
}

static struct owed *find_owed(struct global *g, uint32_t token)
{
	for (struct list *l = g->owed.next; l != &g->owed; l = l->next) {
		if (owed_at(l)->token == token)
			return owed_at(l);
	}
	return NULL;
}

static enum err add_owed(struct global *g, uint32_t token, struct owed **out)
{
	struct owed *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return E_NOMEM;
	o->token = token;
	list_init(&o->link);
	list_append(&g->owed, &o->link);
	g->owed_count++;
	*out = o;
	return E_OK;
}

enum err global_owe_refusal(struct global *g, const struct port *port)
{
	struct owed *last;

	if (list_is_empty(&g->owed))
		return send_failure(port);
	last = owed_at(g->owed.prev);
	if (last->refusals >= LIMIT_STRAY)
		return E_LIMIT;
	last->refusals++;
	return E_OK;
}

enum err global_owe(struct global *g, const struct port *port, bool *is_event, uint32_t *token)
{
	struct owed *o;
	enum err e;

	*is_event = false;
	if (g->owed_count >= LIMIT_REPLIES)
		return global_owe_refusal(g, port);
	while (find_owed(g, g->next_token) != NULL) /* the count went round */
		g->next_token++;
	e = add_owed(g, g->next_token, &o);
	if (e != E_OK)
		return e;
	*token = g->next_token++;
	*is_event = true;
	return E_OK;
}

/* Sends what follows the reply of the oldest, and drops it. */
static enum err finish_oldest(struct global *g, const struct port *port)
{
	struct owed *o = owed_at(g->owed.next);
	enum err e = E_OK;

	for (uint32_t n = 0; n < o->refusals && e == E_OK; n++)
		e = send_failure(port);
	owed_free(g, o);
	return e;
}

/* The answers behind the oldest that were only waiting for it. */
static enum err flush_answered(struct global *g, const struct port *port)
{
	while (!list_is_empty(&g->owed) && owed_at(g->owed.next)->is_answered) {
		struct owed *o = owed_at(g->owed.next);
		enum err e = send_reply(port, o->is_ok, bytes_of(o->data.ptr, o->data.len),
			bytes_of(o->reason.ptr, o->reason.len));

		if (e == E_OK)
			e = finish_oldest(g, port);
		if (e != E_OK)
			return e;
	}
	return E_OK;
}

static bool keep(struct span *kept, struct bytes from)
{
	if (from.len == 0)
		return true;
	kept->ptr = malloc(from.len);
	if (kept->ptr == NULL)
		return false;
	memcpy(kept->ptr, from.ptr, from.len);
	kept->len = from.len;
	return true;
}

/* Keeps an answer that must wait for older ones. */
static enum err keep_answer(struct owed *o, bool is_ok, struct bytes data, struct bytes reason)
{
	if (!keep(&o->reason, reason) || (is_ok && !keep(&o->data, data)))
		return E_NOMEM;
	o->is_ok = is_ok;
	o->is_answered = true;
	return E_OK;
}

enum err global_reply(struct global *g, const struct port *port, uint32_t token, bool is_ok,
	struct bytes data, const char *reason)
{
	struct bytes why = reason != NULL ? bytes_str(reason) : (struct bytes){0};
	struct owed *o = find_owed(g, token);
	enum err e;

	if (o == NULL || o->is_answered)
		return E_STATE;
	if (data.len > GLOBAL_DATA_MAX)
		return E_LIMIT;
	if (why.len > LIMIT_STRING)
		why.len = LIMIT_STRING;
	if (g->owed.next != &o->link)
		return keep_answer(o, is_ok, data, why);
	e = send_reply(port, is_ok, data, why);
	if (e == E_OK)
		e = finish_oldest(g, port);
	return e == E_OK ? flush_answered(g, port) : e;
}

/* --- freeze ----------------------------------------------------------------------------------- */

static void freeze_owed(const struct owed *o, struct writer *w)
{
	wr_u32(w, o->token);
	wr_u32(w, o->refusals);
	wr_bool(w, o->is_answered);
	wr_bool(w, o->is_ok);
	wr_string(w, bytes_of(o->data.ptr, o->data.len));
	wr_string(w, bytes_of(o->reason.ptr, o->reason.len));
}

void global_freeze(const struct global *g, struct writer *w)
{
	wr_u32(w, g->next_token);
	wr_u32(w, g->strays);
	wr_u32(w, g->owed_count);
	for (struct list *l = g->owed.next; l != &g->owed; l = l->next)
		freeze_owed(owed_at(l), w);
	wr_u32(w, g->asked_count);
	for (struct list *l = g->asked.next; l != &g->asked; l = l->next) {
		const struct asked *a = list_entry(l, struct asked, link);

		wr_u32(w, a->token);
		wr_bool(w, a->is_keepalive);
	}
}

static enum err thaw_owed(struct global *g, struct reader *r)
{
	uint32_t token = rd_u32(r);
	uint32_t refusals = rd_u32(r);
	bool is_answered = rd_bool(r);
	bool is_ok = rd_bool(r);
	struct bytes data = rd_string(r, GLOBAL_DATA_MAX);
	struct bytes reason = rd_string(r, LIMIT_STRING);
	bool is_first = list_is_empty(&g->owed);
	struct owed *o;
	enum err e;

	if (!rd_ok(r) || refusals > LIMIT_STRAY || find_owed(g, token) != NULL)
		return E_FORMAT;
	/* An answered one in front would have left; only answers have contents. */
	if ((is_answered && is_first) || (!is_answered && is_ok) || (!is_ok && data.len > 0) ||
		(!is_answered && reason.len > 0))
		return E_FORMAT;
	e = add_owed(g, token, &o);
	if (e != E_OK)
		return e;
	o->refusals = refusals;
	return is_answered ? keep_answer(o, is_ok, data, reason) : E_OK;
}

static enum err thaw_asked(struct global *g, struct reader *r)
{
	uint32_t token = rd_u32(r);
	bool is_keepalive = rd_bool(r);

	if (!rd_ok(r) || (is_keepalive && g->is_keepalive_open))
		return E_FORMAT;
	if (is_keepalive)
		g->is_keepalive_open = true;
	return add_asked(g, token, is_keepalive);
}

enum err global_thaw(struct global *g, struct reader *r)
{
	enum err e = E_OK;
	uint32_t count;

	g->next_token = rd_u32(r);
	g->strays = rd_u32(r);
	count = rd_u32(r);
	if (!rd_ok(r) || g->strays > LIMIT_STRAY || count > LIMIT_REPLIES)
		return E_FORMAT;
	for (uint32_t i = 0; i < count && e == E_OK; i++)
		e = thaw_owed(g, r);
	if (e != E_OK)
		return e;
	count = rd_u32(r);
	if (!rd_ok(r) || count > GLOBAL_ASKED_MAX)
		return E_FORMAT;
	for (uint32_t i = 0; i < count && e == E_OK; i++)
		e = thaw_asked(g, r);
	return e;
}
