/* SPDX-License-Identifier: ISC */
#include "relay/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "relay/auditlog.h"
#include "relay/book.h"
#include "relay/control.h"
#include "relay/lowports.h"
#include "relay/reload.h"
#include "relay/worker.h"

/* --- its children ----------------------------------------------------------------------------- */

static void on_signer(void *ctx)
{
	worker_meet_signer(((struct supervisor *)ctx)->worker);
}

static void on_no_signer(void *ctx, const struct fault *f)
{
	struct supervisor *s = ctx;

	s->has_failed = true;
	fprintf(stderr, "%s\n", f->text);
}

static void on_signer_gone(void *ctx)
{
	((struct supervisor *)ctx)->keeper = NULL;
}

static const struct keeper_ops keeper_ops = {
	.ready = on_signer, .failed = on_no_signer, .gone = on_signer_gone};

bool supervisor_has_audience(const struct supervisor *s)
{
	return s->auditlog || s->audience > 0;
}

/* --- signals ---------------------------------------------------------------------------------- */

static void on_end_signal(uv_signal_t *handle, int signum)
{
	struct supervisor *s = handle->data;

	/* The second one means it. */
	if (signum == SIGTERM && s->settings->drain_time_ms > 0 && !s->is_draining)
		supervisor_drain(s, s->settings->drain_time_ms, "terminated");
	else
		supervisor_end(s, signum == SIGINT ? "interrupted" : "terminated");
}

/* With the time, so that the manager can tell this one from the one before. */
static void say_reloading(const struct supervisor *s)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)(uv_hrtime() / 1000));
	notify_send(&s->notify, text);
}

static void on_hup(uv_signal_t *handle, int signum)
{
	struct supervisor *s = handle->data;
	struct fault f = {0};

	say_reloading(s);
	/* The log has heard it. */
	(void)reload_all(s, "SIGHUP", &f);
	notify_send(&s->notify, "READY=1");
}

/* --- a start ---------------------------------------------------------------------------------- */

void supervisor_init(struct supervisor *s, uv_loop_t *loop, struct relay_conf *conf,
	struct keyring *keyring)
{
	*s = (struct supervisor){.loop = loop,
		.conf = conf,
		.settings = relay_conf_settings(conf),
		.keyring = keyring,
		.low_end = lowports_end(),
		.started = time(NULL)};
	notify_init(&s->notify, loop);
	roster_init(&s->roster);
	moorings_init(&s->moorings, loop);
	ferryman_init(&s->ferryman);
	list_init(&s->lookups);
	uv_timer_init(loop, &s->end_timer);
	s->end_timer.data = s;
	feed_init(&s->feed);
	uv_signal_init(loop, &s->sigterm);
	uv_signal_init(loop, &s->sigint);
	uv_signal_init(loop, &s->sighup);
	s->sigterm.data = s->sigint.data = s->sighup.data = s;
}

/* Whom root lets the processes be that need no rights. */
static enum err find_user(struct sandbox_user *user, struct fault *f)
{
	*user = (struct sandbox_user){.uid = (uid_t)SANDBOX_NO_USER};
	if (geteuid() != 0 || sandbox_find_user("sallyport", user, NULL) == E_OK)
		return E_OK;
	return sandbox_find_user("nobody", user, f);
}

/* Both children are started at once; what the second is briefed with needs the first. */
static enum err start_children(
	struct supervisor *s, const struct keeper_path *paths, size_t count, struct fault *f)
{
	enum err e = find_user(&s->user, f);

	if (e == E_OK)
		e = keeper_new(s->loop, paths, count, &s->user, &keeper_ops, s, &s->keeper);
	if (e == E_OK)
		e = worker_new(s, &s->worker);
	return e == E_OK ? E_OK : fault_set(f, e, 0, "%s", err_text(e));
}

enum err supervisor_start(
	struct supervisor *s, const struct keeper_path *paths, size_t count, struct fault *f)
{
	enum err e = start_children(s, paths, count, f);

	while (e == E_OK && !worker_is_ready(s->worker) && !s->has_failed)
		uv_run(s->loop, UV_RUN_ONCE);
	return e == E_OK && s->has_failed ? E_CLOSED : e;
}

void supervisor_serve(struct supervisor *s)
{
	uv_signal_start(&s->sigterm, on_end_signal, SIGTERM);
	uv_signal_start(&s->sigint, on_end_signal, SIGINT);
	uv_signal_start(&s->sighup, on_hup, SIGHUP);
	notify_send(&s->notify, "READY=1\nSTATUS=Lets agents in");
}

/* --- an end ----------------------------------------------------------------------------------- */

void supervisor_shut(struct supervisor *s)
{
	s->is_draining = true;
	listening_close(&s->listening);
}

void supervisor_drain(struct supervisor *s, uint64_t limit_ms, const char *why)
{
	if (s->is_ending)
		return;
	notify_send(&s->notify, "STOPPING=1\nSTATUS=Lets nobody in any more, waits for the last visitor to leave");
	supervisor_shut(s);
	worker_tell(s->worker, IPC_DRAIN, limit_ms, bytes_str(why));
}

/* Nobody waits for the names that are still being looked up. */
static void on_end_timer(uv_timer_t *t)
{
	uv_stop(t->loop);
}

static void close_handles(struct supervisor *s)
{
	if (s->is_over)
		return;
	s->is_over = true;
	notify_close(&s->notify);
	uv_close((uv_handle_t *)&s->sigterm, NULL);
	uv_close((uv_handle_t *)&s->sigint, NULL);
	uv_close((uv_handle_t *)&s->sighup, NULL);
	moorings_end(&s->moorings);
	ferryman_clear(&s->ferryman);
	auditlog_end(s->auditlog);
	if (s->lookups_now == 0)
		uv_close((uv_handle_t *)&s->end_timer, NULL);
	else
		uv_timer_start(
			&s->end_timer, on_end_timer, s->auditlog ? AUDITLOG_END_MS : 0, 0);
}

/* The log of visitors is open until the relay process has told of the last. */
void supervisor_end(struct supervisor *s, const char *why)
{
	if (s->is_ending)
		return;
	s->is_ending = true;
	notify_send(&s->notify, "STOPPING=1\nSTATUS=Ends");
	listening_close(&s->listening);
	control_free(s->control);
	s->control = NULL;
	worker_tell(s->worker, IPC_END, 0, bytes_str(why ? why : ""));
	if (s->worker)
		worker_stop(s->worker);
	else
		supervisor_worker_gone(s);
}

/* While it drains its end is the end of all. */
void supervisor_worker_ended(struct supervisor *s)
{
	if (s->is_draining || s->has_failed)
		supervisor_end(s, NULL);
}

void supervisor_worker_gone(struct supervisor *s)
{
	s->worker = NULL;
	keeper_stop(s->keeper);
	close_handles(s);
}

void supervisor_fini(struct supervisor *s)
{
	auditlog_free(s->auditlog);
	book_free(s->book);
	keyring_free(s->keyring);
	relay_conf_free(s->conf);
}
