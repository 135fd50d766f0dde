/* SPDX-License-Identifier: ISC */
#include "client/tunnel.h"

#include "base/log.h"
#include "base/text.h"
#include "client/reach.h"

struct conn *tunnel_conn(const struct tunnel *t)
{
	return t->conn;
}

struct forwards *tunnel_forwards(struct tunnel *t)
{
	return &t->forwards;
}

const struct locals *tunnel_locals(const struct tunnel *t)
{
	return &t->locals;
}

const struct devices *tunnel_devices(const struct tunnel *t)
{
	return &t->devices;
}

bool tunnel_is_standing(const struct tunnel *t)
{
	if (t->conn == NULL || !forwards_are_answered(&t->forwards) ||
		!devices_are_answered(&t->devices))
		return false;
	return !t->settings->reconnect ||
	       (forwards_count(&t->forwards, FORWARD_REFUSED) == 0 &&
		       locals_open_count(&t->locals) == locals_wanted(&t->locals) &&
		       devices_count(&t->devices, DEVICE_UP) == t->devices.count);
}

/* --- asking -------------------------------------------------------------------------------------
 */

static void ask(struct tunnel *t)
{
	struct session *s = conn_session(t->conn);
	struct mux *m = session_mux(s);
	enum err e = m != NULL ? forwards_ask(&t->forwards, m) : E_OK;

	if (e != E_OK)
		session_fail(s, e, "asking for the forwards");
	conn_wake(t->conn);
}

/* False: the agent ends, since a port of our own is missing. */
static bool open_locals(struct tunnel *t)
{
	if (locals_listen(&t->locals))
		return true;
	if (t->settings->exit_on_forward_failure) {
		t->ops->fatal(t->ctx, "local forwarding failed");
		return false;
	}
	if (t->settings->reconnect)
		retry_later(&t->retry);
	return true;
}

static void on_failed(void *ctx, const char *text)
{
	struct tunnel *t = ctx;

	if (t->settings->exit_on_forward_failure)
		t->ops->fatal(t->ctx, text);
	else if (t->settings->reconnect && t->conn != NULL)
		retry_later(&t->retry);
}

/* False: the agent ends. */
static bool open_devices(struct tunnel *t)
{
	if (t->devices.count == 0 || devices_ask(&t->devices, t->conn))
		return true;
	on_failed(t, "tunnel forwarding failed");
	return !t->settings->exit_on_forward_failure;
}

static void on_answered(void *ctx, const struct device *one)
{
	struct tunnel *t = ctx;

	t->ops->answered(t->ctx, NULL);
}

static void on_retry(void *ctx)
{
	struct tunnel *t = ctx;
	size_t open = locals_open_count(&t->locals);

	if (!open_locals(t) || !open_devices(t))
		return;
	ask(t);
	if (locals_open_count(&t->locals) != open)
		t->ops->answered(t->ctx, NULL);
}

/* ExitOnForwardFailure is about what was wanted when the program began. */
static enum forwards_manner manner(const struct tunnel *t, const struct forward *one)
{
	if (one->is_new)
		return FORWARDS_WARN;
	if (t->settings->exit_on_forward_failure && one->own == NULL)
		return FORWARDS_FATAL;
	return t->settings->reconnect ? FORWARDS_RETRY : FORWARDS_WARN;
}

static bool relay_gives_reasons(const struct tunnel *t)
{
	const struct transport *transport = session_transport(conn_session(t->conn));

	return (transport_peer_ext(transport) & TRANSPORT_EXT_FORWARD_REASON) != 0;
}

static void say_up(const struct tunnel *t, const struct forward *one)
{
	char text[REACH_TEXT];

	reach_text(one, t->settings, t->forwards.relay_tells ? one->reason : NULL, text);
	log_write(LOG_LEVEL_INFO, "Forward up: %s", text);
}

static void take_back(struct tunnel *t, const struct forward *one)
{
	struct session *s = conn_session(t->conn);
	struct mux *m = session_mux(s);
	enum err e = m != NULL ? forwards_send_cancel(one, m) : E_OK;

	if (e != E_OK)
		session_fail(s, e, "cancelling a forward");
	conn_wake(t->conn);
}

static void on_refused(struct tunnel *t, struct forward *one)
{
	enum forwards_manner how = manner(t, one);

	if (how == FORWARDS_FATAL) {
		t->ops->fatal(t->ctx, "remote port forwarding failed");
		return;
	}
	if (how == FORWARDS_RETRY)
		retry_later(&t->retry);
	t->ops->answered(t->ctx, one);
	/* Whoever asked for it was told no. */
	if (one->is_new && forwards_cancel(one, NULL) == E_OK)
		t->ops->answered(t->ctx, NULL);
}

static void on_reply(struct tunnel *t, const struct mux_event *ev)
{
	struct forward *one = forwards_asked(&t->forwards, ev);
	enum forwards_verdict v = FORWARDS_NONE;

	if (one != NULL)
		v = forwards_on_reply(&t->forwards, ev, t->reason, manner(t, one), &one);
	switch (v) {
	case FORWARDS_NONE:
		break;
	case FORWARDS_UP:
		say_up(t, one);
		t->ops->answered(t->ctx, one);
		break;
	case FORWARDS_REFUSED:
		on_refused(t, one);
		break;
	case FORWARDS_LEFT:
		take_back(t, one);
		break;
	}
}

/* --- events -------------------------------------------------------------------------------------
 */

static void on_mux(struct tunnel *t, const struct mux_event *ev)
{
	struct session *s = conn_session(t->conn);
	struct mux *m = session_mux(s);
	enum err e = E_OK;

	switch (ev->kind) {
	case MUX_OPEN:
		visitors_on_open(&t->visitors, t->conn, ev);
		break;
	case MUX_GLOBAL_REPLY:
		on_reply(t, ev);
		break;
	case MUX_GLOBAL_REQUEST:
		if (ev->want_reply && m != NULL)
			e = mux_global_reply(m, ev->token, false, (struct bytes){0}, NULL);
		break;
	default: /* of channels that nobody has taken yet */
		break;
	}
	if (e != E_OK)
		session_fail(s, e, "answering a global request");
}

/* Words of the relay. Those of ours come right before the refusal they explain. */
static void on_debug(struct tunnel *t, const struct event *ev)
{
	char text[FAULT_TEXT];

	text_escape(text, sizeof(text), ev->data);
	log_write(LOG_LEVEL_DEBUG1, "Remote: %s", text);
	if (relay_gives_reasons(t))
		memcpy(t->reason, text, sizeof(text));
}

void tunnel_on_event(struct tunnel *t, const struct event *ev)
{
	if (ev->kind == EV_DEBUG) {
		on_debug(t, ev);
		return;
	}
	if (ev->kind == EV_MUX)
		on_mux(t, &ev->mux);
	t->reason[0] = '\0';
}

/* --- forwards that come and go ------------------------------------------------------------------
 */

static enum err add_remote(struct tunnel *t, const struct forward_spec *spec,
	const struct forward **out, struct fault *f)
{
	struct forward *one = forwards_find(&t->forwards, spec);
	enum err e;

	if (one != NULL && one->state == FORWARD_UP) {
		*out = one;
		return E_OK;
	}
	if (one == NULL) {
		e = forwards_add(&t->forwards, spec, &one);
		if (e == E_LIMIT)
			return fault_set(
				f, e, 0, "there are %d forwards already", CLIENT_FORWARDS_MAX);
		if (e != E_OK)
			return fault_set(f, e, 0, "%s", err_text(e));
		visitors_forget(&t->visitors, one);
	}
	*out = one;
	ask(t);
	return E_AGAIN;
}

static enum err add_local(struct tunnel *t, const struct forward_spec *spec, struct fault *f)
{
	const struct local *there = locals_find(&t->locals, spec);
	enum err e;

	if (there != NULL)
		return there->count > 0 ? E_OK
					: fault_set(f, E_SYS, 0,
						  "it is tried again and again, "
						  "and cannot be opened yet");
	e = locals_add(&t->locals, spec, f);
	if (e == E_OK)
		t->ops->answered(t->ctx, NULL);
	return e;
}

enum err tunnel_add(struct tunnel *t, bool is_remote, const struct forward_spec *spec,
	const struct forward **one, struct fault *f)
{
	struct forward_spec dressed = *spec;

	*one = NULL;
	if (t->conn == NULL || session_mux(conn_session(t->conn)) == NULL)
		return E_STATE;
	client_settings_dress(t->settings, is_remote, &dressed);
	if (!is_remote)
		return add_local(t, &dressed, f);
	return add_remote(t, &dressed, one, f);
}

enum err tunnel_cancel(struct tunnel *t, bool is_remote, const struct forward_spec *spec)
{
	struct mux *m = t->conn != NULL ? session_mux(conn_session(t->conn)) : NULL;
	struct forward *one = is_remote ? forwards_find(&t->forwards, spec) : NULL;
	struct local *local = is_remote ? NULL : locals_find(&t->locals, spec);
	enum err e = E_OK;

	if (one == NULL && local == NULL)
		return E_UNKNOWN;
	if (local != NULL)
		locals_cancel(local);
	else
		e = forwards_cancel(one, m);
	if (e != E_OK)
		session_fail(conn_session(t->conn), e, "cancelling a forward");
	if (t->conn != NULL)
		conn_wake(t->conn);
	t->ops->answered(t->ctx, NULL);
	return E_OK;
}

/* --- life ---------------------------------------------------------------------------------------
 */

static void on_piped_done(void *ctx, bool is_good)
{
	struct tunnel *t = ctx;

	if (is_good)
		t->ops->over(t->ctx);
	else
		t->ops->fatal(t->ctx, "stdio forwarding failed");
}

void tunnel_on_login(struct tunnel *t, struct conn *c)
{
	static const struct piped_ops piped_ops = {NULL, on_piped_done};

	t->conn = c;
	t->forwards.relay_tells = relay_gives_reasons(t);
	t->reason[0] = '\0';
	/* Local ports first, as in ssh. */
	if (!open_locals(t) || !open_devices(t))
		return;
	locals_attach(&t->locals, c);
	if (t->settings->stdio != NULL)
		piped_open(&t->piped, c, t->settings->stdio, -1, -1, &piped_ops, t);
	ask(t);
}

void tunnel_on_down(struct tunnel *t)
{
	t->conn = NULL;
	locals_detach(&t->locals);
	devices_on_down(&t->devices);
	visitors_stop(&t->visitors);
	forwards_on_down(&t->forwards); /* new ones are gone */
	retry_stop(&t->retry);
	retry_reset(&t->retry);
}

void tunnel_disable(struct tunnel *t)
{
	forwards_drop(&t->forwards);
	locals_fini(&t->locals);
	devices_close(&t->devices);
}

enum err tunnel_init(struct tunnel *t, const struct client_settings *s, struct hub *hub,
	const struct tunnel_ops *ops, void *ctx)
{
	static const struct devices_ops device_ops = {on_answered, on_failed};

	*t = (struct tunnel){.settings = s, .ops = ops, .ctx = ctx};
	forwards_init(&t->forwards, s->forwards, s->forward_count);
	visitors_init(&t->visitors, hub->loop, &t->forwards, s);
	retry_init(&t->retry, hub->loop, &hub->rng, on_retry, t);
	devices_init(&t->devices, hub, s, &device_ops, t);
	return locals_init(&t->locals, hub, s);
}

void tunnel_close(struct tunnel *t)
{
	retry_close(&t->retry);
	locals_fini(&t->locals);
	devices_close(&t->devices);
	visitors_close(&t->visitors);
	forwards_fini(&t->forwards);
}
