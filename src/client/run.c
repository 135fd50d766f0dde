/* SPDX-License-Identifier: ISC */
/*
 * The agent's one loop and one connection. Events of the connection are given to who knows about
 * them; here is only what holds the parts together, and how it ends.
 */
#include "client/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "bridge/conn.h"
#include "client/family.h"
#include "client/hostkey.h"
#include "client/login.h"
#include "client/visitors.h"
#include "io/dial.h"
#include "wire/msgs.h"

enum {
	PORT_TEXT = 8,
	PEER_TEXT = 512,
	GOODBYE_MS = 1000,	/* for a peer that does not read */
	RETRY_MS = 1000,	/* between ConnectionAttempts */
	IDENT_MS = 60 * 1000,	/* unless ConnectTimeout says how long */
	KEX_MS = 2 * 60 * 1000, /* from the start, as all of these */
	LOGIN_MS = 4 * 60 * 1000,
	SIGNALS = 3
};

struct agent {
	const struct client_settings *settings;
	const struct identities *identities;
	struct background *background;
	uv_loop_t loop;
	struct hub hub;
	uv_timer_t timer; /* until the next attempt, or to the end */
	uv_signal_t signals[SIGNALS];
	unsigned attempts; /* begun */
	struct conn *conn;
	struct session_config config;
	struct hostkey hostkey;
	char host_key_algs[HOSTKEY_ALGS_MAX];
	bool is_refused;  /* the host key was, by us */
	bool is_unproven; /* the host key has changed and was let pass: nothing is forwarded */
	struct forwards forwards;
	struct visitors visitors;
	char reason[FAULT_TEXT]; /* of the refusal that comes next; "" none */
	bool is_logged_in;
	bool is_ending; /* by our own will */
	int exit_code;
};

/* --- the end ------------------------------------------------------------------------------------
 */

static void on_patience_over(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* Over. The loop ends by itself when the peer has read our goodbye, and soon in any case. */
static void wind_up(struct agent *a, int exit_code)
{
	a->exit_code = exit_code;
	uv_timer_start(&a->timer, on_patience_over, GOODBYE_MS, 0);
	uv_unref((uv_handle_t *)&a->timer);
}

/* A name that is looked up for a visitor cannot be called back, and nobody waits for it any more:
 * neither does the end of the program, which would join libuv's threads. */
static void close_loop(struct agent *a)
{
	uv_close((uv_handle_t *)&a->timer, NULL);
	for (int i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&a->signals[i], NULL);
	hub_fini(&a->hub);
	uv_run(&a->loop, UV_RUN_NOWAIT);
	if (uv_loop_close(&a->loop) != 0) {
		fflush(NULL);
		_exit(a->exit_code);
	}
}

static void end_connection(struct agent *a, int exit_code, const char *text)
{
	if (a->is_ending || a->conn == NULL)
		return;
	a->is_ending = true;
	a->exit_code = exit_code;
	conn_close(a->conn, DISCONNECT_BY_APPLICATION, text);
}

/* The last words of ssh, for a connection that ended by itself. */
static void say_end(const struct agent *a, const struct conn *c, const struct fault *f)
{
	const struct client_settings *s = a->settings;
	char host[SOCK_TEXT_MAX];
	uint16_t port = sock_port(conn_peer(c));

	sock_host(conn_peer(c), host);
	switch (f->err) {
	case E_HOSTKEY:
		/* Why a key was not accepted was said when it was judged. */
		if (!a->is_refused)
			log_write(LOG_LEVEL_FATAL, "%s", f->text);
		log_write(LOG_LEVEL_FATAL, "Host key verification failed.");
		return;
	case E_AUTH:
		log_write(LOG_LEVEL_FATAL, "%s@%s: %s.", s->user, s->hostname, f->text);
		return;
	case E_NOALG:
		log_write(LOG_LEVEL_FATAL, "Unable to negotiate with %s port %u: %s", host, port,
			f->text);
		return;
	case E_TIMEOUT:
		if (a->is_logged_in)
			log_write(
				LOG_LEVEL_FATAL, "Timeout, server %s not responding.", s->hostname);
		log_write(a->is_logged_in ? LOG_LEVEL_DEBUG1 : LOG_LEVEL_FATAL, "%s", f->text);
		return;
	case E_CLOSED:
		log_write(a->is_logged_in ? LOG_LEVEL_DEBUG1 : LOG_LEVEL_FATAL, "%s", f->text);
		if (a->is_logged_in)
			log_write(LOG_LEVEL_FATAL, "Connection to %s closed by remote host.",
				s->hostname);
		else
			log_write(LOG_LEVEL_FATAL, "Connection closed by %s port %u", host, port);
		return;
	default:
		log_write(LOG_LEVEL_FATAL, "Connection to %s port %u: %s", host, port, f->text);
		return;
	}
}

static void on_closed(void *ctx, struct conn *c, const struct fault *f)
{
	struct agent *a = ctx;

	visitors_stop(&a->visitors);
	if (!a->is_ending)
		say_end(a, c, f);
	a->conn = NULL;
	wind_up(a, a->is_ending ? a->exit_code : RUN_EXIT_ERROR);
}

/* --- signals ------------------------------------------------------------------------------------
 */

static void on_signal(uv_signal_t *handle, int number)
{
	struct agent *a = handle->data;

	log_write(LOG_LEVEL_VERBOSE, "Killed by signal %d.", number);
	if (a->conn == NULL || a->is_ending)
		uv_stop(&a->loop);
	/* ssh -N that is told to end has done what it was to do. */
	end_connection(a, number == SIGTERM ? 0 : RUN_EXIT_ERROR, "disconnected by user");
}

/* From login on. Before that a signal simply ends the program, also while it asks something. */
static void catch_signals(struct agent *a)
{
	static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

	for (int i = 0; i < SIGNALS; i++) {
		struct sigaction now;

		/* nohup means it. */
		if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			continue;
		uv_signal_start(&a->signals[i], on_signal, numbers[i]);
		uv_unref((uv_handle_t *)&a->signals[i]);
	}
}

/* --- events -------------------------------------------------------------------------------------
 */

/* What -f waits for: every port answered, so that refusals are still seen at the terminal. */
static void stand(struct agent *a)
{
	background_release(a->background,
		log_level_now() >= LOG_LEVEL_DEBUG1 && a->settings->log_file == NULL);
}

static void on_hostkey(struct agent *a, struct conn *c, const struct event *ev)
{
	uint64_t before_ms, thought_ms;
	struct hostkey_result r;
	char host[SOCK_TEXT_MAX], address[KNOWNHOSTS_NAME_MAX];

	uv_update_time(&a->loop);
	before_ms = hub_now(&a->hub);
	sock_host(conn_peer(c), host);
	if (knownhosts_name(host, sock_port(conn_peer(c)), address) != E_OK)
		address[0] = '\0';
	r = hostkey_judge(&a->hostkey, ev->data, address);
	/* The deadlines do not count the time a person thinks. */
	uv_update_time(&a->loop);
	thought_ms = hub_now(&a->hub) - before_ms;
	a->config.kex_ms += thought_ms;
	a->config.login_ms += thought_ms;
	a->is_refused = r.verdict != VERDICT_GOOD;
	a->is_unproven = r.is_unproven;
	session_answer_hostkey(conn_session(c), r.verdict, hub_now(&a->hub));
}

static void on_login(struct agent *a, struct conn *c)
{
	enum err e;

	a->is_logged_in = true;
	catch_signals(a);
	login_on_success(c, a->settings);
	if (a->is_unproven && a->settings->forward_count > 0) {
		log_write(LOG_LEVEL_ERROR, "Port forwarding is disabled to avoid man-in-the-middle "
					   "attacks.");
		if (a->settings->exit_on_forward_failure) {
			log_write(LOG_LEVEL_FATAL,
				"Error: forwarding disabled due to host key check failure");
			end_connection(a, RUN_EXIT_ERROR, "host key check failure");
			return;
		}
		forwards_init(&a->forwards, NULL, 0);
	}
	e = forwards_ask(&a->forwards, session_mux(conn_session(c)));
	if (e != E_OK)
		session_fail(conn_session(c), e, "asking for the forwards");
	else if (forwards_are_answered(&a->forwards))
		stand(a);
	conn_wake(c);
}

static void on_reply(struct agent *a, const struct mux_event *ev)
{
	bool is_fatal = a->settings->exit_on_forward_failure;

	if (!forwards_on_reply(&a->forwards, ev, a->reason, is_fatal) && is_fatal)
		end_connection(a, RUN_EXIT_ERROR, "remote port forwarding failed");
	else if (forwards_are_answered(&a->forwards))
		stand(a);
}

static void on_mux(struct agent *a, struct conn *c, const struct mux_event *ev)
{
	struct mux *m = session_mux(conn_session(c));
	enum err e = E_OK;

	switch (ev->kind) {
	case MUX_OPEN:
		visitors_on_open(&a->visitors, c, ev);
		break;
	case MUX_GLOBAL_REPLY:
		on_reply(a, ev);
		break;
	case MUX_GLOBAL_REQUEST:
		if (ev->want_reply && m != NULL)
			e = mux_global_reply(m, ev->token, false, (struct bytes){0}, NULL);
		break;
	default: /* of channels that nobody has taken yet */
		break;
	}
	if (e != E_OK)
		session_fail(conn_session(c), e, "answering a global request");
}

/* Words of the relay. Those of ours come right before the refusal they explain. */
static void on_debug(struct agent *a, struct conn *c, const struct event *ev)
{
	char text[FAULT_TEXT];

	text_escape(text, sizeof(text), ev->data);
	log_write(LOG_LEVEL_DEBUG1, "Remote: %s", text);
	if (transport_peer_ext(session_transport(conn_session(c))) & TRANSPORT_EXT_FORWARD_REASON)
		memcpy(a->reason, text, sizeof(text));
}

static void on_event(void *ctx, struct conn *c, const struct event *ev)
{
	struct agent *a = ctx;

	switch (ev->kind) {
	case EV_HOSTKEY:
		on_hostkey(a, c, ev);
		break;
	case EV_SIGN_USER:
		login_on_sign(c, a->identities, ev);
		break;
	case EV_BANNER:
		login_on_banner(ev);
		break;
	case EV_LOGIN:
		on_login(a, c);
		break;
	case EV_MUX:
		on_mux(a, c, &ev->mux);
		break;
	case EV_DEBUG:
		on_debug(a, c, ev);
		return;
	default:
		break;
	}
	a->reason[0] = '\0';
}

/* --- the beginning ------------------------------------------------------------------------------
 */

static void on_trace(void *ctx, int level, const char *text)
{
	log_write((enum log_level)(LOG_LEVEL_DEBUG1 + level - 1), "%s", text);
}

static void make_config(struct agent *a)
{
	const struct client_settings *s = a->settings;
	uint64_t limit_ms = s->connect_timeout_ms;

	hostkey_algorithms(&a->hostkey, a->host_key_algs);
	a->config = (struct session_config){
		.kex = s->kex,
		.ciphers = s->ciphers,
		.macs = s->macs,
		.host_key_algs = a->host_key_algs,
		.sig_algs = s->pubkey_algorithms,
		.rekey_bytes = s->rekey_bytes,
		.rekey_ms = s->rekey_ms,
		.ident_ms = limit_ms != 0 ? limit_ms : IDENT_MS,
		.kex_ms = limit_ms != 0 ? limit_ms : KEX_MS,
		.login_ms = LOGIN_MS,
		.alive_interval_ms = s->alive_interval_ms,
		.alive_count_max = s->alive_count_max,
		.user = s->user,
		.identities = a->identities->offers,
		.identity_count = a->identities->count,
		.trace = on_trace,
	};
}

/* With probes under way, bytes that nobody acknowledges need not wait for the kernel's patience. */
static void set_user_timeout(const struct client_settings *s, int fd)
{
	uint64_t ms = s->alive_interval_ms * s->alive_count_max;

	if (ms > 0 && s->alive_interval_ms <= INT32_MAX && ms <= INT32_MAX)
		sock_user_timeout(fd, (unsigned)ms);
}

static void on_connected(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f);

static void dial_relay(struct agent *a)
{
	const struct client_settings *s = a->settings;
	char port[PORT_TEXT];
	struct dial_options o = {.host = s->hostname,
		.port = port,
		.family = family_of(s),
		.bind_address = s->bind_address,
		.timeout_ms = s->connect_timeout_ms};
	struct fault f = {0};
	struct dial *dial;

	a->attempts++;
	snprintf(port, sizeof(port), "%u", s->port);
	log_write(LOG_LEVEL_DEBUG1, "Connecting to %s port %s.", s->hostname, port);
	if (dial_start(&a->loop, &o, on_connected, a, &dial, &f) != E_OK) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
		wind_up(a, RUN_EXIT_ERROR);
	}
}

static void on_retry(uv_timer_t *timer)
{
	dial_relay(timer->data);
}

static void on_connected(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	static const struct conn_ops ops = {on_event, on_closed};
	struct agent *a = ctx;
	enum err e;

	if (fd < 0) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f->text);
		/* A name that does not resolve is no matter of attempts, as in ssh. */
		if (f->code != 0 && a->attempts < a->settings->connection_attempts)
			uv_timer_start(&a->timer, on_retry, RETRY_MS, 0);
		else
			wind_up(a, RUN_EXIT_ERROR);
		return;
	}
	log_write(LOG_LEVEL_DEBUG1, "Connection established.");
	sock_tune(fd, a->settings->tcp_keepalive, true);
	set_user_timeout(a->settings, fd);
	e = conn_new(&a->hub, fd, &a->config, &ops, a, &a->conn);
	if (e == E_OK)
		return;
	log_write(LOG_LEVEL_FATAL, "sally: %s", err_text(e));
	wind_up(a, RUN_EXIT_ERROR);
}

static enum err init(struct agent *a, struct fault *f)
{
	enum err e;

	if (uv_loop_init(&a->loop) != 0)
		return fault_set(f, E_SYS, 0, "the event loop cannot be set up");
	e = hub_init(&a->hub, &a->loop, 0);
	if (e != E_OK) {
		uv_loop_close(&a->loop);
		return fault_set(f, e, 0, "%s", err_text(e));
	}
	uv_timer_init(&a->loop, &a->timer);
	a->timer.data = a;
	for (int i = 0; i < SIGNALS; i++) {
		uv_signal_init(&a->loop, &a->signals[i]);
		a->signals[i].data = a;
	}
	forwards_init(&a->forwards, a->settings->forwards, a->settings->forward_count);
	visitors_init(&a->visitors, &a->forwards, a->settings);
	return E_OK;
}

int run_agent(const struct client_settings *s, const struct identities *ids, struct background *bg)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct fault f = {0};
	int exit_code = RUN_EXIT_ERROR;
	enum err e;

	if (a == NULL) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", err_text(E_NOMEM));
		return RUN_EXIT_ERROR;
	}
	a->settings = s;
	a->identities = ids;
	a->background = bg;
	e = init(a, &f);
	if (e != E_OK) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
		goto out;
	}
	e = hostkey_init(&a->hostkey, s, &a->hub.rng, &f);
	if (e == E_OK) {
		make_config(a);
		dial_relay(a);
	} else {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
		wind_up(a, RUN_EXIT_ERROR);
	}
	uv_run(&a->loop, UV_RUN_DEFAULT);
	close_loop(a);
	exit_code = a->exit_code;
out:
	free(a);
	return exit_code;
}
