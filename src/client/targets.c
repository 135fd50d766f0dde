/* SPDX-License-Identifier: ISC */
/*
 * Visitors of one target share a lookup: however many come, a name occupies one thread. It goes on
 * when nobody waits for it any more, and whoever comes next waits for what it finds.
 */
#include "client/targets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "client/reach.h"
#include "io/lookup.h"

enum { PORT_TEXT = 8, PLACE_TEXT = FORWARD_HOST_MAX + 16 };

struct spot {
	struct targets *targets;
	char host[FORWARD_HOST_MAX];
	uint16_t port;
	bool is_numeric;
	uint64_t shunned_until_ms;
	struct lookup *lookup;
	struct list waiting; /* for it */
};

struct route {
	struct list link;
	const struct forward *forward;
	size_t count;
	struct spot spots[TARGETS_MAX];
};

struct way {
	struct list link; /* of the spot whose lookup it waits for */
	struct route *route;
	struct targets *targets;
	size_t at;	 /* the spot it is tried with */
	unsigned tried;	 /* a bit a spot */
	uv_timer_t step; /* the patience with a lookup, or the first step */
	struct dial *dial;
	targets_fn done;
	void *ctx;
};

static void try_next(struct way *w, const struct fault *f);

/* --- the end of a way ---------------------------------------------------------------------------
 */

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void targets_cancel(struct way *w)
{
	list_remove(&w->link);
	dial_cancel(w->dial);
	uv_close((uv_handle_t *)&w->step, on_closed);
}

static void finish(struct way *w, int fd, const struct spot *s, const struct fault *f)
{
	targets_fn done = w->done;
	void *ctx = w->ctx;
	char place[PLACE_TEXT];

	reach_place(s->host, s->port, place, sizeof(place));
	w->dial = NULL;
	targets_cancel(w);
	done(ctx, fd, place, f);
}

static void spot_failed(struct way *w, const struct fault *f)
{
	struct spot *s = &w->route->spots[w->at];

	log_write(LOG_LEVEL_ERROR, "connect_to %s port %u: failed.", s->host, s->port);
	log_write(LOG_LEVEL_DEBUG1, "%s", f->text);
	s->shunned_until_ms = uv_now(w->targets->loop) + TARGETS_SHUN_MS;
	try_next(w, f);
}

/* --- dialling -----------------------------------------------------------------------------------
 */

static void on_dialled(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	struct way *w = ctx;
	struct spot *s = &w->route->spots[w->at];

	w->dial = NULL;
	if (fd < 0) {
		spot_failed(w, f);
		return;
	}
	s->shunned_until_ms = 0;
	finish(w, fd, s, NULL);
}

static void dial(struct way *w, const struct addrinfo *addrs)
{
	struct spot *s = &w->route->spots[w->at];
	char port[PORT_TEXT];
	struct dial_options o = {.host = s->host,
		.port = port,
		.addrs = addrs,
		.family = w->targets->family,
		.timeout_ms = w->targets->timeout_ms};
	struct fault f = {0};

	snprintf(port, sizeof(port), "%u", s->port);
	if (dial_start(w->targets->loop, &o, on_dialled, w, &w->dial, &f) != E_OK) {
		w->dial = NULL;
		spot_failed(w, &f);
	}
}

/* --- looking up ---------------------------------------------------------------------------------
 */

static void on_found(void *ctx, const struct addrinfo *list, const struct fault *f)
{
	struct spot *s = ctx;
	struct list round;

	s->lookup = NULL;
	/* Who comes while they are served waits for a lookup of his own. */
	list_init(&round);
	while (!list_is_empty(&s->waiting)) {
		struct list *n = s->waiting.next;

		list_remove(n);
		list_append(&round, n);
	}
	while (!list_is_empty(&round)) {
		struct way *w = list_entry(round.next, struct way, link);

		list_remove(&w->link);
		uv_timer_stop(&w->step);
		if (list != NULL)
			dial(w, list);
		else
			spot_failed(w, f);
	}
}

static void on_patience_over(uv_timer_t *timer)
{
	struct way *w = timer->data;
	struct fault f = {0};

	list_remove(&w->link);
	fault_set(&f, E_TIMEOUT, ETIMEDOUT, "Could not resolve hostname %s: no answer in time",
		w->route->spots[w->at].host);
	spot_failed(w, &f);
}

static void look_up(struct way *w)
{
	struct spot *s = &w->route->spots[w->at];
	char port[PORT_TEXT];
	struct fault f = {0};

	snprintf(port, sizeof(port), "%u", s->port);
	if (s->lookup == NULL && lookup_start(w->targets->loop, s->host, port, w->targets->family,
					 on_found, s, &s->lookup, &f) != E_OK) {
		s->lookup = NULL;
		spot_failed(w, &f);
		return;
	}
	list_append(&s->waiting, &w->link);
	uv_timer_start(&w->step, on_patience_over, w->targets->timeout_ms, 0);
}

/* --- one after the other ------------------------------------------------------------------------
 */

/* In the order they were written, those that failed just now behind the others. count: none is
 * left.
 */
static size_t choose(const struct way *w)
{
	const struct route *r = w->route;
	uint64_t now_ms = uv_now(w->targets->loop);
	size_t best = r->count;

	for (size_t i = r->count; i-- > 0;) {
		bool is_shunned = r->spots[i].shunned_until_ms > now_ms;

		if (w->tried & 1u << i)
			continue;
		if (best == r->count || !is_shunned || r->spots[best].shunned_until_ms > now_ms)
			best = i;
	}
	return best;
}

/* f: why the one before did not take it; NULL at first. */
static void try_next(struct way *w, const struct fault *f)
{
	size_t next = choose(w);

	if (next == w->route->count) {
		finish(w, -1, &w->route->spots[w->at], f);
		return;
	}
	w->at = next;
	w->tried |= 1u << next;
	if (w->route->spots[next].is_numeric)
		dial(w, NULL);
	else
		look_up(w);
}

static void on_first(uv_timer_t *timer)
{
	try_next(timer->data, NULL);
}

/* --- routes -------------------------------------------------------------------------------------
 */

static void add_spot(struct targets *t, struct route *r, const char *host, uint16_t port)
{
	struct spot *s = &r->spots[r->count++];
	struct sock_addr a;

	*s = (struct spot){.targets = t, .port = port, .is_numeric = sock_parse(host, port, &a)};
	snprintf(s->host, sizeof(s->host), "%s", host);
	list_init(&s->waiting);
}

static void drop_route(struct route *r)
{
	for (size_t i = 0; i < r->count; i++)
		lookup_cancel(r->spots[i].lookup);
	list_remove(&r->link);
	free(r);
}

void targets_forget(struct targets *t, const struct forward *to)
{
	for (struct list *n = t->routes.next; n != &t->routes; n = n->next)
		if (list_entry(n, struct route, link)->forward == to) {
			drop_route(list_entry(n, struct route, link));
			return;
		}
}

static struct route *find_route(struct targets *t, const struct forward *to)
{
	struct route *r;

	for (struct list *n = t->routes.next; n != &t->routes; n = n->next) {
		r = list_entry(n, struct route, link);
		if (r->forward == to)
			return r;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->forward = to;
	add_spot(t, r, to->spec->host, to->spec->port);
	for (size_t i = 0; i < to->spec->more_count; i++)
		add_spot(t, r, to->spec->more[i].host, to->spec->more[i].port);
	list_append(&t->routes, &r->link);
	return r;
}

enum err targets_connect(struct targets *t, const struct forward *to, targets_fn done, void *ctx,
	struct way **way, struct fault *f)
{
	struct route *r = find_route(t, to);
	struct way *w = r != NULL ? calloc(1, sizeof(*w)) : NULL;

	if (w == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	w->route = r;
	w->targets = t;
	w->done = done;
	w->ctx = ctx;
	list_init(&w->link);
	uv_timer_init(t->loop, &w->step);
	w->step.data = w;
	uv_timer_start(&w->step, on_first, 0, 0);
	*way = w;
	return E_OK;
}

void targets_init(struct targets *t, uv_loop_t *loop, int family, uint64_t timeout_ms)
{
	*t = (struct targets){.loop = loop, .family = family, .timeout_ms = timeout_ms};
	list_init(&t->routes);
}

void targets_close(struct targets *t)
{
	while (!list_is_empty(&t->routes))
		drop_route(list_entry(t->routes.next, struct route, link));
}
