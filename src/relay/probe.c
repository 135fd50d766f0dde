/* SPDX-License-Identifier: ISC */
#include "relay/probe.h"

#include "relay/link.h"

static struct link *link_of(struct probe *p)
{
	return list_entry(p, struct link, probe);
}

static void tell(struct probe *p, bool is_alive)
{
	struct list told;

	later_cancel(&p->due);
	p->token++; /* an answer that comes now is to nobody's question */
	list_init(&told);
	while (!list_is_empty(&p->askers)) {
		struct list *n = p->askers.next;

		list_remove(n);
		list_append(&told, n);
	}
	/* Each may ask anew, or make another forget. */
	while (!list_is_empty(&told)) {
		struct probe_asker *a = list_entry(told.next, struct probe_asker, node);

		list_remove(&a->node);
		a->told(a, is_alive);
	}
}

static void on_due(struct later *later)
{
	struct probe *p = list_entry(later, struct probe, due);
	struct link *l = link_of(p);
	uint64_t grace_ms = l->relay->settings->takeover_grace_ms;
	uint64_t now_ms = hub_now(&l->relay->hub);
	struct session_counts k;

	session_counts(conn_session(l->conn), &k);
	if (k.last_heard_ms <= p->since_ms || k.last_heard_ms + grace_ms <= now_ms)
		link_abandon(l, "another connection of your key asked for a port of this one, "
				"which did not answer");
	else if (now_ms < p->since_ms + 2 * grace_ms)
		later_add(&l->relay->probes, &p->due, k.last_heard_ms + grace_ms - now_ms);
	else
		tell(p, true);
}

void probe_init(struct probe *p)
{
	*p = (struct probe){0};
	list_init(&p->askers);
	later_init(&p->due, on_due);
}

void probe_ask(struct link *l, struct probe_asker *a)
{
	struct probe *p = &l->probe;
	struct mux *m = link_mux(l);
	bool is_first = list_is_empty(&p->askers);
	enum err e;

	list_init(&a->node);
	list_append(&p->askers, &a->node);
	if (!is_first)
		return;
	p->since_ms = hub_now(&l->relay->hub);
	/* A connection to which nothing can be said does not answer either. */
	e = m ? mux_global(m, "keepalive@openssh.com", true, bytes_of(NULL, 0), p->token)
	      : E_CLOSED;
	if (e != E_OK)
		link_log(l, LOG_LEVEL_DEBUG1, "not asked for a sign of life: %s", err_text(e));
	else
		conn_wake(l->conn);
	later_add(&l->relay->probes, &p->due, l->relay->settings->takeover_grace_ms);
}

void probe_forget(struct probe_asker *a)
{
	list_remove(&a->node);
}

void probe_on_reply(struct link *l, const struct mux_event *ev)
{
	if (ev->token == l->probe.token && !list_is_empty(&l->probe.askers))
		tell(&l->probe, true);
}

void probe_on_end(struct link *l)
{
	tell(&l->probe, false);
}
