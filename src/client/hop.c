/* SPDX-License-Identifier: ISC */
#include "client/hop.h"

#include <stdio.h>

#include "base/log.h"
#include "wire/msgs.h"

enum {
	IDENT_MS = 60 * 1000,	/* unless ConnectTimeout says how long */
	KEX_MS = 2 * 60 * 1000, /* from the start, as all of these */
	LOGIN_MS = 4 * 60 * 1000,
	UNACKED_MS = 5 * 1000 /* the kernel adds up to a retransmission */
};

bool hop_is_approaching(const struct hop *h)
{
	return approach_is_open(&h->approach);
}

bool hop_is_proxied(const struct hop *h)
{
	return h->peer.ss.ss_family != AF_INET && h->peer.ss.ss_family != AF_INET6;
}

void hop_key(const struct hop *h, char *out, size_t cap)
{
	out[0] = '\0';
	if (strcmp(h->method, "publickey") == 0)
		identities_describe(h->identities, h->login.index, out, cap);
}

void hop_say_login(const struct hop *h)
{
	char host[SOCK_TEXT_MAX];

	sock_host(&h->peer, host);
	if (hop_is_proxied(h))
		log_write(LOG_LEVEL_VERBOSE, "Authenticated to %s (via proxy) using \"%s\".",
			h->settings->hostname, h->method);
	else
		log_write(LOG_LEVEL_VERBOSE, "Authenticated to %s ([%s]:%u) using \"%s\".",
			h->settings->hostname, host, sock_port(&h->peer), h->method);
}

static void tell_down(struct hop *h, enum uplink_stage stage, const struct session *session,
	const struct fault *f)
{
	struct uplink_end end = {.stage = stage,
		.is_asked = h->is_closing,
		.is_judged = h->is_judged,
		.is_shunned = h->is_shunned,
		.peer = stage == UPLINK_DIAL ? NULL : &h->peer,
		.session = session,
		.fault = f,
		.hop = h,
		.is_proxied = approach_is_indirect(&h->approach)};

	h->ops->down(h->ctx, h, &end);
}

static uint64_t kex_limit_ms(const struct client_settings *s)
{
	return s->connect_timeout_ms != 0 ? s->connect_timeout_ms : KEX_MS;
}

/* --- events before login ------------------------------------------------------------------------
 */

/* What login goes by: who is there to be offered, and how far signatures are bound. */
static void on_ready(void *ctx, struct conn *c)
{
	struct hop *h = ctx;

	h->config.identities = h->identities->offers;
	h->config.identity_count = h->identities->count;
	session_answer_hostkey(conn_session(c), VERDICT_GOOD, hub_now(h->hub));
	conn_wake(c);
}

static void on_verdict(struct hop *h, struct hostkey_result r)
{
	h->is_judged = r.verdict != VERDICT_GOOD;
	h->is_unproven = r.is_unproven;
	if (r.verdict == VERDICT_GOOD) {
		/* Passwords are not for whoever may stand in between. */
		if (r.is_unproven)
			h->config.auth_methods =
				h->settings->pubkey_auth != PUBKEY_NO ? "publickey" : "";
		login_prepare(&h->login, h->conn, on_ready, h);
		return;
	}
	session_answer_hostkey(conn_session(h->conn), r.verdict, hub_now(h->hub));
	conn_wake(h->conn);
}

static void on_hostkey_answer(void *ctx, const char *answer);

static void ask_about_key(struct hop *h)
{
	if (!ask_person(&h->ask, hostkey_question(&h->hostkey), true, on_hostkey_answer, h))
		on_verdict(h, hostkey_answer(&h->hostkey, NULL));
}

static void on_hostkey_answer(void *ctx, const char *answer)
{
	struct hop *h = ctx;
	struct hostkey_result r = hostkey_answer(&h->hostkey, answer);
	uint64_t thought_ms = hub_now(h->hub) - h->asked_ms;

	if (r.is_asking) {
		ask_about_key(h);
		return;
	}
	h->config.kex_ms = kex_limit_ms(h->settings) + thought_ms;
	h->config.login_ms = LOGIN_MS + thought_ms;
	on_verdict(h, r);
}

/* The other side's, as known_hosts and questions have it. */
static void name_address(const struct hop *h, char out[static KNOWNHOSTS_NAME_MAX])
{
	char host[SOCK_TEXT_MAX];

	sock_host(&h->peer, host);
	if (hop_is_proxied(h))
		snprintf(out, KNOWNHOSTS_NAME_MAX, "<no hostip for proxy command>");
	else if (knownhosts_name(host, sock_port(&h->peer), out) != E_OK)
		out[0] = '\0';
}

static void on_hostkey(struct hop *h, const struct event *ev)
{
	struct hostkey_result r;
	char address[KNOWNHOSTS_NAME_MAX];
	struct hostip_peer peer = {address, sock_is_loopback(&h->peer), hop_is_proxied(h)};

	name_address(h, address);
	r = hostkey_judge(&h->hostkey, ev->data, &peer);
	if (!r.is_asking) {
		on_verdict(h, r);
		return;
	}
	/* The deadlines do not count the time a person thinks. */
	h->asked_ms = hub_now(h->hub);
	h->config.kex_ms = h->config.login_ms = 0;
	ask_about_key(h);
}

static void on_event(void *ctx, struct conn *c, const struct event *ev)
{
	struct hop *h = ctx;

	switch (ev->kind) {
	case EV_HOSTKEY:
		on_hostkey(h, ev);
		break;
	case EV_LOGIN:
		login_stop(&h->login);
		h->method = ev->text;
		h->is_logged_in = true;
		h->ops->login(h->ctx, h);
		break;
	case EV_MUX:
		if (!hostupdate_on_event(&h->update, c, &ev->mux))
			h->ops->event(h->ctx, h, ev);
		break;
	default:
		if (!login_on_event(&h->login, c, ev))
			h->ops->event(h->ctx, h, ev);
		break;
	}
}

/* --- end and beginning --------------------------------------------------------------------------
 */

/* How a ProxyCommand ended says more than that its output did. */
static void on_child_ended(void *ctx, const char *how)
{
	struct hop *h = ctx;

	if (how[0] != '\0') {
		h->lost = (struct fault){0};
		fault_set(&h->lost, E_CLOSED, 0, "ProxyCommand: %s", how);
	}
	tell_down(h, how[0] != '\0' ? UPLINK_DIAL : UPLINK_LOGIN, NULL, &h->lost);
}

static bool waits_for_child(struct hop *h, const struct fault *f)
{
	if (h->is_logged_in || h->is_closing || f->err != E_CLOSED)
		return false;
	h->lost = *f;
	return approach_await(&h->approach, on_child_ended);
}

static void on_closed(void *ctx, struct conn *c, const struct fault *f)
{
	struct hop *h = ctx;

	login_stop(&h->login);
	hostupdate_stop(&h->update);
	h->conn = NULL;
	if (waits_for_child(h, f))
		return;
	tell_down(h, h->is_logged_in ? UPLINK_UP : UPLINK_LOGIN, conn_session(c), f);
}

/* sshd (PerSourcePenalties) and relays of ours say this instead of their identification. */
static bool is_shunning(const char *text)
{
	return strstr(text, "Not allowed at this time") != NULL ||
	       strstr(text, "Exceeded MaxStartups") != NULL;
}

static void on_trace(void *ctx, int level, const char *text)
{
	struct hop *h = ctx;

	if (strncmp(text, "kex_exchange_identification:", 28) == 0 && is_shunning(text))
		h->is_shunned = true;
	log_write((enum log_level)(LOG_LEVEL_DEBUG1 + level - 1), "%s", text);
}

/* Anew for each connection: the files of known hosts may have changed. */
static void make_config(struct hop *h)
{
	const struct client_settings *s = h->settings;
	hostkey_algorithms(&h->hostkey, h->host_key_algs);
	h->config = (struct session_config){
		.kex = s->kex,
		.ciphers = s->ciphers,
		.macs = s->macs,
		.host_key_algs = h->host_key_algs,
		.sig_algs = s->pubkey_algorithms,
		.rekey_bytes = s->rekey_bytes,
		.rekey_ms = s->rekey_ms,
		.ident_ms = s->connect_timeout_ms != 0 ? s->connect_timeout_ms : IDENT_MS,
		.kex_ms = kex_limit_ms(s),
		.login_ms = LOGIN_MS,
		.alive_interval_ms = s->alive_interval_ms,
		.alive_count_max = s->alive_count_max,
		.user = s->user,
		.auth_methods = s->login_methods,
		.auth_prompts_max = s->password_prompts,
		.auth_unbound = s->pubkey_auth == PUBKEY_UNBOUND,
		.trace = on_trace,
		.trace_ctx = h,
	};
}

/* With probes under way, bytes that nobody acknowledges need not wait for the kernel's patience:
 * not longer than the probes would, and never long. */
static void set_user_timeout(const struct client_settings *s, int fd)
{
	uint64_t interval_ms = s->alive_interval_ms, most_ms = UNACKED_MS;

	if (interval_ms == 0 || s->alive_count_max == 0)
		return;
	if (interval_ms < most_ms && interval_ms * s->alive_count_max < most_ms)
		most_ms = interval_ms * s->alive_count_max;
	sock_user_timeout(fd, (unsigned)most_ms);
}

static void on_approached(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	static const struct conn_ops ops = {on_event, on_closed};
	struct hop *h = ctx;
	struct fault own = {0};
	enum err e;

	if (fd < 0) {
		tell_down(h, UPLINK_DIAL, NULL, f);
		return;
	}
	log_write(LOG_LEVEL_DEBUG1, "Connection established.");
	h->peer = *peer;
	sock_tune(fd, h->settings->tcp_keepalive, true);
	set_user_timeout(h->settings, fd);
	make_config(h);
	e = conn_new(h->hub, fd, &h->config, &ops, h, &h->conn);
	if (e == E_OK)
		return;
	h->conn = NULL;
	fault_set(&own, e, 0, "%s", err_text(e));
	tell_down(h, UPLINK_DIAL, NULL, &own);
}

static void on_drained(void *ctx)
{
	struct hop *h = ctx;

	h->ops->drained(h->ctx, h);
}

enum err hop_init(struct hop *h, struct leg *leg, uint64_t dial_ms, struct hub *hub,
	const struct hop_ops *ops, void *ctx, struct fault *f)
{
	static const struct approach_ops approach_ops = {on_approached, on_drained};
	const struct client_settings *s = &leg->settings;

	*h = (struct hop){.settings = s,
		.identities = &leg->identities,
		.ops = ops,
		.ctx = ctx,
		.hub = hub,
		.dial_ms = s->connect_timeout_ms != 0 ? s->connect_timeout_ms : dial_ms,
		.approach = {.ops = &approach_ops, .ctx = h}};
	ask_init(&h->ask, hub->loop);
	hostupdate_init(&h->update, s, &h->hostkey, &h->ask);
	login_init(&h->login, s, h->identities, &h->ask, hub->loop);
	return hostkey_init(&h->hostkey, s, &hub->rng, f);
}

enum err hop_start(struct hop *h, struct conn *over, bool is_barred, struct fault *f)
{
	approach_end(&h->approach);
	h->hostkey.is_judged = false;
	h->is_closing = h->is_judged = h->is_shunned = h->is_unproven = h->is_logged_in = false;
	ask_bar(&h->ask, is_barred || h->settings->batch_mode);
	return approach_start(&h->approach, h->hub, h->settings, over, h->dial_ms, f);
}

bool hop_close(struct hop *h, const char *text)
{
	if (h->conn == NULL) {
		approach_end(&h->approach);
		return false;
	}
	h->is_closing = true;
	conn_close(h->conn, DISCONNECT_BY_APPLICATION, text);
	return true;
}

bool hop_drain(struct hop *h)
{
	return approach_drain(&h->approach);
}
