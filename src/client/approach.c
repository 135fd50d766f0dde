/* SPDX-License-Identifier: ISC */
#include "client/approach.h"

#include <stdio.h>

#include "base/log.h"
#include "client/family.h"
#include "conf/expand.h"

enum { PORT_TEXT = 8 };

static void on_dialled(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	struct approach *a = ctx;

	a->dial = NULL;
	a->is_open = false;
	a->ops->done(a->ctx, fd, peer, f);
}

static void on_other(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	struct approach *a = ctx;

	a->is_open = false;
	a->ops->done(a->ctx, fd, peer, f);
}

static enum err dial(struct approach *a, struct hub *hub, const struct client_settings *s,
	uint64_t timeout_ms, struct fault *f)
{
	char port[PORT_TEXT];
	struct dial_options o = {.host = s->hostname,
		.port = port,
		.family = family_of(s),
		.bind_address = s->bind_address,
		.timeout_ms = timeout_ms};

	snprintf(port, sizeof(port), "%u", s->port);
	log_write(LOG_LEVEL_DEBUG1, "Connecting to %s port %s.", s->hostname, port);
	return dial_start(hub->loop, &o, on_dialled, a, &a->dial, f);
}

enum err approach_start(struct approach *a, struct hub *hub, const struct client_settings *s,
	struct conn *over, uint64_t timeout_ms, struct fault *f)
{
	enum err e;

	char line[EXPAND_MAX];

	if (s->proxy_command != NULL) {
		e = client_proxy_line(s, line, f);
		if (e == E_OK)
			e = proxycommand_start(hub->loop, line, s->proxy_fdpass, timeout_ms,
				on_other, a, &a->command, f);
	} else if (over != NULL)
		e = passage_start(
			over, s->hostname, s->port, timeout_ms, on_other, a, &a->passage, f);
	else
		e = dial(a, hub, s, timeout_ms, f);
	a->is_open = e == E_OK;
	return e;
}

bool approach_is_open(const struct approach *a)
{
	return a->is_open;
}

bool approach_is_indirect(const struct approach *a)
{
	return a->passage != NULL || a->command != NULL;
}

static void on_drained(void *ctx)
{
	struct approach *a = ctx;

	approach_end(a);
	a->ops->drained(a->ctx);
}

static void on_child_drained(void *ctx, const char *how)
{
	on_drained(ctx);
}

/* A child that has got the end of its input ends by itself, once it has passed everything on. */
bool approach_drain(struct approach *a)
{
	if (a->command != NULL) {
		a->is_open = false;
		proxycommand_await(a->command, on_child_drained);
		return true;
	}
	if (a->passage != NULL && passage_drain(a->passage, on_drained))
		return true;
	approach_end(a);
	return false;
}

static void on_child_ended(void *ctx, const char *how)
{
	struct approach *a = ctx;

	a->ended(a->ctx, how);
}

bool approach_await(struct approach *a, void (*ended)(void *ctx, const char *how))
{
	if (a->command == NULL)
		return false;
	a->ended = ended;
	proxycommand_await(a->command, on_child_ended);
	return true;
}

void approach_end(struct approach *a)
{
	dial_cancel(a->dial);
	passage_free(a->passage);
	proxycommand_free(a->command);
	a->dial = NULL;
	a->passage = NULL;
	a->command = NULL;
	a->is_open = false;
}
