/* SPDX-License-Identifier: ISC */
#include "relay/request.h"

#include "base/text.h"
#include "forward/tcpip.h"
#include "relay/claim.h"
#include "relay/notice.h"
#include "relay/policy.h"
#include "relay/prove.h"

/* --- the two requests ------------------------------------------------------------------------- */

static void on_forward(struct link *l, const struct mux_event *ev)
{
	struct wish w = {.token = ev->token, .want_reply = ev->want_reply};
	struct tcpip_listen listen;
	struct fault f = {0};

	if (tcpip_read_listen(ev->data, &listen) != E_OK ||
		!bytes_to_cstr(listen.host, w.host, sizeof(w.host))) {
		wish_refuse(l, &w, "the request is malformed");
		return;
	}
	w.port = (uint16_t)listen.port;
	if (w.port == 0 && !w.want_reply)
		wish_refuse(l, &w, "port 0 without a reply tells nobody the port");
	else if (wish_judge(l, &w, &f) != E_OK)
		wish_refuse(l, &w, f.text);
	else if (bindplan_make(bytes_str(w.host), policy_of(l)->gateway_ports, &w.plan) != E_OK)
		wish_refuse(l, &w, "the address to listen on is no host name");
	else
		claim_go(l, &w);
}

static void on_cancel(struct link *l, const struct mux_event *ev)
{
	struct wish w = {.token = ev->token, .want_reply = ev->want_reply};
	struct tcpip_listen listen;
	struct door *d;
	char text[WISH_TEXT_MAX];

	if (tcpip_read_listen(ev->data, &listen) != E_OK ||
		!bytes_to_cstr(listen.host, w.host, sizeof(w.host))) {
		wish_reply(l, &w, false, bytes_of(NULL, 0), "the request is malformed");
		return;
	}
	w.port = (uint16_t)listen.port;
	wish_text(&w, text);
	d = door_find(l, listen.host, listen.port);
	if (!d && !claim_cancel(l, listen.host, listen.port)) {
		link_log(l, LOG_LEVEL_INFO, "cancel of %s: no such forward", text);
		wish_reply(l, &w, false, bytes_of(NULL, 0), "there is no such forward");
		return;
	}
	link_log(l, LOG_LEVEL_INFO, "forward of %s cancelled", text);
	if (d) {
		notices_door(l, d, false);
		door_close(d, 0);
	}
	wish_reply(l, &w, true, bytes_of(NULL, 0), NULL);
}

void request_on(struct link *l, const struct mux_event *ev)
{
	struct wish unknown = {.token = ev->token, .want_reply = ev->want_reply};
	char name[80];

	if (bytes_is(ev->name, "tcpip-forward")) {
		on_forward(l, ev);
		return;
	}
	if (bytes_is(ev->name, "cancel-tcpip-forward")) {
		on_cancel(l, ev);
		return;
	}
	if (bytes_is(ev->name, "hostkeys-prove-00@openssh.com") && ev->want_reply) {
		prove_on(l, ev);
		return;
	}
	/* no-more-sessions@openssh.com and whatever else: refused when an answer is wanted. */
	text_escape(name, sizeof(name), ev->name);
	link_log(l, LOG_LEVEL_DEBUG1, "request %s is not served here", name);
	wish_reply(l, &unknown, false, bytes_of(NULL, 0), NULL);
}
