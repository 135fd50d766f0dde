/* SPDX-License-Identifier: ISC */
#include "relay/later.h"

static void on_timer(uv_timer_t *t);

static void set_timer(struct laters *s)
{
	const struct later *first = list_entry(s->all.next, struct later, node);
	uint64_t now_ms = uv_now(s->timer.loop);

	if (list_is_empty(&s->all))
		uv_timer_stop(&s->timer);
	else
		uv_timer_start(&s->timer, on_timer,
			first->due_ms > now_ms ? first->due_ms - now_ms : 0, 0);
}

static void on_timer(uv_timer_t *t)
{
	laters_run(t->data);
}

void laters_run(struct laters *s)
{
	while (!list_is_empty(&s->all)) {
		struct later *l = list_entry(s->all.next, struct later, node);

		if (l->due_ms > uv_now(s->timer.loop))
			break;
		list_remove(&l->node);
		l->due(l);
	}
	set_timer(s);
}

void laters_init(struct laters *s, uv_loop_t *loop)
{
	list_init(&s->all);
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
}

void laters_close(struct laters *s)
{
	uv_close((uv_handle_t *)&s->timer, NULL);
}

void later_init(struct later *l, void (*due)(struct later *l))
{
	*l = (struct later){.due = due};
	list_init(&l->node);
}

void later_add(struct laters *s, struct later *l, uint64_t wait_ms)
{
	struct list *before = s->all.prev;

	/* The waits are alike, so the place is near the end. */
	/* The loop's clock is cut to whole milliseconds: without one more this could be too early. */
	l->due_ms = uv_now(s->timer.loop) + wait_ms + (wait_ms > 0);
	while (before != &s->all && list_entry(before, struct later, node)->due_ms > l->due_ms)
		before = before->prev;
	list_append(before->next, &l->node); /* in front of the one behind */
	if (s->all.next == &l->node)
		set_timer(s);
}

void later_cancel(struct later *l)
{
	list_remove(&l->node);
}
