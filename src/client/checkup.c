/* SPDX-License-Identifier: ISC */
/*
 * A forward is examined in steps, which stand in a table: each looks whether it is wanted, and
 * either says something or starts a knock, whose end takes the next step. The forwards themselves
 * are the real ones (tunnel.h): what a visitor meets here is what a visitor meets.
 */
#include "client/checkup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "client/diagnosis_tunnel.h"
#include "client/family.h"
#include "client/reach.h"
#include "client/vitals.h"
#include "forward/tcpip.h"

enum {
	ANSWER_MS = 15 * 1000,
	TARGET_MS = 10 * 1000, /* as long as visitors wait (VISITORS_DIAL_MS) */
	VISIT_MS = 5 * 1000,
	WORDS_MS = 2 * 1000, /* who has said nothing by then waits to be spoken to */
	TRIP_MS = 5 * 1000,  /* for words that have been heard before */
	PLACE_TEXT = FORWARD_HOST_MAX + 16
};

enum step_end { STEP_DONE, STEP_WAITS };
typedef enum step_end (*step_fn)(struct checkup *c);

static void go_on(struct checkup *c);

/* --- knocks -------------------------------------------------------------------------------------
 */

static void on_knocked(void *ctx, const struct knock_result *r)
{
	struct checkup *c = ctx;
	struct mux *m = session_mux(conn_session(c->conn));
	struct mux_channel_info info;

	c->knock = NULL;
	*c->result = *r;
	if (c->visit != NULL && c->visit->has_come && m != NULL)
		c->visit->is_taken = mux_channel_info(m, c->channel, &info) && info.is_open;
	c->visit = NULL;
	go_on(c);
}

/* A knock that cannot even begin is one that found nothing. */
static enum step_end await(struct checkup *c, enum err e)
{
	if (e == E_OK)
		return STEP_WAITS;
	c->knock = NULL;
	c->visit = NULL;
	c->result->end = KNOCK_UNREACHABLE;
	snprintf(c->result->text, sizeof(c->result->text), "%s", err_text(e));
	return STEP_DONE;
}

static enum step_end knock_here(struct checkup *c, const char *host, uint16_t port, int family,
	struct knock_patience patience, struct knock_result *result)
{
	c->result = result;
	return await(c,
		knock_start(c->hub->loop, host, port, family, patience, on_knocked, c, &c->knock));
}

static enum step_end knock_there(struct checkup *c, const struct outbound_target *to,
	struct knock_patience patience, struct knock_result *result)
{
	c->result = result;
	return await(c, knock_inside(c->conn, to, patience, on_knocked, c, &c->knock));
}

static struct knock_patience visit_patience(const struct checkup *c)
{
	bool is_spoken = c->d.is_target_tried && !greeting_is_empty(&c->d.target.words);

	return (struct knock_patience){VISIT_MS, is_spoken ? TRIP_MS : WORDS_MS};
}

/* --- visits -------------------------------------------------------------------------------------
 */

static bool has_port(const struct checkup *c)
{
	return c->d.forward->spec->listen_path[0] == '\0';
}

static bool is_up(const struct checkup *c)
{
	return c->d.forward->state == FORWARD_UP;
}

/* From 127.0.0.1 and ::1 one cannot see what others see. */
static bool is_relay_here(const struct checkup *c)
{
	char host[SOCK_TEXT_MAX];

	/* Nor from behind a proxy, which knows another way than visitors have. */
	if (conn_peer(c->conn)->ss.ss_family != AF_INET &&
		conn_peer(c->conn)->ss.ss_family != AF_INET6)
		return true;
	sock_host(conn_peer(c->conn), host);
	return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

/* Where others would knock: at the address that was asked for, else at the one we reached the relay
 * by, or at another of its name when that is of the wrong family. */
static enum step_end visit_outside(struct checkup *c)
{
	const char *bind = forward_spec_wire_bind(c->d.forward->spec);
	bool is_one = !reach_is_loopback(bind) && !reach_is_wildcard(bind);
	bool is_v6 = conn_peer(c->conn)->ss.ss_family == AF_INET6;
	int family = family_of(c->settings);
	char host[SOCK_TEXT_MAX];
	const char *at = host;

	if (!is_one && is_relay_here(c))
		return STEP_DONE;
	sock_host(conn_peer(c->conn), host);
	if (is_one)
		at = bind;
	else if ((strcmp(bind, "0.0.0.0") == 0 && is_v6) || (strcmp(bind, "::") == 0 && !is_v6)) {
		at = c->settings->hostname;
		family = is_v6 ? AF_INET : AF_INET6;
	}
	c->visit = &c->d.outside;
	c->visit->is_tried = true;
	return knock_here(c, at, c->d.forward->port, family, visit_patience(c), &c->visit->knock);
}

static enum step_end visit_inside(struct checkup *c)
{
	const char *bind = forward_spec_wire_bind(c->d.forward->spec);
	struct outbound_target to = {
		.host = reach_is_loopback(bind) ? bind : "localhost", .port = c->d.forward->port};

	c->visit = &c->d.inside;
	c->visit->is_tried = true;
	return knock_there(c, &to, visit_patience(c), &c->visit->knock);
}

/* --- the steps of a remote forward --------------------------------------------------------------
 */

static enum step_end look_for_holder(struct checkup *c)
{
	return diagnosis_is_open_question(&c->d) && has_port(c) && c->d.forward->port != 0
		       ? visit_outside(c)
		       : STEP_DONE;
}

static enum step_end look_for_holder_inside(struct checkup *c)
{
	bool is_found = c->d.outside.is_tried && c->d.outside.knock.end == KNOCK_OPEN;

	return diagnosis_is_open_question(&c->d) && has_port(c) && c->d.forward->port != 0 &&
			       !is_found
		       ? visit_inside(c)
		       : STEP_DONE;
}

static enum step_end tell_answer(struct checkup *c)
{
	diagnosis_answer(c->findings, &c->d, c->subject);
	return STEP_DONE;
}

static struct forward_target target_at(const struct forward_spec *spec, unsigned i)
{
	struct forward_target first = {.port = spec->port};

	if (i > 0)
		return spec->more[i - 1];
	snprintf(first.host, sizeof(first.host), "%s", spec->host);
	return first;
}

static enum step_end knock_at_target(struct checkup *c)
{
	const struct forward_spec *spec = c->d.forward->spec;
	bool has_one = c->d.is_target_tried && c->d.target.end == KNOCK_OPEN;
	struct forward_target t;

	if (spec->is_socks || spec->path[0] != '\0')
		return STEP_DONE;
	t = target_at(spec, c->next_target);
	return knock_here(c, t.host, t.port, family_of(c->settings),
		(struct knock_patience){TARGET_MS, WORDS_MS}, has_one ? &c->spare : &c->d.target);
}

/* And back to the next one where there are several. */
static enum step_end tell_target(struct checkup *c)
{
	const struct forward_spec *spec = c->d.forward->spec;
	char place[PLACE_TEXT];
	struct forward_target t;

	if (spec->is_socks || spec->path[0] != '\0') {
		findings_add(c->findings, TARGET_UNTRIED, c->subject, NULL, "%s",
			spec->is_socks ? "Visitors name the target themselves (SOCKS)."
				       : "The target is a Unix socket, which is not tried.");
		return STEP_DONE;
	}
	t = target_at(spec, c->next_target);
	reach_place(t.host, t.port, place, sizeof(place));
	diagnosis_target(c->findings, c->result, place, "from here", c->subject);
	c->d.is_target_tried = true;
	if (++c->next_target <= spec->more_count)
		c->step -= 2;
	return STEP_DONE;
}

static enum step_end visit_port(struct checkup *c)
{
	return is_up(c) && has_port(c) ? visit_outside(c) : STEP_DONE;
}

static enum step_end tell_reach(struct checkup *c)
{
	if (is_up(c) && has_port(c))
		diagnosis_reach(c->findings, &c->d, c->subject);
	return STEP_DONE;
}

/* Where nobody came in from outside, or ought to. */
static enum step_end visit_port_inside(struct checkup *c)
{
	bool is_wanted = reach_is_loopback(forward_spec_wire_bind(c->d.forward->spec)) ||
			 diagnosis_is_narrowed(&c->d) || !c->d.outside.is_tried;

	return is_up(c) && has_port(c) && is_wanted ? visit_inside(c) : STEP_DONE;
}

static enum step_end tell_inside(struct checkup *c)
{
	if (is_up(c))
		diagnosis_inside(c->findings, &c->d, c->subject);
	return STEP_DONE;
}

static enum step_end tell_trip(struct checkup *c)
{
	if (is_up(c) && c->d.is_target_tried && c->d.target.end == KNOCK_OPEN)
		diagnosis_trip(c->findings, &c->d, c->subject);
	return STEP_DONE;
}

static const step_fn remote_steps[] = {look_for_holder, look_for_holder_inside, tell_answer,
	knock_at_target, tell_target, visit_port, tell_reach, visit_port_inside, tell_inside,
	tell_trip, NULL};

/* --- the steps of a local one -------------------------------------------------------------------
 */

/* -L and -D, then -W. */
static const struct forward_spec *local_spec(const struct checkup *c)
{
	size_t i = c->index - c->settings->forward_count;

	return i < c->settings->local_count ? &c->settings->locals[i] : c->stdio;
}

static bool is_listening(const struct checkup *c)
{
	return local_spec(c) != c->stdio;
}

static enum step_end tell_local(struct checkup *c)
{
	if (!is_listening(c))
		return STEP_DONE;
	if (locals_is_open(tunnel_locals(&c->tunnel), c->index - c->settings->forward_count))
		findings_add(c->findings, LOCAL_FREE, c->subject, NULL,
			"This machine could listen as it was asked to.");
	else
		findings_add(c->findings, LOCAL_TAKEN, c->subject,
			"Choose another port, or end what holds it (ss -ltnp); ports below 1024 "
			"are "
			"for root.",
			"This machine cannot listen there; -v says why.");
	return STEP_DONE;
}

static enum step_end knock_at_far_target(struct checkup *c)
{
	const struct forward_spec *spec = local_spec(c);
	struct outbound_target to = outbound_target_of(spec);

	if (spec->is_socks)
		return STEP_DONE;
	return knock_there(c, &to, (struct knock_patience){TARGET_MS, WORDS_MS}, &c->d.target);
}

static enum step_end tell_far_target(struct checkup *c)
{
	const struct forward_spec *spec = local_spec(c);
	char place[FORWARD_SPEC_MAX];

	forward_spec_print_target(spec, place, sizeof(place));
	if (spec->is_socks)
		findings_add(c->findings, TARGET_UNTRIED, c->subject, NULL,
			"Callers name the target themselves (SOCKS).");
	else
		diagnosis_target(c->findings, &c->d.target, place, "from the relay", c->subject);
	return STEP_DONE;
}

static const step_fn local_steps[] = {tell_local, knock_at_far_target, tell_far_target, NULL};

/* --- the steps of a tunnel ----------------------------------------------------------------------
 */

static size_t first_tunnel(const struct checkup *c)
{
	const struct client_settings *s = c->settings;

	return s->forward_count + s->local_count + (c->stdio != NULL);
}

static const struct device *device_of(const struct checkup *c)
{
	return &tunnel_devices(&c->tunnel)->items[c->index - first_tunnel(c)];
}

static enum step_end tell_tunnel(struct checkup *c)
{
	diagnosis_tunnel(c->findings, device_of(c), c->subject);
	return STEP_DONE;
}

/* Whoever answers at all, if only that nobody listens, is at the other end. */
static enum step_end knock_through(struct checkup *c)
{
	char host[TUNADDR_TEXT];

	if (!diagnosis_tunnel_peer(device_of(c), host))
		return STEP_DONE;
	c->d.is_target_tried = true;
	return knock_here(c, host, DIAGNOSIS_TUNNEL_PORT, AF_UNSPEC,
		(struct knock_patience){VISIT_MS, TRIP_MS}, &c->d.target);
}

static enum step_end tell_through(struct checkup *c)
{
	diagnosis_tunnel_trip(c->findings, device_of(c), c->d.is_target_tried ? &c->d.target : NULL,
		c->subject);
	return STEP_DONE;
}

static const step_fn tunnel_steps[] = {tell_tunnel, knock_through, tell_through, NULL};

/* --- one after the other ------------------------------------------------------------------------
 */

static bool is_remote(const struct checkup *c)
{
	return c->index < c->settings->forward_count;
}

static size_t forward_count(const struct checkup *c)
{
	return first_tunnel(c) + c->settings->tunnel_count;
}

static void begin_remote(struct checkup *c)
{
	const struct forward *one = &tunnel_forwards(&c->tunnel)->items[c->index];
	const char *bind = forward_spec_wire_bind(one->spec);
	bool is_one = !reach_is_loopback(bind) && !reach_is_wildcard(bind);

	c->d.forward = one;
	c->d.remark = c->remarks[c->index];
	reach_place(is_one ? bind : c->settings->hostname, one->port, c->place, sizeof(c->place));
}

static void begin_one(struct checkup *c)
{
	bool is_tunnel = c->index >= first_tunnel(c);
	const struct forward_spec *spec = is_tunnel	 ? NULL
					  : is_remote(c) ? &c->settings->forwards[c->index]
							 : local_spec(c);
	const char *flag = is_tunnel	      ? "-w"
			   : is_remote(c)     ? "-R"
			   : !is_listening(c) ? "-W"
			   : spec->is_socks   ? "-D"
					      : "-L";
	char text[FORWARD_SPEC_MAX];

	c->step = c->next_target = 0;
	c->d = (struct diagnosis){.settings = c->settings,
		.is_sallyd = vitals_is_sallyd(conn_session(c->conn)),
		.place = c->place};
	if (is_tunnel)
		tun_spec_print(&device_of(c)->want->spec, text);
	else
		forward_spec_print(spec, text, sizeof(text));
	snprintf(c->subject, sizeof(c->subject), "%s %.600s", flag, text);
	if (is_remote(c))
		begin_remote(c);
}

static void go_on(struct checkup *c)
{
	while (c->index < forward_count(c)) {
		const step_fn *steps = is_remote(c)		      ? remote_steps
				       : c->index < first_tunnel(c) ? local_steps
								    : tunnel_steps;

		if (!c->is_begun)
			begin_one(c);
		c->is_begun = true;
		while (steps[c->step] != NULL)
			if (steps[c->step++](c) == STEP_WAITS)
				return;
		c->is_begun = false;
		c->index++;
	}
	c->done(c->ctx);
}

/* --- answers and visitors -----------------------------------------------------------------------
 */

static void on_time(uv_timer_t *timer)
{
	go_on(timer->data);
}

static bool is_answered(struct checkup *c)
{
	return forwards_are_answered(tunnel_forwards(&c->tunnel)) &&
	       devices_are_answered(tunnel_devices(&c->tunnel));
}

static void on_answered(void *ctx, const struct forward *one)
{
	struct checkup *c = ctx;
	const struct forwards *all = tunnel_forwards(&c->tunnel);

	if (one != NULL)
		memcpy(c->remarks[one - all->items], c->remark, sizeof(c->remark));
	if (is_answered(c) && uv_is_active((uv_handle_t *)&c->timer))
		uv_timer_start(&c->timer, on_time, 0, 0);
}

static void on_fatal(void *ctx, const char *text)
{
	/* The settings that are examined end with no refusal. */
}

/* The visit under way has come when the relay opens a channel for its port. */
static void note_visitor(struct checkup *c, const struct mux_event *ev)
{
	struct tcpip_open open;

	if (c->visit == NULL || c->visit->has_come || !bytes_is(ev->name, "forwarded-tcpip") ||
		tcpip_read_open(ev->data, &open) != E_OK)
		return;
	if (forwards_match(tunnel_forwards(&c->tunnel), open.host, open.port) != c->d.forward)
		return;
	c->visit->has_come = true;
	c->channel = ev->channel;
}

void checkup_on_event(struct checkup *c, const struct event *ev)
{
	if (ev->kind == EV_DEBUG)
		text_escape(c->remark, sizeof(c->remark), ev->data);
	else if (ev->kind == EV_MUX && ev->mux.kind == MUX_OPEN)
		note_visitor(c, &ev->mux);
	tunnel_on_event(&c->tunnel, ev);
	if (ev->kind != EV_DEBUG)
		c->remark[0] = '\0';
}

/* --- life ---------------------------------------------------------------------------------------
 */

void checkup_start(struct checkup *c, struct conn *conn)
{
	c->conn = conn;
	if (forward_count(c) == 0)
		findings_add(c->findings, FORWARD_NONE, NULL, NULL,
			"No forward was named, so none was tried.");
	tunnel_on_login(&c->tunnel, conn);
	uv_timer_start(&c->timer, on_time, is_answered(c) ? 0 : ANSWER_MS, 0);
}

void checkup_stop(struct checkup *c)
{
	uv_timer_stop(&c->timer);
	knock_cancel(c->knock);
	c->knock = NULL;
	if (c->conn != NULL)
		tunnel_on_down(&c->tunnel);
	c->conn = NULL;
}

enum err checkup_init(struct checkup *c, const struct client_settings *s, struct hub *hub,
	struct findings *findings, void (*done)(void *ctx), void *ctx)
{
	static const struct tunnel_ops ops = {.answered = on_answered, .fatal = on_fatal};
	enum err e;

	*c = (struct checkup){.findings = findings, .hub = hub, .done = done, .ctx = ctx};
	c->without_stdio = *s;
	c->without_stdio.stdio = NULL;
	c->settings = &c->without_stdio;
	c->stdio = s->stdio;
	uv_timer_init(hub->loop, &c->timer);
	c->timer.data = c;
	e = tunnel_init(&c->tunnel, c->settings, hub, &ops, c);
	c->remarks = calloc(s->forward_count + 1, sizeof(*c->remarks));
	return e == E_OK && c->remarks == NULL ? E_NOMEM : e;
}

void checkup_close(struct checkup *c)
{
	checkup_stop(c);
	uv_close((uv_handle_t *)&c->timer, NULL);
	tunnel_close(&c->tunnel);
	free(c->remarks);
	c->remarks = NULL;
}
