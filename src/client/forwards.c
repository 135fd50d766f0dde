/* SPDX-License-Identifier: ISC */
#include "client/forwards.h"

#include "base/log.h"
#include "forward/tcpip.h"

enum { LISTEN_PAYLOAD_MAX = 4 + FORWARD_HOST_MAX + 4 };

void forwards_init(struct forwards *f, const struct forward_spec *specs, size_t count)
{
	*f = (struct forwards){.count = count};
	for (size_t i = 0; i < count; i++)
		f->items[i] = (struct forward){.spec = &specs[i], .port = specs[i].listen_port};
}

static enum err ask_one(const struct forward *one, uint32_t token, struct mux *m)
{
	uint8_t payload[LISTEN_PAYLOAD_MAX];
	const char *bind = forward_spec_wire_bind(one->spec);
	struct tcpip_listen listen = {bytes_str(bind), one->spec->listen_port};
	size_t len;
	enum err e = tcpip_write_listen((struct span){payload, sizeof(payload)}, &listen, &len);

	if (e != E_OK)
		return e;
	log_write(LOG_LEVEL_DEBUG1,
		"Remote connections from %s:%u forwarded to local address %s:%u", bind,
		one->spec->listen_port, one->spec->host, one->spec->port);
	return mux_global(m, "tcpip-forward", true, bytes_of(payload, len), token);
}

enum err forwards_ask(struct forwards *f, struct mux *m)
{
	enum err e = E_OK;

	for (size_t i = 0; e == E_OK && i < f->count; i++)
		e = ask_one(&f->items[i], (uint32_t)i, m);
	return e;
}

static void trace_reply(const struct forward *one, bool is_ok)
{
	const struct forward_spec *s = one->spec;

	log_write(LOG_LEVEL_DEBUG1, "remote forward %s for: listen %s%s%u, connect %s:%u",
		is_ok ? "success" : "failure", s->has_bind ? s->bind : "", s->has_bind ? ":" : "",
		s->listen_port, s->host, s->port);
}

/* The port a success is about. False: the relay kept to itself which one it chose. */
static bool take_port(struct forward *one, struct bytes data)
{
	uint32_t port;

	if (one->spec->listen_port != 0)
		return true;
	if (tcpip_read_port(data, &port) != E_OK || port == 0)
		return false;
	one->port = (uint16_t)port;
	log_write(LOG_LEVEL_INFO, "Allocated port %u for remote forward to %s:%u", port,
		one->spec->host, one->spec->port);
	return true;
}

static void say_refusal(const struct forward *one, const char *reason, bool is_fatal)
{
	enum log_level level = is_fatal ? LOG_LEVEL_FATAL : LOG_LEVEL_INFO;

	log_write(level, "%s: remote port forwarding failed for listen port %u",
		is_fatal ? "Error" : "Warning", one->spec->listen_port);
	if (reason != NULL && reason[0] != '\0')
		log_write(level, "The relay says: %s", reason);
}

bool forwards_on_reply(
	struct forwards *f, const struct mux_event *ev, const char *reason, bool is_fatal)
{
	struct forward *one;

	if (ev->token >= f->count || f->items[ev->token].state != FORWARD_WANTED)
		return true;
	one = &f->items[ev->token];
	trace_reply(one, ev->is_ok);
	f->answered++;
	one->state = FORWARD_REFUSED;
	if (ev->is_ok && take_port(one, ev->data))
		one->state = FORWARD_UP;
	else
		say_refusal(
			one, ev->is_ok ? "(nothing of which port it opened)" : reason, is_fatal);
	if (f->answered == f->count)
		log_write(LOG_LEVEL_DEBUG1, "All remote forwarding requests processed");
	return one->state == FORWARD_UP;
}

bool forwards_are_answered(const struct forwards *f)
{
	return f->answered == f->count;
}

const struct forward *forwards_match(const struct forwards *f, struct bytes host, uint32_t port)
{
	const struct forward *only = NULL;
	unsigned same_port = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct forward *one = &f->items[i];

		if (one->state != FORWARD_UP || one->port != port)
			continue;
		if (bytes_is(host, forward_spec_wire_bind(one->spec)))
			return one;
		only = one;
		same_port++;
	}
	return same_port == 1 ? only : NULL;
}
