/* SPDX-License-Identifier: ISC */
#include "client/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "client/facts.h"

enum { REASON_TEXT = 2 * FAULT_TEXT + FORWARD_HOST_MAX + 64, LOOK_MS = 1000, QUESTION_TEXT = 3000 };

static void deny(struct ctlclient *k)
{
	ctlserver_answer_plain(k, CTLMSG_DENIED, "Permission denied");
}

static void refuse(struct ctlclient *k, const char *why)
{
	ctlserver_answer_plain(k, CTLMSG_FAILURE, why);
}

static void say_down(struct desk *d, struct ctlclient *k)
{
	const struct herald *h = d->herald;
	char text[REASON_TEXT];

	snprintf(text, sizeof(text), "no connection to %s now, %s%s%s", d->settings->hostname,
		h->state == HERALD_DOWN ? "trying again" : herald_word(h->state),
		h->reason[0] != '\0' ? ": " : "", h->reason);
	refuse(k, text);
}

/* --- forwards -----------------------------------------------------------------------------------
 */

static void answer_up(struct ctlclient *k, const struct forward *one)
{
	if (one != NULL && one->spec->listen_port == 0 && one->spec->listen_path[0] == '\0')
		ctlserver_answer(k, &(struct ctlmsg){.type = CTLMSG_PORT, .number = one->port});
	else
		ctlserver_answer(k, &(struct ctlmsg){.type = CTLMSG_OK});
}

static void answer_refused(struct ctlclient *k, const struct forward *one)
{
	char what[FORWARD_PATH_MAX + 8], text[REASON_TEXT];

	forwards_name(one, what, sizeof(what));
	snprintf(text, sizeof(text), "remote port forwarding failed for listen %s%s%s", what,
		one->reason[0] != '\0' ? ": " : "", one->reason);
	refuse(k, text);
}

static void open_forward(struct desk *d, struct ctlclient *k, const struct ctlmsg *m)
{
	bool is_remote = m->kind == CTLMSG_REMOTE;
	const struct forward *one = NULL;
	struct forward_spec spec;
	struct fault f = {0};
	char text[REASON_TEXT];
	enum err e = ctlmsg_to_spec(m, &spec, &f);

	if (e != E_OK) {
		refuse(k, f.text);
		return;
	}
	e = tunnel_add(d->tunnel, is_remote, &spec, &one, &f);
	if (e == E_OK) {
		answer_up(k, one);
	} else if (e == E_AGAIN) {
		k->waits_for = one;
	} else if (e == E_STATE) {
		say_down(d, k);
	} else {
		snprintf(text, sizeof(text), "Port forwarding failed: %s", f.text);
		refuse(k, text);
	}
}

static void close_forward(struct desk *d, struct ctlclient *k, const struct ctlmsg *m)
{
	struct forward_spec spec;
	struct fault f = {0};

	if (ctlmsg_to_spec(m, &spec, &f) != E_OK)
		refuse(k, f.text);
	else if (tunnel_cancel(d->tunnel, m->kind == CTLMSG_REMOTE, &spec) != E_OK)
		refuse(k, "port not forwarded");
	else
		ctlserver_answer(k, &(struct ctlmsg){.type = CTLMSG_OK});
}

void desk_on_answered(struct desk *d, const struct forward *one)
{
	struct list *next;

	if (one == NULL || d->server.loop == NULL)
		return;
	for (struct list *n = d->server.clients.next; n != &d->server.clients; n = next) {
		struct ctlclient *k = list_entry(n, struct ctlclient, link);

		next = n->next;
		if (k->waits_for == one && one->state == FORWARD_UP)
			answer_up(k, one);
		else if (k->waits_for == one)
			answer_refused(k, one);
	}
}

/* --- streams ------------------------------------------------------------------------------------
 */

static void on_stream_opened(void *ctx)
{
	ctlserver_say(ctx, &(struct ctlmsg){.type = CTLMSG_OPENED, .number = 0});
}

/* Who waits for the end sees it when we hang up. */
static void on_stream_done(void *ctx, bool is_good)
{
	struct ctlclient *k = ctx;

	if (is_good) {
		ctlserver_hang_up(k);
		return;
	}
	free(k->user);
	k->user = NULL;
	refuse(k, "Session open refused by peer");
}

static void open_stream(struct desk *d, struct ctlclient *k, const struct ctlmsg *m)
{
	static const struct piped_ops ops = {on_stream_opened, on_stream_done};
	struct conn *c = tunnel_conn(d->tunnel);
	struct forward_spec spec;
	struct fault f = {0};
	int in = k->descriptors[0], out = k->descriptors[1];

	if (ctlmsg_to_target(m, &spec, &f) != E_OK) {
		refuse(k, f.text);
	} else if (k->user != NULL) {
		refuse(k, "Multiple sessions not supported");
	} else if (c == NULL) {
		say_down(d, k);
	} else if ((k->user = calloc(1, sizeof(struct piped))) == NULL) {
		refuse(k, err_text(E_NOMEM));
	} else {
		k->descriptors[0] = k->descriptors[1] = -1;
		piped_open(k->user, c, &spec, in, out, &ops, k);
	}
}

/* --- facts --------------------------------------------------------------------------------------
 */

/* More than the reply's own fields fit beside it. */
enum { INFO_MAX = CTLMSG_MAX - 64 };

static void reply_text(struct ctlclient *k, bool is_known, struct bytes text, bool is_last)
{
	struct ctlmsg m = {.type = CTLMSG_INFO_REPLY, .number = is_known, .text = text};

	if (is_last)
		ctlserver_answer(k, &m);
	else
		ctlserver_say(k, &m);
}

static void reply_status(struct desk *d, struct ctlclient *k, bool is_last)
{
	char *text = facts_status(d->herald, hub_now(d->hub), INFO_MAX);

	if (text != NULL)
		reply_text(k, true, bytes_str(text), is_last);
	else
		reply_text(k, false, bytes_str("there is more to say than fits"), true);
	free(text);
}

static void reply_info(
	struct desk *d, struct ctlclient *k, bool (*fill)(const struct desk *d, struct buf *out))
{
	struct buf text;

	buf_init(&text, INFO_MAX);
	(void)fill(d, &text); /* as far as there is room */
	reply_text(k, true, buf_bytes(&text), true);
	buf_fini(&text);
}

/* Changes with whatever watchers are told at once. */
static uint64_t look(const struct desk *d)
{
	const struct forwards *f = d->herald->forwards;
	const struct locals *l = d->herald->locals;
	uint64_t sum = 0;

	for (size_t i = 0; i < f->count; i++)
		sum += 2 * f->items[i].traffic.ever - f->items[i].traffic.now;
	for (size_t i = 0; i < l->count; i++)
		sum += 2 * l->items[i].traffic.ever - l->items[i].traffic.now;
	return sum;
}

/* False: there is none. */
static bool tell_watchers(struct desk *d)
{
	bool has_any = false;
	struct list *next;

	if (d->server.loop == NULL)
		return false;
	for (struct list *n = d->server.clients.next; n != &d->server.clients; n = next) {
		struct ctlclient *k = list_entry(n, struct ctlclient, link);

		next = n->next;
		if (!k->watches)
			continue;
		has_any = true;
		reply_status(d, k, false);
	}
	d->seen = look(d);
	return has_any;
}

static bool has_watchers(const struct desk *d)
{
	for (struct list *n = d->server.clients.next; n != &d->server.clients; n = n->next)
		if (list_entry(n, struct ctlclient, link)->watches)
			return true;
	return false;
}

static void on_look(uv_timer_t *timer)
{
	struct desk *d = timer->data;

	if (!has_watchers(d) || (look(d) != d->seen && !tell_watchers(d)))
		uv_timer_stop(timer);
}

void desk_on_news(struct desk *d)
{
	(void)tell_watchers(d);
}

static void watch(struct desk *d, struct ctlclient *k)
{
	k->watches = true;
	d->seen = look(d);
	uv_timer_start(&d->look, on_look, LOOK_MS, LOOK_MS);
	reply_status(d, k, false);
}

static void answer_info(struct desk *d, struct ctlclient *k, const struct ctlmsg *m)
{
	if (bytes_is(m->text, "connection"))
		reply_info(d, k, desk_info_connection);
	else if (bytes_is(m->text, "channels"))
		reply_info(d, k, desk_info_channels);
	else if (bytes_is(m->text, CTLMSG_STATUS))
		reply_status(d, k, true);
	else if (bytes_is(m->text, CTLMSG_WATCH))
		watch(d, k);
	else
		reply_text(k, false, bytes_str("info request type not supported"), true);
}

/* --- requests -----------------------------------------------------------------------------------
 */

static void serve(struct desk *d, struct ctlclient *k, const struct ctlmsg *m)
{
	switch (m->type) {
	case CTLMSG_ALIVE_CHECK:
		ctlserver_answer(
			k, &(struct ctlmsg){.type = CTLMSG_ALIVE, .number = (uint32_t)getpid()});
		break;
	case CTLMSG_TERMINATE:
		ctlserver_answer(k, &(struct ctlmsg){.type = CTLMSG_OK});
		d->end(d->ctx);
		break;
	case CTLMSG_OPEN_FORWARD:
		open_forward(d, k, m);
		break;
	case CTLMSG_CLOSE_FORWARD:
		close_forward(d, k, m);
		break;
	case CTLMSG_STDIO_FORWARD:
		open_stream(d, k, m);
		break;
	case CTLMSG_STOP:
		ctlserver_stop(&d->server);
		ctlserver_answer(k, &(struct ctlmsg){.type = CTLMSG_OK});
		break;
	case CTLMSG_INFO:
		answer_info(d, k, m);
		break;
	case CTLMSG_NEW_SESSION:
		refuse(k, "sally only forwards ports: it opens no session");
		break;
	case CTLMSG_PROXY:
		refuse(k, "sally only forwards ports: it proxies no connection");
		break;
	default:
		refuse(k, "unsupported request");
		break;
	}
}

/* --- ControlMaster ask --------------------------------------------------------------------------
 */

/* The question for a request, in ssh's words; false: it needs none. */
static bool question(const struct desk *d, const struct ctlmsg *m, char out[static QUESTION_TEXT])
{
	char what[FORWARD_SPEC_MAX] = "";
	struct forward_spec spec;

	switch (m->type) {
	case CTLMSG_TERMINATE:
		snprintf(out, QUESTION_TEXT, "Terminate shared connection to %s? ",
			d->settings->host_alias);
		return true;
	case CTLMSG_STOP:
		snprintf(out, QUESTION_TEXT,
			"Disable further multiplexing on shared connection to %s? ",
			d->settings->host_alias);
		return true;
	case CTLMSG_OPEN_FORWARD:
		if (ctlmsg_to_spec(m, &spec, NULL) == E_OK)
			forward_spec_print(&spec, what, sizeof(what));
		snprintf(out, QUESTION_TEXT, "Open %s forward %s on %s? ",
			m->kind == CTLMSG_REMOTE  ? "remote"
			: m->kind == CTLMSG_LOCAL ? "local"
						  : "dynamic",
			what, d->settings->host_alias);
		return true;
	case CTLMSG_STDIO_FORWARD:
		if (ctlmsg_to_target(m, &spec, NULL) == E_OK)
			forward_spec_print_target(&spec, what, sizeof(what));
		snprintf(out, QUESTION_TEXT, "Allow forward to %s? ", what);
		return true;
	default:
		return false;
	}
}

static void on_consent(void *ctx, const char *answer)
{
	struct desk *d = ctx;
	struct ctlclient *k = d->asker;

	d->asker = NULL;
	if (answer != NULL && (answer[0] == '\0' || strcasecmp(answer, "yes") == 0))
		serve(d, k, &d->wish);
	else
		deny(k);
}

/* Texts of the socket are made printable in a copy. */
static void ask_first(struct desk *d, struct ctlclient *k, const struct ctlmsg *m, const char *text)
{
	char shown[QUESTION_TEXT];

	text_printable(shown, sizeof(shown), bytes_str(text));
	d->wish = *m;
	if (d->asker != NULL || !bytes_to_cstr(m->listen, d->listen, sizeof(d->listen)) ||
		!bytes_to_cstr(m->connect, d->connect, sizeof(d->connect)) ||
		!ask_person(&d->ask, shown, true, on_consent, d)) {
		deny(k);
		return;
	}
	d->wish.listen = bytes_str(d->listen);
	d->wish.connect = bytes_str(d->connect);
	d->asker = k;
}

static void on_request(void *ctx, struct ctlclient *k, const struct ctlmsg *m, enum err known)
{
	struct desk *d = ctx;
	char text[QUESTION_TEXT];
	bool asks = d->settings->control_master == CONTROL_ASK ||
		    d->settings->control_master == CONTROL_AUTO_ASK;

	if (d->asker != NULL && asks && question(d, m, text))
		deny(k);
	else if (asks && question(d, m, text))
		ask_first(d, k, m, text);
	else
		serve(d, k, m);
}

static void on_gone(void *ctx, struct ctlclient *k)
{
	struct desk *d = ctx;

	if (d->asker == k) {
		ask_cancel(&d->ask);
		d->asker = NULL;
	}
	if (k->user != NULL) {
		piped_stop(k->user);
		free(k->user);
		k->user = NULL;
	}
	k->waits_for = NULL;
	k->watches = false;
}

/* --- life ---------------------------------------------------------------------------------------
 */

/* What waits for the relay waits for nothing any more, and streams were cut. */
void desk_on_down(struct desk *d)
{
	struct list *next;

	if (d->server.loop == NULL)
		return;
	for (struct list *n = d->server.clients.next; n != &d->server.clients; n = next) {
		struct ctlclient *k = list_entry(n, struct ctlclient, link);

		next = n->next;
		if (k->waits_for != NULL)
			say_down(d, k);
		else if (k->user != NULL)
			ctlserver_hang_up(k);
	}
}

enum err desk_init(struct desk *d, const struct client_settings *s, struct hub *hub,
	struct tunnel *tunnel, const struct herald *herald, void (*end)(void *ctx), void *ctx,
	struct fault *f)
{
	static const struct ctlserver_ops ops = {on_request, on_gone};
	enum err e;

	*d = (struct desk){.settings = s,
		.hub = hub,
		.tunnel = tunnel,
		.herald = herald,
		.end = end,
		.ctx = ctx};
	if (s->control_master == CONTROL_NO || s->control_path == NULL || s->stdio != NULL)
		return E_OK;
	e = ctlserver_open(&d->server, hub, s->control_path, &ops, d, f);
	if (e != E_OK) {
		d->server.loop = NULL;
		return e;
	}
	ask_init(&d->ask, hub->loop);
	uv_timer_init(hub->loop, &d->look);
	d->look.data = d;
	return E_OK;
}

void desk_close(struct desk *d)
{
	if (d->server.loop == NULL)
		return;
	ctlserver_close(&d->server);
	d->server.loop = NULL;
	uv_close((uv_handle_t *)&d->look, NULL);
}
