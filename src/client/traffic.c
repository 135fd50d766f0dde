/* SPDX-License-Identifier: ISC */
#include "client/traffic.h"

#include <stdio.h>
#include <stdlib.h>

void traffic_init(struct traffic *t)
{
	*t = (struct traffic){0};
	list_init(&t->passages);
}

enum err traffic_limit(struct traffic *t, struct hub *h, uint64_t bytes_a_second)
{
	if (bytes_a_second == 0 || t->up != NULL)
		return E_OK;
	t->up = throttle_new(h, bytes_a_second);
	t->down = t->up != NULL ? throttle_new(h, bytes_a_second) : NULL;
	t->rate_bytes = bytes_a_second;
	if (t->down != NULL)
		return E_OK;
	throttle_free(t->up);
	t->up = NULL;
	return E_NOMEM;
}

void traffic_narrow(const struct traffic *t, struct mux *m)
{
	if (m != NULL)
		mux_narrow_next(m, t->up != NULL ? throttle_window(t->rate_bytes) : 0);
}

void traffic_fini(struct traffic *t)
{
	while (!list_is_empty(&t->passages)) {
		struct passage *p = list_entry(t->passages.next, struct passage, link);

		p->traffic = NULL;
		list_remove(&p->link);
	}
	t->now = 0;
	throttle_free(t->up);
	throttle_free(t->down);
	t->up = t->down = NULL;
}

void passage_bytes(const struct passage *p, uint64_t *to_relay, uint64_t *from_relay)
{
	*to_relay = *from_relay = 0;
	if (p->pump != NULL)
		pump_bytes(p->pump, to_relay, from_relay);
}

void traffic_bytes(const struct traffic *t, uint64_t *to_relay, uint64_t *from_relay)
{
	*to_relay = t->to_relay;
	*from_relay = t->from_relay;
	for (const struct list *n = t->passages.next; n != &t->passages; n = n->next) {
		uint64_t to, from;

		passage_bytes(list_entry(n, struct passage, link), &to, &from);
		*to_relay += to;
		*from_relay += from;
	}
}

struct passage *passage_new(struct traffic *t, uint64_t now_ms, const char *from)
{
	struct passage *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->traffic = t;
	p->since_ms = now_ms;
	snprintf(p->from, sizeof(p->from), "%s", from);
	list_init(&p->link);
	list_append(&t->passages, &p->link);
	t->now++;
	t->ever++;
	return p;
}

void passage_join(struct passage *p, struct pump *pump, const char *to)
{
	p->pump = pump;
	if (p->traffic != NULL && p->traffic->up != NULL)
		pump_throttle(pump, p->traffic->up, p->traffic->down);
	snprintf(p->to, sizeof(p->to), "%s", to);
}

void passage_end(struct passage *p, const struct pump_report *report)
{
	if (p == NULL)
		return;
	if (p->traffic != NULL) {
		p->traffic->now--;
		if (report != NULL) {
			p->traffic->to_relay += report->to_channel;
			p->traffic->from_relay += report->to_socket;
		}
	}
	list_remove(&p->link);
	free(p);
}
