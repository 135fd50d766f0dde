/* SPDX-License-Identifier: ISC */
#include "client/approach.h"

#include <stdio.h>

#include "base/log.h"
#include "client/family.h"

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

	if (over != NULL)
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

static void on_drained(void *ctx)
{
	struct approach *a = ctx;

	approach_end(a);
	a->ops->drained(a->ctx);
}

bool approach_drain(struct approach *a)
{
	if (a->passage != NULL && passage_drain(a->passage, on_drained))
		return true;
	approach_end(a);
	return false;
}

void approach_end(struct approach *a)
{
	dial_cancel(a->dial);
	passage_free(a->passage);
	a->dial = NULL;
	a->passage = NULL;
	a->is_open = false;
}
