/* SPDX-License-Identifier: ISC */
#include "client/forwards.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "forward/streamlocal.h"
#include "forward/tcpip.h"

enum { LISTEN_PAYLOAD_MAX = 4 + FORWARD_HOST_MAX + 4 };

void forwards_init(struct forwards *f, const struct forward_spec *specs, size_t count)
{
	*f = (struct forwards){.count = count};
	for (size_t i = 0; i < count; i++) {
		f->items[i] = (struct forward){.spec = &specs[i], .port = specs[i].listen_port};
		traffic_init(&f->items[i].traffic);
	}
}

static void forward_fini(struct forward *one)
{
	traffic_fini(&one->traffic);
	free(one->own);
}

void forwards_fini(struct forwards *f)
{
	for (size_t i = 0; i < f->count; i++)
		forward_fini(&f->items[i]);
	f->count = 0;
}

/* One whose visitors have gone, and whose number no answer comes back with any more. */
static struct forward *free_place(struct forwards *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct forward *one = &f->items[i];

		if (one->state == FORWARD_GONE && one->traffic.now == 0 && !one->is_awaited)
			return one;
	}
	return f->count < CLIENT_FORWARDS_MAX ? &f->items[f->count] : NULL;
}

enum err forwards_add(struct forwards *f, const struct forward_spec *spec, struct forward **out)
{
	struct forward *one = free_place(f);
	struct forward_spec *own = one != NULL ? malloc(sizeof(*own)) : NULL;

	if (own == NULL)
		return one == NULL ? E_LIMIT : E_NOMEM;
	*own = *spec;
	if (one == &f->items[f->count])
		f->count++;
	else
		forward_fini(one);
	*one = (struct forward){.spec = own, .own = own, .is_new = true, .port = own->listen_port};
	traffic_init(&one->traffic);
	*out = one;
	return E_OK;
}

struct forward *forwards_find(struct forwards *f, const struct forward_spec *spec)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].state != FORWARD_GONE &&
			forward_spec_is_same(f->items[i].spec, spec))
			return &f->items[i];
	return NULL;
}

void forwards_drop(struct forwards *f)
{
	for (size_t i = 0; i < f->count; i++)
		f->items[i].state = FORWARD_GONE;
}

static bool is_path(const struct forward *one)
{
	return one->spec->listen_path[0] != '\0';
}

/* A request about where it listens. */
static enum err send_listen(const struct forward *one, const char *path_name, const char *port_name,
	bool want_reply, uint32_t token, struct mux *m)
{
	uint8_t payload[LISTEN_PAYLOAD_MAX];
	struct span room = {payload, sizeof(payload)};
	struct tcpip_listen listen = {bytes_str(forward_spec_wire_bind(one->spec)), one->port};
	size_t len;
	enum err e = is_path(one) ? streamlocal_write_listen(
					    room, bytes_str(one->spec->listen_path), &len)
				  : tcpip_write_listen(room, &listen, &len);

	return e == E_OK ? mux_global(m, is_path(one) ? path_name : port_name, want_reply,
				   bytes_of(payload, len), token)
			 : e;
}

enum err forwards_send_cancel(const struct forward *one, struct mux *m)
{
	return send_listen(
		one, "cancel-streamlocal-forward@openssh.com", "cancel-tcpip-forward", false, 0, m);
}

enum err forwards_cancel(struct forward *one, struct mux *m)
{
	bool is_open = one->state == FORWARD_UP || one->state == FORWARD_ASKED;
	/* Which port it is comes with the answer only. */
	bool is_known = one->port != 0 || is_path(one);

	one->state = FORWARD_GONE;
	return m != NULL && is_open && is_known ? forwards_send_cancel(one, m) : E_OK;
}

static enum err ask_one(struct forward *one, uint32_t token, struct mux *m)
{
	char what[FORWARD_SPEC_MAX];

	forward_spec_print(one->spec, what, sizeof(what));
	log_write(LOG_LEVEL_DEBUG1, "Remote connections forwarded to local address: %s", what);
	one->state = FORWARD_ASKED;
	one->is_awaited = true;
	return send_listen(one, "streamlocal-forward@openssh.com", "tcpip-forward", true, token, m);
}

enum err forwards_ask(struct forwards *f, struct mux *m)
{
	enum err e = E_OK;

	for (size_t i = 0; e == E_OK && i < f->count; i++)
		if (f->items[i].state == FORWARD_WANTED || f->items[i].state == FORWARD_REFUSED)
			e = ask_one(&f->items[i], (uint32_t)i, m);
	return e;
}

static void trace_reply(const struct forward *one, bool is_ok)
{
	const struct forward_spec *s = one->spec;
	char target[FORWARD_SPEC_MAX];

	forward_spec_print_target(s, target, sizeof(target));
	log_write(LOG_LEVEL_DEBUG1, "remote forward %s for: listen %s%s%u, connect %s",
		is_ok ? "success" : "failure",
		is_path(one)  ? s->listen_path
		: s->has_bind ? s->bind
			      : "",
		is_path(one) || s->has_bind ? ":" : "", s->listen_port,
		s->is_socks ? "socks:0" : target);
}

/* The port a success is about. False: the relay kept to itself which one it chose. */
static bool take_port(struct forward *one, struct bytes data)
{
	uint32_t port;
	char target[FORWARD_SPEC_MAX];

	if (one->port != 0 || is_path(one))
		return true;
	if (tcpip_read_port(data, &port) != E_OK || port == 0)
		return false;
	one->port = (uint16_t)port;
	forward_spec_print_target(one->spec, target, sizeof(target));
	log_write(LOG_LEVEL_INFO, "Allocated port %u for remote forward to %s", port,
		one->spec->is_socks ? "socks:0" : target);
	return true;
}

void forwards_name(const struct forward *one, char *out, size_t cap)
{
	if (is_path(one))
		snprintf(out, cap, "path %s", one->spec->listen_path);
	else
		snprintf(out, cap, "port %u", one->port);
}

static void say_refusal(const struct forward *one, enum forwards_manner manner)
{
	enum log_level level = manner == FORWARDS_FATAL ? LOG_LEVEL_FATAL : LOG_LEVEL_INFO;

	char what[FORWARD_PATH_MAX + 8];

	forwards_name(one, what, sizeof(what));
	log_write(level, "%s: remote port forwarding failed for listen %s",
		manner == FORWARDS_FATAL ? "Error" : "Warning", what);
	if (one->reason[0] != '\0')
		log_write(level, "The relay says: %s", one->reason);
	if (manner == FORWARDS_RETRY)
		log_write(level, "%c%s is asked for again until the relay gives it.",
			what[0] - 'a' + 'A', what + 1);
}

/* The first refusal of a row and every one for another reason are told, the rest traced. */
static void refuse(struct forward *one, const char *reason, enum forwards_manner manner)
{
	bool is_news = one->refusals == 0 || strcmp(one->reason, reason) != 0;

	one->state = FORWARD_REFUSED;
	one->refusals++;
	snprintf(one->reason, sizeof(one->reason), "%s", reason);
	if (is_news)
		say_refusal(one, manner);
	if (one->spec->listen_port == 0 && one->port != 0 &&
		one->refusals >= FORWARDS_SAME_PORT_TRIES) {
		log_write(LOG_LEVEL_INFO,
			"Port %u stays refused: the relay is asked for any other port", one->port);
		one->port = 0;
	}
}

struct forward *forwards_asked(struct forwards *f, const struct mux_event *ev)
{
	struct forward *one = ev->token < f->count ? &f->items[ev->token] : NULL;

	return one != NULL && one->is_awaited ? one : NULL;
}

enum forwards_verdict forwards_on_reply(struct forwards *f, const struct mux_event *ev,
	const char *reason, enum forwards_manner manner, struct forward **which)
{
	struct forward *one = forwards_asked(f, ev);

	if (one == NULL)
		return FORWARDS_NONE;
	*which = one;
	one->is_awaited = false;
	if (one->state == FORWARD_GONE) {
		bool was_unknown = one->port == 0 && !is_path(one);

		return ev->is_ok && was_unknown && take_port(one, ev->data) ? FORWARDS_LEFT
									    : FORWARDS_NONE;
	}
	trace_reply(one, ev->is_ok);
	if (ev->is_ok && take_port(one, ev->data)) {
		one->state = FORWARD_UP;
		one->is_new = false;
		one->refusals = 0;
		snprintf(one->reason, sizeof(one->reason), "%s", reason != NULL ? reason : "");
	} else if (ev->is_ok) {
		refuse(one, "(nothing of which port it opened)", manner);
	} else {
		refuse(one, reason != NULL ? reason : "", manner);
	}
	if (forwards_are_answered(f))
		log_write(LOG_LEVEL_DEBUG1, "All remote forwarding requests processed");
	return one->state == FORWARD_UP ? FORWARDS_UP : FORWARDS_REFUSED;
}

void forwards_on_down(struct forwards *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (f->items[i].state != FORWARD_GONE)
			f->items[i].state = f->items[i].is_new ? FORWARD_GONE : FORWARD_WANTED;
		f->items[i].is_awaited = false;
		f->items[i].refusals = 0;
	}
}

size_t forwards_count(const struct forwards *f, enum forward_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		n += f->items[i].state == state;
	return n;
}

size_t forwards_wanted(const struct forwards *f)
{
	return f->count - forwards_count(f, FORWARD_GONE);
}

bool forwards_are_answered(const struct forwards *f)
{
	return forwards_count(f, FORWARD_WANTED) + forwards_count(f, FORWARD_ASKED) == 0;
}

struct forward *forwards_match(struct forwards *f, struct bytes host, uint32_t port)
{
	struct forward *only = NULL;
	unsigned same_port = 0;

	for (size_t i = 0; i < f->count; i++) {
		struct forward *one = &f->items[i];

		/* A port that is asked for may be open before the answer is here: answers have an
		 * order, and one before it may take its time. */
		if ((one->state != FORWARD_UP && one->state != FORWARD_ASKED) || one->port == 0 ||
			one->port != port || is_path(one))
			continue;
		if (bytes_is(host, forward_spec_wire_bind(one->spec)))
			return one;
		only = one;
		same_port++;
	}
	return same_port == 1 ? only : NULL;
}

struct forward *forwards_match_path(struct forwards *f, struct bytes path)
{
	for (size_t i = 0; i < f->count; i++) {
		struct forward *one = &f->items[i];

		if (one->state == FORWARD_UP && is_path(one) &&
			bytes_is(path, one->spec->listen_path))
			return one;
	}
	return NULL;
}
