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
#include "base/text.h"
#include "client/ending.h"
#include "client/signals.h"
#include "client/uplink.h"
#include "client/visitors.h"

enum {
	GOODBYE_MS = 1000, /* for a peer that does not read */
	RETRY_MS = 1000	   /* between ConnectionAttempts */
};

struct agent {
	const struct client_settings *settings;
	struct background *background;
	uv_loop_t loop;
	struct hub hub;
	uv_timer_t timer; /* until the next attempt, or to the end */
	struct signals signals;
	unsigned attempts; /* begun */
	struct uplink uplink;
	struct forwards forwards;
	struct visitors visitors;
	char reason[FAULT_TEXT]; /* of the refusal that comes next; "" none */
	bool is_ending;		 /* by our own will */
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
	signals_close(&a->signals);
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

static void on_signal(void *ctx, int number)
{
	struct agent *a = ctx;

	log_write(LOG_LEVEL_VERBOSE, "Killed by signal %d.", number);
	if (a->is_ending)
		uv_stop(&a->loop);
	/* ssh -N that is told to end has done what it was to do. */
	end_agent(a, number == SIGTERM ? 0 : RUN_EXIT_ERROR, "disconnected by user");
}

/* --- what goes over the uplink ------------------------------------------------------------------
 */

/* What -f waits for: every port answered, so that refusals are still seen at the terminal. */
static void stand(struct agent *a)
{
	background_release(a->background,
		log_level_now() >= LOG_LEVEL_DEBUG1 && a->settings->log_file == NULL);
}

/* False: the agent ends for that. */
static bool judge_unproven(struct agent *a)
{
	log_write(
		LOG_LEVEL_ERROR, "Port forwarding is disabled to avoid man-in-the-middle attacks.");
	if (a->settings->exit_on_forward_failure) {
		log_write(LOG_LEVEL_FATAL,
			"Error: forwarding disabled due to host key check failure");
		end_agent(a, RUN_EXIT_ERROR, "host key check failure");
		return false;
	}
	forwards_init(&a->forwards, NULL, 0);
	return true;
}

static void on_login(void *ctx, struct conn *c, bool is_unproven)
{
	struct agent *a = ctx;
	enum err e;

	signals_catch(&a->signals);
	if (is_unproven && a->settings->forward_count > 0 && !judge_unproven(a))
		return;
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
		end_agent(a, RUN_EXIT_ERROR, "remote port forwarding failed");
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

	if (ev->kind == EV_DEBUG) {
		on_debug(a, c, ev);
		return;
	}
	if (ev->kind == EV_MUX)
		on_mux(a, c, &ev->mux);
	a->reason[0] = '\0';
}

/* --- up and down --------------------------------------------------------------------------------
 */

static void start_uplink(struct agent *a)
{
	struct fault f = {0};

	a->attempts++;
	if (uplink_start(&a->uplink, &f) == E_OK)
		return;
	log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
	wind_up(a, RUN_EXIT_ERROR);
}

static void on_retry(uv_timer_t *timer)
{
	start_uplink(timer->data);
}

/* A name that does not resolve is no matter of attempts, as in ssh. */
static bool may_try_again(const struct agent *a, const struct uplink_end *end)
{
	return end->stage == UPLINK_DIAL && end->fault->code != 0 &&
	       a->attempts < a->settings->connection_attempts;
}

static void on_down(void *ctx, const struct uplink_end *end)
{
	struct agent *a = ctx;

	visitors_stop(&a->visitors);
	if (end->is_asked) {
		wind_up(a, a->exit_code);
		return;
	}
	ending_say(a->settings, end, LOG_LEVEL_FATAL);
	if (may_try_again(a, end))
		uv_timer_start(&a->timer, on_retry, RETRY_MS, 0);
	else
		wind_up(a, RUN_EXIT_ERROR);
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
	return E_OK;
}

static enum err init(struct agent *a, const struct identities *ids, struct fault *f)
{
	static const struct uplink_ops ops = {on_login, on_event, on_down};

	forwards_init(&a->forwards, a->settings->forwards, a->settings->forward_count);
	visitors_init(&a->visitors, &a->forwards, a->settings);
	return uplink_init(&a->uplink, a->settings, ids, &a->hub, &ops, a, f);
}

int run_agent(const struct client_settings *s, const struct identities *ids, struct background *bg)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct fault f = {0};
	int exit_code = RUN_EXIT_ERROR;

	if (a == NULL) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", err_text(E_NOMEM));
		return RUN_EXIT_ERROR;
	}
	a->settings = s;
	a->background = bg;
	if (init_loop(a, &f) != E_OK) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
		goto out;
	}
	if (init(a, ids, &f) == E_OK) {
		start_uplink(a);
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
