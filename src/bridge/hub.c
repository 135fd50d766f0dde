/* SPDX-License-Identifier: ISC */
/*
 * The areas of a turn are mapped, not allocated: they are as large as a bulk turn, and a process
 * that never carries one never touches most of their pages.
 */
#include "bridge/hub.h"

#include <assert.h>
#include <sys/mman.h>
#include "bridge/conn_impl.h"
#include "bridge/linger.h"

static struct span map_area(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? (struct span){NULL, 0} : (struct span){p, len};
}

static void unmap_area(struct span area)
{
	if (area.ptr != NULL)
		munmap(area.ptr, area.len);
}

static void on_idle(uv_idle_t *idle)
{
	/* Its being there is what counts: the loop does not sleep. */
	(void)idle;
}

/* Conns whose sources were left unread for want of packet memory go on when there is some again. */
static void relieve(struct hub *h)
{
	if (pool_is_crowded(h->env.pool))
		return;
	while (!list_is_empty(&h->waiting)) {
		struct conn *c = list_entry(h->waiting.next, struct conn, waiting);

		list_remove(&c->waiting);
		conn_wake(c);
	}
}

/* Each one that was woken until now gets one turn; who is woken meanwhile waits for the next round,
 * so that descriptors are looked at in between. */
static void on_check(uv_check_t *check)
{
	struct hub *h = check->data;
	struct list round;

	uv_idle_stop(&h->idle);
	list_init(&round);
	while (!list_is_empty(&h->woken)) {
		struct list *n = h->woken.next;

		list_remove(n);
		list_append(&round, n);
	}
	while (!list_is_empty(&round)) {
		struct conn *c = list_entry(round.next, struct conn, woken);

		list_remove(&c->woken);
		conn_turn(c);
	}
	relieve(h);
}

void hub_stir(struct hub *h)
{
	if (!uv_is_active((uv_handle_t *)&h->idle))
		uv_idle_start(&h->idle, on_idle);
}

void hub_gave_back(struct hub *h)
{
	if (!list_is_empty(&h->waiting))
		hub_stir(h);
}

enum err hub_init(struct hub *h, uv_loop_t *loop, size_t pool_budget)
{
	*h = (struct hub){.loop = loop};
	list_init(&h->woken);
	list_init(&h->waiting);
	list_init(&h->lingers);
	rng_system(&h->rng);
	h->env.rng = &h->rng;
	h->env.pool = pool_new(pool_budget);
	h->env.in = map_area(SESSION_IN_AREA);
	h->env.out = map_area(SESSION_OUT_AREA);
	if (h->env.pool == NULL || h->env.in.ptr == NULL || h->env.out.ptr == NULL) {
		unmap_area(h->env.in);
		unmap_area(h->env.out);
		pool_free(h->env.pool);
		rng_fini(&h->rng);
		return E_NOMEM;
	}
	uv_check_init(loop, &h->check);
	uv_idle_init(loop, &h->idle);
	h->check.data = h->idle.data = h;
	uv_check_start(&h->check, on_check);
	/* The hub alone is no reason for the loop to go on; somebody woken is. */
	uv_unref((uv_handle_t *)&h->check);
	return E_OK;
}

void hub_fini(struct hub *h)
{
	assert(h->env.busy == NULL && list_is_empty(&h->woken));
	linger_end_all(h);
	uv_close((uv_handle_t *)&h->check, NULL);
	uv_close((uv_handle_t *)&h->idle, NULL);
	unmap_area(h->env.in);
	unmap_area(h->env.out);
	pool_free(h->env.pool);
	rng_fini(&h->rng);
}

uint64_t hub_now(const struct hub *h)
{
	return uv_now(h->loop);
}
