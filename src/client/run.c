/* SPDX-License-Identifier: ISC */
/*
 * The agent's one loop: the uplink, what is forwarded over it, and how it all ends. Events are
 * given to who knows about them; here is only what holds the parts together.
 */
#include "client/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "client/desk.h"
#include "client/ending.h"
#include "client/herald.h"
#include "client/outage.h"
#include "client/retry.h"
#include "client/signals.h"
#include "client/tunnel.h"
#include "client/uplink.h"
#include "io/netwatch.h"

enum {
	GOODBYE_MS = 1000, /* for a peer that does not read */
	ATTEMPT_MS = 1000  /* between ConnectionAttempts */
};

struct agent {
	const struct client_settings *settings;
	struct background *background;
	uv_loop_t loop;
	struct hub hub;
	uv_timer_t timer; /* until the next of ConnectionAttempts, or to the end */
	struct signals signals;
	struct netwatch *netwatch; /* NULL: none */
	struct retry retry;
	struct outage outage;
	unsigned attempts; /* begun */
	struct uplink uplink;
	struct tunnel tunnel;
	struct herald herald;
	struct desk desk;
	bool is_ending; /* by our own will */
	int exit_code;
};

static void tell(struct agent *a, enum herald_state state, const char *reason)
{
	herald_tell(&a->herald, state, reason);
	desk_on_news(&a->desk);
}

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
	retry_stop(&a->retry);
	herald_ready(&a->herald, false);
	tell(a, HERALD_ENDED, "");
	desk_close(&a->desk);
	tunnel_disable(&a->tunnel);
	uv_timer_start(&a->timer, on_patience_over, GOODBYE_MS, 0);
	uv_unref((uv_handle_t *)&a->timer);
}

/* A name that is looked up for a visitor cannot be called back, and nobody waits for it any more:
 * neither does the end of the program, which would join libuv's threads. */
static void close_loop(struct agent *a)
{
	uv_close((uv_handle_t *)&a->timer, NULL);
	signals_close(&a->signals);
	netwatch_free(a->netwatch);
	retry_close(&a->retry);
	desk_close(&a->desk);
	tunnel_close(&a->tunnel);
	herald_close(&a->herald);
	hub_fini(&a->hub);
	uv_run(&a->loop, UV_RUN_NOWAIT);
	if (uv_loop_close(&a->loop) != 0) {
		fflush(NULL);
		_exit(a->exit_code);
	}
}

/* By our own will. The first wish counts. */
static void end_agent(struct agent *a, int exit_code, const char *text)
{
	if (a->is_ending)
		return;
	a->is_ending = true;
	a->exit_code = exit_code;
	if (!uplink_close(&a->uplink, text))
		wind_up(a, exit_code);
}

/* --- up and down --------------------------------------------------------------------------------
 */

static void start_uplink(struct agent *a)
{
	a->attempts++;
	if (a->attempts == 1)
		tell(a, HERALD_CONNECTING, "");
	uplink_start(&a->uplink);
}

static void on_attempt(uv_timer_t *timer)
{
	start_uplink(timer->data);
}

static void on_retry(void *ctx)
{
	start_uplink(ctx);
}

/* The connection there is may be dead, and a dial may be on its way to nowhere: begin again. */
static void reconnect_now(struct agent *a)
{
	retry_now(&a->retry);
	if (retry_is_waiting(&a->retry))
		return;
	if (uplink_is_dialling(&a->uplink)) {
		uplink_close(&a->uplink, "");
		start_uplink(a);
	} else {
		uplink_close(&a->uplink, "reconnecting");
	}
}

/* Addresses have come, and may have gone before: an answer is wanted at once from a relay that
 * seems to be there. The kernel notices when it cannot be sent. */
static void on_network(void *ctx)
{
	struct agent *a = ctx;
	struct conn *c = uplink_conn(&a->uplink);
	struct mux *m = c != NULL ? session_mux(conn_session(c)) : NULL;

	if (a->is_ending)
		return;
	log_write(LOG_LEVEL_DEBUG1, "The network of this machine has changed.");
	retry_soon(&a->retry);
	if (m != NULL) {
		if (mux_keepalive(m) != E_OK)
			log_write(LOG_LEVEL_DEBUG1, "No probe could be sent.");
		conn_wake(c);
	} else if (uplink_is_dialling(&a->uplink)) {
		reconnect_now(a);
	}
}

static void try_later(struct agent *a, const struct uplink_end *end, enum ending_kind kind)
{
	char reason[ENDING_TEXT];
	enum log_level level =
		outage_level(&a->outage, ending_reason(end, reason), hub_now(&a->hub));
	uint64_t wait_ms;

	tell(a, HERALD_DOWN, reason);
	desk_on_down(&a->desk); /* who says why */
	ending_say(end->hop->settings, end, level);
	wait_ms = kind == ENDING_LATER ? retry_much_later(&a->retry) : retry_later(&a->retry);
	log_write(level, "No connection to %s: trying again in %.1f s, until it is back.",
		a->settings->hostname, (double)wait_ms / 1000);
}

/* As ssh does; a name that does not resolve is no matter of attempts. */
static void attempt_again(struct agent *a, const struct uplink_end *end)
{
	ending_say(end->hop->settings, end, LOG_LEVEL_FATAL);
	if (end->stage == UPLINK_DIAL && end->fault->code != 0 &&
		a->attempts < a->settings->connection_attempts)
		uv_timer_start(&a->timer, on_attempt, ATTEMPT_MS, 0);
	else
		wind_up(a, RUN_EXIT_ERROR);
}

static void on_down(void *ctx, const struct uplink_end *end)
{
	struct agent *a = ctx;
	enum ending_kind kind = ending_judge(end, uplink_has_been_up(&a->uplink));

	tunnel_on_down(&a->tunnel);
	retry_down(&a->retry);
	herald_ready(&a->herald, false);
	if (a->is_ending) {
		wind_up(a, a->exit_code);
	} else if (end->is_asked) {
		tell(a, HERALD_DOWN, "reconnecting");
		desk_on_down(&a->desk);
		start_uplink(a);
	} else if (!a->settings->reconnect) {
		desk_on_down(&a->desk);
		attempt_again(a, end);
	} else if (kind == ENDING_FINAL) {
		ending_say(end->hop->settings, end, LOG_LEVEL_FATAL);
		wind_up(a, RUN_EXIT_ERROR);
	} else {
		try_later(a, end, kind);
	}
}

static void on_signal(void *ctx, int number)
{
	struct agent *a = ctx;

	if (number == SIGUSR1) {
		log_write(LOG_LEVEL_INFO, "Reconnecting, as SIGUSR1 asks.");
		if (!a->is_ending)
			reconnect_now(a);
		return;
	}
	log_write(LOG_LEVEL_VERBOSE, "Killed by signal %d.", number);
	if (a->is_ending)
		uv_stop(&a->loop);
	/* ssh -N that is told to end has done what it was to do. */
	end_agent(a, number == SIGTERM ? 0 : RUN_EXIT_ERROR, "disconnected by user");
}

/* --- while it is up -----------------------------------------------------------------------------
 */

/* What -f and a service manager wait for. */
static void stand(struct agent *a)
{
	bool is_standing = tunnel_is_standing(&a->tunnel);

	if (a->is_ending)
		return;
	herald_ready(&a->herald, is_standing);
	tell(a, HERALD_UP, "");
	if (is_standing)
		background_release(a->background,
			log_level_now() >= LOG_LEVEL_DEBUG1 && a->settings->log_file == NULL);
}

/* A key that has changed and is let pass by the settings forwards nothing. False: it ends here. */
static bool judge_unproven(struct agent *a)
{
	log_write(
		LOG_LEVEL_ERROR, "Port forwarding is disabled to avoid man-in-the-middle attacks.");
	if (a->settings->exit_on_forward_failure || a->settings->reconnect) {
		log_write(LOG_LEVEL_FATAL,
			"Error: forwarding disabled due to host key check failure");
		end_agent(a, RUN_EXIT_ERROR, "host key check failure");
		return false;
	}
	tunnel_disable(&a->tunnel);
	return true;
}

static bool has_wishes(const struct client_settings *s)
{
	return s->forward_count + s->local_count + s->tunnel_count > 0;
}

static void on_login(void *ctx, struct conn *c, bool is_unproven)
{
	struct agent *a = ctx;

	signals_catch(&a->signals);
	hop_say_login(uplink_relay(&a->uplink));
	if (is_unproven && has_wishes(a->settings) &&
		!judge_unproven(a))
		return;
	outage_end(&a->outage, a->settings->hostname, hub_now(&a->hub));
	retry_up(&a->retry);
	tunnel_on_login(&a->tunnel, c);
	stand(a);
}

static void on_event(void *ctx, struct conn *c, const struct event *ev)
{
	struct agent *a = ctx;

	tunnel_on_event(&a->tunnel, ev);
}

static void on_answered(void *ctx, const struct forward *one)
{
	struct agent *a = ctx;

	if (one != NULL && one->state == FORWARD_UP)
		herald_forward_up(&a->herald, one);
	desk_on_answered(&a->desk, one);
	stand(a);
}

static void on_fatal(void *ctx, const char *text)
{
	end_agent(ctx, RUN_EXIT_ERROR, text);
}

static void on_asked_to_end(void *ctx)
{
	log_write(LOG_LEVEL_VERBOSE, "Ending, as the control socket asks.");
	end_agent(ctx, 0, "disconnected by user");
}

static void on_over(void *ctx)
{
	end_agent(ctx, 0, "disconnected by user");
}

/* --- the beginning ------------------------------------------------------------------------------
 */

static enum err init_loop(struct agent *a, struct fault *f)
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
	signals_init(&a->signals, &a->loop, on_signal, a);
	retry_init(&a->retry, &a->loop, &a->hub.rng, on_retry, a);
	return E_OK;
}

/* Without news of the network the tries come by the clock alone. */
static void watch_network(struct agent *a)
{
	struct fault f = {0};

	if (netwatch_new(&a->loop, on_network, a, &a->netwatch, &f) == E_OK)
		return;
	a->netwatch = NULL;
	log_write(LOG_LEVEL_DEBUG1, "%s", f.text);
}

/* A control socket that somebody else has is done without, as in ssh. */
static enum err open_desk(struct agent *a, struct fault *f)
{
	struct fault why = {0};
	enum err e = desk_init(
		&a->desk, a->settings, &a->hub, &a->tunnel, &a->herald, on_asked_to_end, a, &why);

	if (e == E_DENIED)
		log_write(LOG_LEVEL_ERROR, "%s", why.text);
	return e == E_OK || e == E_DENIED ? E_OK : fault_set(f, e, 0, "%s", why.text);
}

static enum err init(struct agent *a, struct route *route, struct fault *f)
{
	static const struct uplink_ops ops = {on_login, on_event, on_down, NULL};
	static const struct tunnel_ops tunnel_ops = {on_answered, on_fatal, on_over};
	enum err e = tunnel_init(&a->tunnel, a->settings, &a->hub, &tunnel_ops, a);

	if (e != E_OK)
		return fault_set(f, e, 0, "%s", err_text(e));
	e = herald_init(&a->herald, &a->loop, a->settings, tunnel_forwards(&a->tunnel),
		tunnel_locals(&a->tunnel), f);
	if (e == E_OK)
		e = open_desk(a, f);
	if (e != E_OK)
		return e;
	if (a->settings->reconnect) {
		watch_network(a);
		signals_catch_nudge(&a->signals);
	}
	return uplink_init(&a->uplink, route, &a->hub, &ops, a, f);
}

int run_agent(struct route *route, struct background *bg)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct fault f = {0};
	int exit_code = RUN_EXIT_ERROR;

	if (a == NULL) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", err_text(E_NOMEM));
		return RUN_EXIT_ERROR;
	}
	a->settings = route_relay(route);
	a->background = bg;
	if (init_loop(a, &f) != E_OK) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
		goto out;
	}
	if (init(a, route, &f) == E_OK) {
		start_uplink(a);
	} else {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
		wind_up(a, RUN_EXIT_ERROR);
	}
	uv_run(&a->loop, UV_RUN_DEFAULT);
	close_loop(a);
	exit_code = a->exit_code;
	uplink_fini(&a->uplink);
out:
	free(a);
	return exit_code;
}
