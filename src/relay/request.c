/* SPDX-License-Identifier: ISC */
#include "relay/request.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "forward/tcpip.h"
#include "relay/claim.h"
#include "relay/notice.h"
#include "relay/policy.h"
#include "relay/prove.h"

/* A wish whose address is a name. */
struct lookup {
	struct list node;  /* of link.requests */
	struct link *link; /* NULL: the connection is gone */
	struct relay *relay;
	uv_getaddrinfo_t req;
	struct wish wish;
	bool is_cancelled;
};

/* --- names ------------------------------------------------------------------------------------ */

static bool is_listed(const struct binder_wish *want, const struct sock_addr *a)
{
	char one[SOCK_TEXT_MAX], other[SOCK_TEXT_MAX];

	sock_host(a, one);
	for (size_t i = 0; i < want->count; i++) {
		sock_host(&want->addr[i], other);
		if (strcmp(one, other) == 0)
			return true;
	}
	return false;
}

/* why_none: why want is empty, if it is. Much may have happened since the wish was judged. */
static void looked_up(struct link *l, const struct lookup *u, const struct binder_wish *want,
	const char *why_none)
{
	const struct wish *w = &u->wish;
	char reason[FAULT_TEXT], name[128];
	struct fault f = {0};

	text_escape(name, sizeof(name), bytes_str(w->plan.address));
	snprintf(reason, sizeof(reason), "the relay cannot look up %s: %s", name, why_none);
	if (u->is_cancelled)
		wish_refuse(l, w, "it was cancelled meanwhile");
	else if (want->count == 0)
		wish_refuse(l, w, reason);
	else if (!link_mux(l))
		wish_refuse(l, w, "the connection is ending");
	else if (wish_judge(l, w, &f) != E_OK)
		wish_refuse(l, w, f.text);
	else
		claim_go(l, w, want);
}

static void unlist(struct lookup *u)
{
	list_remove(&u->node);
	u->link->lookups--;
	u->link = NULL;
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct lookup *u = req->data;
	struct link *l = u->link;
	struct binder_wish want = {.port = u->wish.port};

	u->relay->lookups--;
	if (l) {
		unlist(u);
		for (struct addrinfo *ai = res; ai && want.count < BINDER_MAX; ai = ai->ai_next) {
			struct sock_addr a = {.len = (socklen_t)ai->ai_addrlen};

			memcpy(&a.ss, ai->ai_addr, ai->ai_addrlen);
			if (!is_listed(&want, &a))
				want.addr[want.count++] = a;
		}
		looked_up(l, u, &want, status < 0 ? uv_strerror(status) : "no address");
	}
	uv_freeaddrinfo(res);
	free(u);
}

static void look_up(struct link *l, const struct wish *w)
{
	int family = l->relay->settings->family;
	struct addrinfo hints = {
		.ai_family = family == 4   ? AF_INET
			     : family == 6 ? AF_INET6
					   : AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct lookup *u;
	int rc;

	/* mux bounds only the requests that want a reply. */
	if (l->lookups >= REQUEST_LOOKUPS_MAX) {
		wish_refuse(l, w, "too many names are being looked up for this connection");
		return;
	}
	u = calloc(1, sizeof(*u));
	if (!u) {
		wish_refuse(l, w, "out of memory");
		return;
	}
	u->link = l;
	u->relay = l->relay;
	u->wish = *w;
	u->req.data = u;
	rc = uv_getaddrinfo(l->relay->loop, &u->req, on_lookup, w->plan.address, NULL, &hints);
	if (rc < 0) {
		free(u);
		wish_refuse(l, w, uv_strerror(rc));
		return;
	}
	list_append(&l->requests, &u->node);
	l->lookups++;
	l->relay->lookups++;
}

void requests_forget(struct link *l)
{
	while (!list_is_empty(&l->requests)) {
		struct lookup *u = list_entry(l->requests.next, struct lookup, node);

		unlist(u);
		uv_cancel((uv_req_t *)&u->req); /* on_lookup frees it, cancelled or not */
	}
	claims_forget(l);
}

/* --- the two requests ------------------------------------------------------------------------- */

static void plan_and_open(struct link *l, struct wish *w)
{
	struct binder_wish want;
	struct fault f = {0};
	enum err e;

	if (bindplan_make(bytes_str(w->host), policy_of(l)->gateway_ports, &w->plan) != E_OK) {
		wish_refuse(l, w, "the address to listen on is no host name");
		return;
	}
	e = binder_plan(&w->plan, l->relay->settings->family, &want, &f);
	want.port = w->port;
	if (e == E_UNKNOWN)
		look_up(l, w);
	else if (e != E_OK)
		wish_refuse(l, w, f.text);
	else
		claim_go(l, w, &want);
}

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
	else
		plan_and_open(l, &w);
}

/* A lookup under way counts as open: its answer is then a refusal. */
static bool cancel_lookup(struct link *l, struct bytes host, uint32_t port)
{
	for (struct list *n = l->requests.next; n != &l->requests; n = n->next) {
		struct lookup *u = list_entry(n, struct lookup, node);

		if (u->wish.port == port && !u->is_cancelled && bytes_is(host, u->wish.host)) {
			u->is_cancelled = true;
			return true;
		}
	}
	return false;
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
	if (!d && !cancel_lookup(l, listen.host, listen.port) &&
		!claim_cancel(l, listen.host, listen.port)) {
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
