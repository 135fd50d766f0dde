/* SPDX-License-Identifier: ISC */
#include "client/uplink.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "client/family.h"
#include "wire/msgs.h"

enum {
	PORT_TEXT = 8,
	DIAL_MS = 20 * 1000,	/* the kernel takes two minutes, and there is a next try */
	IDENT_MS = 60 * 1000,	/* unless ConnectTimeout says how long */
	KEX_MS = 2 * 60 * 1000, /* from the start, as all of these */
	LOGIN_MS = 4 * 60 * 1000,
	UNACKED_MS = 5 * 1000 /* the kernel adds up to a retransmission */
};

struct conn *uplink_conn(const struct uplink *u)
{
	return u->conn;
}

bool uplink_is_dialling(const struct uplink *u)
{
	return u->dial != NULL;
}

bool uplink_has_been_up(const struct uplink *u)
{
	return u->has_been_up;
}

const struct hostkey *uplink_hostkey(const struct uplink *u)
{
	return &u->hostkey;
}

const char *uplink_method(const struct uplink *u)
{
	return u->method;
}

void uplink_key(const struct uplink *u, char *out, size_t cap)
{
	out[0] = '\0';
	if (strcmp(u->method, "publickey") == 0)
		identities_describe(u->identities, u->login.index, out, cap);
}

void uplink_say_login(const struct uplink *u)
{
	char host[SOCK_TEXT_MAX];

	sock_host(conn_peer(u->conn), host);
	log_write(LOG_LEVEL_VERBOSE, "Authenticated to %s ([%s]:%u) using \"%s\".",
		u->settings->hostname, host, sock_port(conn_peer(u->conn)), u->method);
}

static void tell_down(struct uplink *u, enum uplink_stage stage, const struct sock_addr *peer,
	const struct session *session, const struct fault *f)
{
	struct uplink_end end = {
		stage, u->is_closing, u->is_judged, u->is_shunned, peer, session, f};

	u->ops->down(u->ctx, &end);
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
	struct uplink *u = ctx;

	u->config.identities = u->identities->offers;
	u->config.identity_count = u->identities->count;
	session_answer_hostkey(conn_session(c), VERDICT_GOOD, hub_now(u->hub));
	conn_wake(c);
}

static void on_verdict(struct uplink *u, struct hostkey_result r)
{
	u->is_judged = r.verdict != VERDICT_GOOD;
	u->is_unproven = r.is_unproven;
	if (r.verdict == VERDICT_GOOD) {
		/* Passwords are not for whoever may stand in between. */
		if (r.is_unproven)
			u->config.auth_methods =
				u->settings->pubkey_auth != PUBKEY_NO ? "publickey" : "";
		login_prepare(&u->login, u->conn, on_ready, u);
		return;
	}
	session_answer_hostkey(conn_session(u->conn), r.verdict, hub_now(u->hub));
	conn_wake(u->conn);
}

static void on_hostkey_answer(void *ctx, const char *answer);

static void ask_about_key(struct uplink *u)
{
	if (!ask_person(&u->ask, hostkey_question(&u->hostkey), true, on_hostkey_answer, u))
		on_verdict(u, hostkey_answer(&u->hostkey, NULL));
}

static void on_hostkey_answer(void *ctx, const char *answer)
{
	struct uplink *u = ctx;
	struct hostkey_result r = hostkey_answer(&u->hostkey, answer);
	uint64_t thought_ms = hub_now(u->hub) - u->asked_ms;

	if (r.is_asking) {
		ask_about_key(u);
		return;
	}
	u->config.kex_ms = kex_limit_ms(u->settings) + thought_ms;
	u->config.login_ms = LOGIN_MS + thought_ms;
	on_verdict(u, r);
}

static void on_hostkey(struct uplink *u, struct conn *c, const struct event *ev)
{
	struct hostkey_result r;
	char host[SOCK_TEXT_MAX], address[KNOWNHOSTS_NAME_MAX];

	sock_host(conn_peer(c), host);
	if (knownhosts_name(host, sock_port(conn_peer(c)), address) != E_OK)
		address[0] = '\0';
	r = hostkey_judge(&u->hostkey, ev->data, address);
	if (!r.is_asking) {
		on_verdict(u, r);
		return;
	}
	/* The deadlines do not count the time a person thinks. */
	u->asked_ms = hub_now(u->hub);
	u->config.kex_ms = u->config.login_ms = 0;
	ask_about_key(u);
}

static void on_event(void *ctx, struct conn *c, const struct event *ev)
{
	struct uplink *u = ctx;

	switch (ev->kind) {
	case EV_HOSTKEY:
		on_hostkey(u, c, ev);
		break;
	case EV_LOGIN:
		login_stop(&u->login);
		u->method = ev->text;
		u->is_logged_in = u->has_been_up = true;
		u->ops->login(u->ctx, c, u->is_unproven);
		break;
	case EV_MUX:
		if (!hostupdate_on_event(&u->update, c, &ev->mux))
			u->ops->event(u->ctx, c, ev);
		break;
	default:
		if (!login_on_event(&u->login, c, ev))
			u->ops->event(u->ctx, c, ev);
		break;
	}
}

/* --- end and beginning --------------------------------------------------------------------------
 */

static void on_closed(void *ctx, struct conn *c, const struct fault *f)
{
	struct uplink *u = ctx;
	struct sock_addr peer = *conn_peer(c);

	login_stop(&u->login);
	hostupdate_stop(&u->update);
	u->conn = NULL;
	tell_down(u, u->is_logged_in ? UPLINK_UP : UPLINK_LOGIN, &peer, conn_session(c), f);
}

/* sshd (PerSourcePenalties) and relays of ours say this instead of their identification. */
static bool is_shunning(const char *text)
{
	return strstr(text, "Not allowed at this time") != NULL ||
	       strstr(text, "Exceeded MaxStartups") != NULL;
}

static void on_trace(void *ctx, int level, const char *text)
{
	struct uplink *u = ctx;

	if (strncmp(text, "kex_exchange_identification:", 28) == 0 && is_shunning(text))
		u->is_shunned = true;
	log_write((enum log_level)(LOG_LEVEL_DEBUG1 + level - 1), "%s", text);
}

/* Anew for each connection: the files of known hosts may have changed. */
static void make_config(struct uplink *u)
{
	const struct client_settings *s = u->settings;
	hostkey_algorithms(&u->hostkey, u->host_key_algs);
	u->config = (struct session_config){
		.kex = s->kex,
		.ciphers = s->ciphers,
		.macs = s->macs,
		.host_key_algs = u->host_key_algs,
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
		.trace_ctx = u,
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

static void on_connected(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	static const struct conn_ops ops = {on_event, on_closed};
	struct uplink *u = ctx;
	struct fault own = {0};
	enum err e;

	u->dial = NULL;
	if (fd < 0) {
		tell_down(u, UPLINK_DIAL, NULL, NULL, f);
		return;
	}
	log_write(LOG_LEVEL_DEBUG1, "Connection established.");
	sock_tune(fd, u->settings->tcp_keepalive, true);
	set_user_timeout(u->settings, fd);
	make_config(u);
	e = conn_new(u->hub, fd, &u->config, &ops, u, &u->conn);
	if (e == E_OK)
		return;
	u->conn = NULL;
	fault_set(&own, e, 0, "%s", err_text(e));
	tell_down(u, UPLINK_DIAL, peer, NULL, &own);
}

/* Does somebody sit at the terminal and wait for us? */
static bool is_in_foreground(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC);
	bool is_ours = fd >= 0 && tcgetpgrp(fd) == getpgrp();

	if (fd >= 0)
		close(fd);
	return is_ours;
}

enum err uplink_init(struct uplink *u, const struct client_settings *s, struct identities *ids,
	struct hub *hub, const struct uplink_ops *ops, void *ctx, struct fault *f)
{
	*u = (struct uplink){.settings = s, .identities = ids, .ops = ops, .ctx = ctx, .hub = hub};
	ask_init(&u->ask, hub->loop);
	hostupdate_init(&u->update, s, &u->hostkey, &u->ask);
	login_init(&u->login, s, ids, &u->ask, hub->loop);
	return hostkey_init(&u->hostkey, s, &hub->rng, f);
}

enum err uplink_start(struct uplink *u, struct fault *f)
{
	const struct client_settings *s = u->settings;
	char port[PORT_TEXT];
	struct dial_options o = {.host = s->hostname,
		.port = port,
		.family = family_of(s),
		.bind_address = s->bind_address,
		.timeout_ms = s->connect_timeout_ms};

	if (o.timeout_ms == 0 && s->reconnect)
		o.timeout_ms = DIAL_MS;
	u->hostkey.is_judged = false;
	u->is_closing = u->is_judged = u->is_shunned = u->is_unproven = u->is_logged_in = false;
	ask_bar(&u->ask, s->batch_mode || (u->has_been_up && !is_in_foreground()));
	snprintf(port, sizeof(port), "%u", s->port);
	log_write(LOG_LEVEL_DEBUG1, "Connecting to %s port %s.", s->hostname, port);
	return dial_start(u->hub->loop, &o, on_connected, u, &u->dial, f);
}

bool uplink_close(struct uplink *u, const char *text)
{
	dial_cancel(u->dial);
	u->dial = NULL;
	if (u->conn == NULL)
		return false;
	u->is_closing = true;
	conn_close(u->conn, DISCONNECT_BY_APPLICATION, text);
	return true;
}
