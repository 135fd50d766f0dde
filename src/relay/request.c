/* SPDX-License-Identifier: ISC */
#include "relay/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "forward/tcpip.h"
#include "relay/door.h"
#include "relay/notice.h"

/* One tcpip-forward under way. */
struct wish {
	struct list node;  /* of link.requests while a lookup runs */
	struct link *link; /* NULL: the connection is gone */
	struct relay *relay;
	uv_getaddrinfo_t lookup;
	uint32_t token;
	bool want_reply;
	char host[256]; /* requested, verbatim */
	uint16_t port;
	struct bindplan plan;
	bool is_cancelled;
};

static void reply(
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

static void wish_text(const struct wish *w, char *out, size_t cap)
{
	char host[128];

	text_escape(host, sizeof(host), bytes_str(w->host));
	snprintf(out, cap, "\"%s\" port %u", host, w->port);
}

static void refuse(struct link *l, const struct wish *w, const char *reason)
{
	char text[192];

	wish_text(w, text, sizeof(text));
	link_log(l, LOG_LEVEL_INFO, "forward of %s refused: %s", text, reason);
	reply(l, w, false, bytes_of(NULL, 0), reason);
}

static void say_opened(struct link *l, const struct wish *w, struct door *d)
{
	char text[192], addresses[BINDER_MAX * (SOCK_TEXT_MAX + 8)], remark[256];
	uint8_t port[8];
	size_t len = 0;

	wish_text(w, text, sizeof(text));
	door_addresses(d, addresses, sizeof(addresses));
	bindplan_remark(&w->plan, bytes_str(w->host), remark, sizeof(remark));
	link_log(l, LOG_LEVEL_INFO, "forward of %s opened on %s%s%s", text, addresses,
		remark[0] ? "; " : "", remark);
	if (remark[0])
		link_remark(l, remark);
	/* RFC 4254 7.1: the port is in the reply when the relay chose it. */
	if (w->port == 0 &&
		tcpip_write_port((struct span){port, sizeof(port)}, d->port, &len) != E_OK)
		len = 0;
	reply(l, w, true, bytes_of(port, len), NULL);
	notices_door(l, d, true);
}

/* Who of ours has the port that is taken, said to the one who asked when it is itself. */
static void own_port_hint(
	const struct link *l, const struct binder_wish *want, char *reason, size_t cap)
{
	size_t used = strlen(reason);

	for (size_t i = 0; i < want->count; i++) {
		struct port_place at = {.port = want->port};
		const struct port_hold *h;
		const struct link *other;

		sock_host(&want->addr[i], at.address);
		h = ports_find(l->relay->ports, &at, hub_now(&l->relay->hub));
		other = h ? h->keeper : NULL;
		if (!other || strcmp(h->owner, l->identity->fingerprint) != 0)
			continue;
		if (other == l)
			snprintf(reason + used, cap - used,
				": this connection holds it with your key");
		else
			snprintf(reason + used, cap - used,
				": a connection holds it with your key from %s", other->peer);
		return;
	}
}

static void bind_and_open(struct link *l, const struct wish *w, const struct binder_wish *want)
{
	struct binder_set set;
	struct fault f = {0};
	struct door *d;

	if (binder_bind(want, &set, &f) != E_OK) {
		if (f.code == EADDRINUSE)
			own_port_hint(l, want, f.text, sizeof(f.text));
		refuse(l, w, f.text);
	} else if (door_open(l, bytes_str(w->host), w->port == 0, &set, &d, &f) != E_OK) {
		refuse(l, w, f.text);
	} else {
		say_opened(l, w, d);
	}
}

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

/* Whether the wish is within what the key and the connection may have, as things stand now. */
static enum err judge(const struct link *l, const struct wish *w, struct fault *f)
{
	const struct relay *r = l->relay;
	enum err e = identity_may_listen(
		l->identity, r->settings, r->low_end, bytes_str(w->host), w->port, f);

	if (e == E_OK && l->door_count >= RELAY_DOORS_MAX)
		e = fault_set(f, E_LIMIT, 0, "this connection has too many open ports");
	if (e == E_OK)
		e = identity_may_open(l->identity, l->account->forwards, f);
	return e;
}

/* why_none: why want is empty, if it is. Much may have happened since the wish was judged. */
static void looked_up(
	struct link *l, const struct wish *w, const struct binder_wish *want, const char *why_none)
{
	char reason[FAULT_TEXT], name[128];
	struct fault f = {0};

	text_escape(name, sizeof(name), bytes_str(w->plan.address));
	snprintf(reason, sizeof(reason), "the relay cannot look up %s: %s", name, why_none);
	if (w->is_cancelled)
		refuse(l, w, "it was cancelled meanwhile");
	else if (want->count == 0)
		refuse(l, w, reason);
	else if (!link_mux(l))
		refuse(l, w, "the connection is ending");
	else if (judge(l, w, &f) != E_OK)
		refuse(l, w, f.text);
	else
		bind_and_open(l, w, want);
}

static void unlist(struct wish *w)
{
	list_remove(&w->node);
	w->link->lookups--;
	w->link = NULL;
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct wish *w = req->data;
	struct link *l = w->link;
	struct binder_wish want = {.port = w->port};

	w->relay->lookups--;
	if (l) {
		unlist(w);
		for (struct addrinfo *ai = res; ai && want.count < BINDER_MAX; ai = ai->ai_next) {
			struct sock_addr a = {.len = (socklen_t)ai->ai_addrlen};

			memcpy(&a.ss, ai->ai_addr, ai->ai_addrlen);
			if (!is_listed(&want, &a))
				want.addr[want.count++] = a;
		}
		looked_up(l, w, &want, status < 0 ? uv_strerror(status) : "no address");
	}
	uv_freeaddrinfo(res);
	free(w);
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
	struct wish *kept;
	int rc;

	/* mux bounds only the requests that want a reply. */
	if (l->lookups >= REQUEST_LOOKUPS_MAX) {
		refuse(l, w, "too many names are being looked up for this connection");
		return;
	}
	kept = malloc(sizeof(*kept));
	if (!kept) {
		refuse(l, w, "out of memory");
		return;
	}
	*kept = *w;
	kept->lookup.data = kept;
	rc = uv_getaddrinfo(
		l->relay->loop, &kept->lookup, on_lookup, kept->plan.address, NULL, &hints);
	if (rc < 0) {
		free(kept);
		refuse(l, w, uv_strerror(rc));
		return;
	}
	list_append(&l->requests, &kept->node);
	l->lookups++;
	l->relay->lookups++;
}

void requests_forget(struct link *l)
{
	while (!list_is_empty(&l->requests)) {
		struct wish *w = list_entry(l->requests.next, struct wish, node);

		unlist(w);
		uv_cancel((uv_req_t *)&w->lookup); /* on_lookup frees it, cancelled or not */
	}
}

/* --- the two requests ------------------------------------------------------------------------- */

static void plan_and_open(struct link *l, struct wish *w)
{
	struct binder_wish want;
	struct fault f = {0};
	enum err e;

	if (bindplan_make(bytes_str(w->host), l->relay->settings->gateway_ports, &w->plan) !=
		E_OK) {
		refuse(l, w, "the address to listen on is no host name");
		return;
	}
	e = binder_plan(&w->plan, l->relay->settings->family, &want, &f);
	want.port = w->port;
	if (e == E_UNKNOWN)
		look_up(l, w);
	else if (e != E_OK)
		refuse(l, w, f.text);
	else
		bind_and_open(l, w, &want);
}

static void on_forward(struct link *l, const struct mux_event *ev)
{
	struct wish w = {
		.link = l, .relay = l->relay, .token = ev->token, .want_reply = ev->want_reply};
	struct tcpip_listen listen;
	struct fault f = {0};

	if (tcpip_read_listen(ev->data, &listen) != E_OK ||
		!bytes_to_cstr(listen.host, w.host, sizeof(w.host))) {
		refuse(l, &w, "the request is malformed");
		return;
	}
	w.port = (uint16_t)listen.port;
	if (w.port == 0 && !w.want_reply)
		refuse(l, &w, "port 0 without a reply tells nobody the port");
	else if (judge(l, &w, &f) != E_OK)
		refuse(l, &w, f.text);
	else
		plan_and_open(l, &w);
}

/* A lookup under way counts as open: its answer is then a refusal. */
static bool cancel_lookup(struct link *l, struct bytes host, uint32_t port)
{
	for (struct list *n = l->requests.next; n != &l->requests; n = n->next) {
		struct wish *w = list_entry(n, struct wish, node);

		if (w->port == port && !w->is_cancelled && bytes_is(host, w->host)) {
			w->is_cancelled = true;
			return true;
		}
	}
	return false;
}

static void on_cancel(struct link *l, const struct mux_event *ev)
{
	struct wish w = {.link = l, .token = ev->token, .want_reply = ev->want_reply};
	struct tcpip_listen listen;
	struct door *d;
	char text[192];

	if (tcpip_read_listen(ev->data, &listen) != E_OK ||
		!bytes_to_cstr(listen.host, w.host, sizeof(w.host))) {
		reply(l, &w, false, bytes_of(NULL, 0), "the request is malformed");
		return;
	}
	w.port = (uint16_t)listen.port;
	wish_text(&w, text, sizeof(text));
	d = door_find(l, listen.host, listen.port);
	if (!d && !cancel_lookup(l, listen.host, listen.port)) {
		link_log(l, LOG_LEVEL_INFO, "cancel of %s: no such forward", text);
		reply(l, &w, false, bytes_of(NULL, 0), "there is no such forward");
		return;
	}
	link_log(l, LOG_LEVEL_INFO, "forward of %s cancelled", text);
	if (d) {
		notices_door(l, d, false);
		door_close(d);
	}
	reply(l, &w, true, bytes_of(NULL, 0), NULL);
}

void request_on(struct link *l, const struct mux_event *ev)
{
	struct wish unknown = {.link = l, .token = ev->token, .want_reply = ev->want_reply};
	char name[80];

	if (bytes_is(ev->name, "tcpip-forward")) {
		on_forward(l, ev);
		return;
	}
	if (bytes_is(ev->name, "cancel-tcpip-forward")) {
		on_cancel(l, ev);
		return;
	}
	/* no-more-sessions@openssh.com and whatever else: refused when an answer is wanted. */
	text_escape(name, sizeof(name), ev->name);
	link_log(l, LOG_LEVEL_DEBUG1, "request %s is not served here", name);
	reply(l, &unknown, false, bytes_of(NULL, 0), NULL);
}
