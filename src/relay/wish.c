/* SPDX-License-Identifier: ISC */
#include "relay/wish.h"

#include <stdio.h>

#include "base/text.h"
#include "forward/tcpip.h"
#include "relay/audit.h"
#include "relay/choice.h"
#include "relay/notice.h"
#include "relay/policy.h"

enum err wish_judge(const struct link *l, const struct wish *w, struct fault *f)
{
	const struct relay *r = l->relay;
	enum err e = w->port == 0 ? choice_judge(l, w, f)
				  : identity_may_listen(l->identity, policy_of(l), r->low_end,
					    bytes_str(w->host), w->port, f);

	if (e == E_OK && r->is_draining)
		e = fault_set(f, E_DENIED, 0, "the relay is about to shut down");
	if (e == E_OK)
		e = wish_fits(l, f);
	return e;
}

enum err wish_fits(const struct link *l, struct fault *f)
{
	if (l->door_count < RELAY_DOORS_MAX)
		return E_OK;
	return fault_set(f, E_LIMIT, 0, "this connection has too many open ports");
}

void wish_text(const struct wish *w, char out[static WISH_TEXT_MAX])
{
	char host[128];

	text_escape(host, sizeof(host), bytes_str(w->host));
	snprintf(out, WISH_TEXT_MAX, "\"%s\" port %u", host, w->port);
}

void wish_reply(
	struct link *l, const struct wish *w, bool is_ok, struct bytes data, const char *reason)
{
	struct mux *m = link_mux(l);

	if (!m || !w->want_reply)
		return;
	/* A failure in here ends the session, which tells us through conn. */
	if (mux_global_reply(m, w->token, is_ok, data, reason) != E_OK)
		log_write(LOG_LEVEL_DEBUG1, "a reply could not be sent");
	conn_wake(l->conn);
}

void wish_refuse(struct link *l, const struct wish *w, const char *reason)
{
	char text[WISH_TEXT_MAX];

	wish_text(w, text);
	link_log(l, LOG_LEVEL_INFO, "forward of %s refused: %s", text, reason);
	audit_forward_refused(l, w->host, w->port, reason);
	wish_reply(l, w, false, bytes_of(NULL, 0), reason);
}

void wish_opened(struct link *l, const struct wish *w, const struct door *d)
{
	char text[WISH_TEXT_MAX], addresses[BINDER_MAX * (SOCK_TEXT_MAX + 8)], remark[256];
	uint8_t port[8];
	size_t len = 0;

	wish_text(w, text);
	door_addresses(d, addresses, sizeof(addresses));
	if (door_stands_by(d))
		snprintf(remark, sizeof(remark),
			"port %u is served by another connection of your key, from %s; this one "
			"stands by",
			d->port, d->berth->door->link->peer);
	else
		bindplan_remark(&w->plan, bytes_str(w->host), remark, sizeof(remark));
	link_log(l, LOG_LEVEL_INFO, "forward of %s %s %s%s%s", text,
		door_stands_by(d) ? "waits for" : "opened on", addresses, remark[0] ? "; " : "",
		remark);
	audit_forward(l, w->host, d);
	if (remark[0] && !w->want_reply)
		link_remark(l, remark);
	/* RFC 4254 7.1: the port is in the reply when the relay chose it. */
	if (w->port == 0 &&
		tcpip_write_port((struct span){port, sizeof(port)}, d->port, &len) != E_OK)
		len = 0;
	wish_reply(l, w, true, bytes_of(port, len), remark[0] ? remark : NULL);
	notices_door(l, d, true);
}
