/* SPDX-License-Identifier: ISC */
#include "relay/notice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "relay/policy.h"
#include "wire/msgs.h"

struct notice {
	struct sink sink;
	struct list node; /* of link.notices */
	struct link *link;
	uint32_t channel;
	bool has_shell;
	struct buf pending; /* what the peer's window did not take */
};

/* A write past the window asks for MUX_WINDOW, so the rest is always tried as well. */
static void flush(struct notice *n)
{
	struct mux *m = link_mux(n->link);

	while (m && buf_bytes(&n->pending).len > 0) {
		struct bytes all = buf_bytes(&n->pending);
		uint32_t room = mux_can_send(m, n->channel);
		enum err e;

		if (room > 0 && all.len > room)
			all.len = room;
		e = mux_write(m, n->channel, 0, all);
		if (e != E_OK)
			return;
		buf_consume(&n->pending, all.len);
	}
}

/* One line. CR LF reads well on a terminal in raw mode and in any other. A line that does not fit
 * in the queue of a peer that takes nothing is left out. */
static void say(struct notice *n, const char *fmt, ...) PRINTF(2, 3);
static void say(struct notice *n, const char *fmt, ...)
{
	char line[400];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	strcat(line, "\r\n");
	if (buf_append(&n->pending, bytes_str(line)) == E_OK)
		flush(n);
	conn_wake(n->link->conn);
}

static void say_door(struct notice *n, const struct door *d)
{
	char where[128];

	if (door_stands_by(d)) {
		say(n, "  port %u is served by another connection of your key; this one stands by",
			d->port);
		return;
	}
	door_for_visitors(d, where, sizeof(where));
	say(n, "  port %u is open for visitors at %s", d->port, where);
}

static void on_shell(struct notice *n)
{
	struct link *l = n->link;
	unsigned open = 0;

	n->has_shell = true;
	say(n, "This relay forwards ports and does nothing else: there is no shell here.");
	for (struct list *at = l->doors.next; at != &l->doors; at = at->next) {
		const struct door *d = list_entry(at, struct door, node);

		if (!d->berth)
			continue;
		say_door(n, d);
		open++;
	}
	if (open == 0)
		say(n, "No port is open on this connection; ssh -R port:host:hostport opens one.");
	say(n, "Press Ctrl-C to end the connection and close its ports.");
}

static void on_request(struct notice *n, const struct mux_event *ev)
{
	struct mux *m = link_mux(n->link);
	bool is_shell = bytes_is(ev->name, "shell") && ev->data.len == 0 && !n->has_shell;
	char name[80];

	if (!m)
		return;
	if (!is_shell) {
		text_escape(name, sizeof(name), ev->name);
		link_log(n->link, LOG_LEVEL_DEBUG1, "session request %s is not served here", name);
	}
	if (ev->want_reply && mux_request_reply(m, n->channel, is_shell) != E_OK)
		return;
	if (is_shell)
		on_shell(n);
}

static void notice_free(struct notice *n)
{
	list_remove(&n->node);
	buf_fini(&n->pending);
	free(n);
}

static void on_event(struct sink *s, const struct mux_event *ev)
{
	struct notice *n = list_entry(s, struct notice, sink);
	struct mux *m = link_mux(n->link);

	switch (ev->kind) {
	case MUX_REQUEST:
		on_request(n, ev);
		break;
	case MUX_DATA: /* typed into the void; credit goes back so that nothing stalls */
		if (m && mux_consumed(m, n->channel, (uint32_t)ev->data.len) != E_OK)
			log_write(LOG_LEVEL_DEBUG1, "no credit could be given back");
		break;
	case MUX_WINDOW:
		flush(n);
		break;
	case MUX_CLOSED:
		notice_free(n);
		break;
	default: /* EOF: ssh -n; the channel stays */
		break;
	}
}

static unsigned count(const struct link *l)
{
	unsigned n = 0;

	for (struct list *at = l->notices.next; at != &l->notices; at = at->next)
		n++;
	return n;
}

void notice_open(struct link *l, const struct mux_event *ev)
{
	struct mux *m = link_mux(l);
	struct notice *n = NULL;
	enum err e;

	if (!m)
		return;
	if (count(l) < policy_of(l)->max_sessions)
		n = calloc(1, sizeof(*n));
	if (!n) {
		e = mux_refuse(m, ev->channel, OPEN_RESOURCE_SHORTAGE,
			"this relay allows no more sessions on the connection (MaxSessions)");
	} else {
		n->sink.event = on_event;
		n->link = l;
		n->channel = ev->channel;
		buf_init(&n->pending, NOTICE_PENDING_MAX);
		list_append(&l->notices, &n->node);
		e = mux_accept(m, ev->channel, &n->sink);
		if (e != E_OK)
			notice_free(n);
	}
	if (e != E_OK)
		log_write(LOG_LEVEL_DEBUG1, "a session could not be answered: %s", err_text(e));
}

void notices_door(struct link *l, const struct door *d, bool is_open)
{
	for (struct list *at = l->notices.next; at != &l->notices; at = at->next) {
		struct notice *n = list_entry(at, struct notice, node);

		if (!n->has_shell)
			continue;
		if (is_open)
			say_door(n, d);
		else
			say(n, "  port %u is closed", d->port);
	}
}
