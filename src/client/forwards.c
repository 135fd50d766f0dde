/* SPDX-License-Identifier: ISC */
#include "client/forwards.h"

#include <stdio.h>

#include "base/log.h"
#include "forward/streamlocal.h"
#include "forward/tcpip.h"

enum { LISTEN_PAYLOAD_MAX = 4 + FORWARD_HOST_MAX + 4 };

void forwards_init(struct forwards *f, const struct forward_spec *specs, size_t count)
{
	*f = (struct forwards){.count = count};
	for (size_t i = 0; i < count; i++)
		f->items[i] = (struct forward){.spec = &specs[i], .port = specs[i].listen_port};
}

static bool is_path(const struct forward *one)
{
	return one->spec->listen_path[0] != '\0';
}

static enum err ask_path(struct forward *one, uint32_t token, struct mux *m)
{
	uint8_t payload[LISTEN_PAYLOAD_MAX];
	size_t len;
	enum err e = streamlocal_write_listen(
		(struct span){payload, sizeof(payload)}, bytes_str(one->spec->listen_path), &len);

	return e == E_OK ? mux_global(m, "streamlocal-forward@openssh.com", true,
				   bytes_of(payload, len), token)
			 : e;
}

static enum err ask_port(struct forward *one, uint32_t token, struct mux *m)
{
	uint8_t payload[LISTEN_PAYLOAD_MAX];
	struct tcpip_listen listen = {bytes_str(forward_spec_wire_bind(one->spec)), one->port};
	size_t len;
	enum err e = tcpip_write_listen((struct span){payload, sizeof(payload)}, &listen, &len);

	return e == E_OK ? mux_global(m, "tcpip-forward", true, bytes_of(payload, len), token) : e;
}

static enum err ask_one(struct forward *one, uint32_t token, struct mux *m)
{
	char what[FORWARD_SPEC_MAX];

	forward_spec_print(one->spec, what, sizeof(what));
	log_write(LOG_LEVEL_DEBUG1, "Remote connections forwarded to local address: %s", what);
	one->state = FORWARD_ASKED;
	return is_path(one) ? ask_path(one, token, m) : ask_port(one, token, m);
}

enum err forwards_ask(struct forwards *f, struct mux *m)
{
	enum err e = E_OK;

	for (size_t i = 0; e == E_OK && i < f->count; i++)
		if (f->items[i].state != FORWARD_UP && f->items[i].state != FORWARD_ASKED)
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

enum forwards_verdict forwards_on_reply(struct forwards *f, const struct mux_event *ev,
	const char *reason, enum forwards_manner manner, const struct forward **which)
{
	struct forward *one;

	if (ev->token >= f->count || f->items[ev->token].state != FORWARD_ASKED)
		return FORWARDS_NONE;
	*which = one = &f->items[ev->token];
	trace_reply(one, ev->is_ok);
	if (ev->is_ok && take_port(one, ev->data)) {
		one->state = FORWARD_UP;
		one->refusals = 0;
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
		f->items[i].state = FORWARD_WANTED;
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

bool forwards_are_answered(const struct forwards *f)
{
	return forwards_count(f, FORWARD_WANTED) + forwards_count(f, FORWARD_ASKED) == 0;
}

const struct forward *forwards_match(const struct forwards *f, struct bytes host, uint32_t port)
{
	const struct forward *only = NULL;
	unsigned same_port = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct forward *one = &f->items[i];

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

const struct forward *forwards_match_path(const struct forwards *f, struct bytes path)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct forward *one = &f->items[i];

		if (one->state == FORWARD_UP && is_path(one) &&
			bytes_is(path, one->spec->listen_path))
			return one;
	}
	return NULL;
}
