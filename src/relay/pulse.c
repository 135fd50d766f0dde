/* SPDX-License-Identifier: ISC */
#include "relay/pulse.h"

#include "relay/link.h"

/* Beyond those of relay/probe.c, which count from 0. */
#define TOKEN 0x80000000U

void pulse_init(struct pulse *p)
{
	*p = (struct pulse){.answer_ms = -1, .least_ms = -1};
}

void pulse_ask(struct link *l)
{
	struct pulse *p = &l->pulse;
	struct mux *m = link_mux(l);
	uint64_t now_ms = hub_now(&l->relay->hub);

	if (!m || p->is_open || (p->asked_ms != 0 && now_ms < p->asked_ms + PULSE_AGAIN_MS) ||
		mux_global(m, "keepalive@openssh.com", true, bytes_of(NULL, 0), TOKEN) != E_OK)
		return;
	p->is_open = true;
	p->asked_ms = now_ms;
	conn_wake(l->conn);
}

bool pulse_on_reply(struct link *l, const struct mux_event *ev)
{
	struct pulse *p = &l->pulse;

	if (ev->token != TOKEN)
		return false;
	p->is_open = false;
	p->answer_ms = (int64_t)(hub_now(&l->relay->hub) - p->asked_ms);
	if (p->least_ms < 0 || p->answer_ms < p->least_ms)
		p->least_ms = p->answer_ms;
	return true;
}

bool pulse_is_silent(const struct link *l)
{
	const struct pulse *p = &l->pulse;
	struct session_counts k;
	uint64_t patience_ms = PULSE_PATIENCE_MS, since_ms;

	if (!p->is_open)
		return false;
	if (p->least_ms > 0 && 4 * (uint64_t)p->least_ms > patience_ms)
		patience_ms = 4 * (uint64_t)p->least_ms;
	session_counts(conn_session(l->conn), &k);
	since_ms = k.last_heard_ms > p->asked_ms ? k.last_heard_ms : p->asked_ms;
	return hub_now(&l->relay->hub) >= since_ms + patience_ms;
}
