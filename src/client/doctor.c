/* SPDX-License-Identifier: ISC */
/*
 * The order of the examination: the name, the connection, the forwards. What is found of each is
 * worded elsewhere.
 */
#include "client/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "client/autopsy.h"
#include "client/checkup.h"
#include "client/family.h"
#include "client/vitals.h"
#include "io/lookup.h"

enum {
	LOOKUP_MS = 10 * 1000,
	CONNECT_MS = 10 * 1000, /* unless ConnectTimeout says otherwise */
	GOODBYE_MS = 1000,	/* for a relay that does not read */
	ADDRESSES_TEXT = 512
};

struct doctor {
	struct route *route; /* with settings as an examination needs them */
	uv_loop_t loop;
	struct hub hub;
	uv_timer_t timer;
	struct lookup *lookup;
	struct findings findings;
	struct uplink uplink;
	struct checkup checkup;
	bool is_ending;
};

/* --- the end ------------------------------------------------------------------------------------
 */

static void on_patience_over(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void finish(struct doctor *d)
{
	d->is_ending = true;
	if (uplink_close(&d->uplink, "the examination is over"))
		uv_timer_start(&d->timer, on_patience_over, GOODBYE_MS, 0);
	else
		uv_stop(&d->loop);
}

static void on_examined(void *ctx)
{
	finish(ctx);
}

/* --- the connection -----------------------------------------------------------------------------
 */

static void on_login(void *ctx, struct conn *c, bool is_unproven)
{
	struct doctor *d = ctx;
	const struct client_settings *s = route_relay(d->route);
	const struct session *session = conn_session(c);
	struct tcpinfo info;

	conn_tcpinfo(c, &info);
	if (!hop_is_proxied(uplink_relay(&d->uplink)))
		vitals_route(&d->findings, conn_peer(c), info.rtt_us);
	vitals_banner(&d->findings, session);
	vitals_algorithms(&d->findings, session);
	vitals_hostkey(&d->findings, s, &uplink_relay(&d->uplink)->hostkey, true);
	vitals_login(&d->findings, uplink_relay(&d->uplink));
	vitals_relay(&d->findings, s, session);
	if (!is_unproven) {
		checkup_start(&d->checkup, c);
		return;
	}
	findings_add(&d->findings, FORWARD_UNPROVEN, NULL, "Have the host key put right first.",
		"Nothing is forwarded to a relay whose host key has changed.");
	finish(d);
}

static void on_passed(void *ctx, const struct hop *h)
{
	struct doctor *d = ctx;
	char subject[FINDING_SUBJECT];

	snprintf(subject, sizeof(subject), "jump host %.300s", h->settings->host_alias);
	findings_add(&d->findings, LOGIN_DONE, subject, NULL,
		"Logged in as %s by %s; its %s host key is %s.", h->settings->user, h->method,
		h->hostkey.face.type, h->hostkey.face.print);
}

static void on_event(void *ctx, struct conn *c, const struct event *ev)
{
	struct doctor *d = ctx;

	checkup_on_event(&d->checkup, ev);
}

static void on_down(void *ctx, const struct uplink_end *end)
{
	struct doctor *d = ctx;

	checkup_stop(&d->checkup);
	if (!d->is_ending)
		autopsy(&d->findings, end);
	d->is_ending = true;
	uv_stop(&d->loop);
}

/* --- the name -----------------------------------------------------------------------------------
 */

static void list_addresses(const struct addrinfo *list, char out[static ADDRESSES_TEXT])
{
	size_t used = 0;

	for (const struct addrinfo *ai = list;
		ai != NULL && used + SOCK_TEXT_MAX + 2 < ADDRESSES_TEXT; ai = ai->ai_next) {
		struct sock_addr a = {.len = ai->ai_addrlen};
		char host[SOCK_TEXT_MAX];

		memcpy(&a.ss, ai->ai_addr, ai->ai_addrlen);
		sock_host(&a, host);
		used += (size_t)snprintf(
			out + used, ADDRESSES_TEXT - used, "%s%s", used > 0 ? ", " : "", host);
	}
}

static void on_looked_up(void *ctx, const struct addrinfo *list, const struct fault *f)
{
	struct doctor *d = ctx;
	char addresses[ADDRESSES_TEXT] = "";
	struct uplink_end end = {.stage = UPLINK_DIAL, .fault = f, .hop = uplink_first(&d->uplink)};

	d->lookup = NULL;
	uv_timer_stop(&d->timer);
	if (list == NULL) {
		on_down(d, &end);
		return;
	}
	list_addresses(list, addresses);
	findings_add(&d->findings, NAME_FOUND, NULL, NULL, "%s stands for %s.",
		d->route->legs[0].settings.hostname, addresses);
	uplink_start(&d->uplink);
}

static void on_lookup_over(uv_timer_t *timer)
{
	struct doctor *d = timer->data;

	lookup_cancel(d->lookup);
	d->lookup = NULL;
	findings_add(&d->findings, NAME_SILENT, NULL,
		"Look at /etc/resolv.conf, and whether its servers can be reached from here.",
		"The resolver of this machine did not say within %d s what %s stands for.",
		LOOKUP_MS / 1000, d->route->legs[0].settings.hostname);
	finish(d);
}

static void look_up(struct doctor *d)
{
	const struct client_settings *s = &d->route->legs[0].settings;
	struct fault f = {0};
	struct uplink_end end = {
		.stage = UPLINK_DIAL, .fault = &f, .hop = uplink_first(&d->uplink)};
	struct sock_addr a;
	char port[8];

	if (s->proxy_command != NULL) {
		uplink_start(&d->uplink); /* whose affair the name is */
		return;
	}
	if (sock_parse(s->hostname, s->port, &a)) {
		findings_add(&d->findings, NAME_FOUND, NULL, NULL,
			"%s is an address and needs no lookup.", s->hostname);
		uplink_start(&d->uplink);
		return;
	}
	snprintf(port, sizeof(port), "%u", s->port);
	if (lookup_start(&d->loop, s->hostname, port, family_of(s), on_looked_up, d, &d->lookup,
		    &f) != E_OK)
		on_down(d, &end);
	else
		uv_timer_start(&d->timer, on_lookup_over, LOOKUP_MS, 0);
}

static void on_begin(uv_timer_t *timer)
{
	look_up(timer->data);
}

/* --- what is told -------------------------------------------------------------------------------
 */

static void tell(void *ctx, const struct finding *one)
{
	printf("%-8s%s: %s%s%s\n", finding_status_word(finding_status(one->id)),
		finding_name(one->id), one->subject, one->subject[0] != '\0' ? ": " : "",
		one->text);
	if (one->cure[0] != '\0')
		printf("        -> %s\n", one->cure);
	fflush(stdout);
}

static bool tell_document(const struct doctor *d)
{
	char *text = findings_json(
		&d->findings, route_relay(d->route)->hostname, route_relay(d->route)->port);

	if (text != NULL)
		puts(text);
	free(text);
	return text != NULL;
}

static int tell_end(const struct doctor *d, bool is_json)
{
	unsigned faults = findings_faults(&d->findings);
	bool is_told = true;

	if (is_json)
		is_told = tell_document(d);
	else if (faults == 0)
		puts("All is well.");
	else
		printf("%u %s found.\n", faults, faults == 1 ? "fault" : "faults");
	if (!is_told || fflush(stdout) != 0 || ferror(stdout)) {
		log_write(LOG_LEVEL_FATAL, "sally: the findings could not be written");
		return DOCTOR_ERROR;
	}
	return faults == 0 ? DOCTOR_WELL : DOCTOR_FAULT;
}

/* --- life ---------------------------------------------------------------------------------------
 */

static void change_settings(struct route *route)
{
	for (size_t i = 0; i < route->count; i++) {
		struct client_settings *s = &route->legs[i].settings;

		s->reconnect = s->exit_on_forward_failure = false;
		s->connection_attempts = 1;
		if (s->connect_timeout_ms == 0)
			s->connect_timeout_ms = CONNECT_MS;
	}
}

static enum err init(struct doctor *d, struct fault *f)
{
	enum err e;

	if (uv_loop_init(&d->loop) != 0)
		return fault_set(f, E_SYS, 0, "the event loop cannot be set up");
	e = hub_init(&d->hub, &d->loop, 0);
	if (e != E_OK) {
		uv_loop_close(&d->loop);
		return fault_set(f, e, 0, "%s", err_text(e));
	}
	uv_timer_init(&d->loop, &d->timer);
	d->timer.data = d;
	return E_OK;
}

static enum err prepare(struct doctor *d, struct fault *f)
{
	static const struct uplink_ops ops = {on_login, on_event, on_down, on_passed};
	enum err e = checkup_init(
		&d->checkup, route_relay(d->route), &d->hub, &d->findings, on_examined, d);

	if (e != E_OK)
		return fault_set(f, e, 0, "%s", err_text(e));
	return uplink_init(&d->uplink, d->route, &d->hub, &ops, d, f);
}

/* As run.c does: what is still looked up by somebody keeps nobody. */
static void close_loop(struct doctor *d, int exit_code)
{
	lookup_cancel(d->lookup);
	checkup_close(&d->checkup);
	uv_close((uv_handle_t *)&d->timer, NULL);
	hub_fini(&d->hub);
	uv_run(&d->loop, UV_RUN_NOWAIT);
	if (uv_loop_close(&d->loop) != 0) {
		fflush(NULL);
		_exit(exit_code);
	}
}

static int examine(struct doctor *d, bool is_json)
{
	struct fault f = {0};
	int code = DOCTOR_ERROR;

	if (prepare(d, &f) == E_OK) {
		uv_timer_start(&d->timer, on_begin, 0, 0);
		uv_run(&d->loop, UV_RUN_DEFAULT);
		code = tell_end(d, is_json);
	} else {
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
	}
	close_loop(d, code);
	return code;
}

int doctor_run(struct route *route, bool is_json)
{
	struct doctor *d = calloc(1, sizeof(*d));
	struct fault f = {0};
	int code = DOCTOR_ERROR;

	if (d == NULL) {
		log_write(LOG_LEVEL_FATAL, "sally: %s", err_text(E_NOMEM));
		return DOCTOR_ERROR;
	}
	d->route = route;
	change_settings(route);
	findings_init(&d->findings, is_json ? NULL : tell, NULL);
	if (init(d, &f) == E_OK)
		code = examine(d, is_json);
	else
		log_write(LOG_LEVEL_FATAL, "sally: %s", f.text);
	uplink_fini(&d->uplink);
	findings_fini(&d->findings);
	free(d);
	return code;
}
