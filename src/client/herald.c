/* SPDX-License-Identifier: ISC */
#include "client/herald.h"

#include <stdio.h>

enum { STATUS_TEXT = 1024 };

static const char *const words[] = {[HERALD_CONNECTING] = "connecting",
	[HERALD_UP] = "up",
	[HERALD_DOWN] = "down",
	[HERALD_ENDED] = "ended"};

/* The first one that is not up, for a line that has room for one. */
static const struct forward *first_refused(const struct forwards *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].state == FORWARD_REFUSED)
			return &f->items[i];
	return NULL;
}

static void up_text(const struct herald *h, char *out, size_t cap)
{
	const struct forwards *f = h->forwards;
	const struct forward *refused = first_refused(f);
	size_t up = forwards_count(f, FORWARD_UP) + locals_open_count(h->locals);
	size_t all = forwards_wanted(f) + locals_wanted(h->locals);

	if (refused == NULL)
		snprintf(out, cap, "connected to %s, %zu of %zu forwards up", h->settings->hostname,
			up, all);
	else
		snprintf(out, cap, "connected to %s, %zu of %zu forwards up, port %u refused%s%s",
			h->settings->hostname, up, all, refused->port,
			refused->reason[0] != '\0' ? ": " : "", refused->reason);
}

static void status_text(
	const struct herald *h, enum herald_state state, const char *reason, char *out, size_t cap)
{
	switch (state) {
	case HERALD_CONNECTING:
		snprintf(out, cap, "connecting to %s", h->settings->hostname);
		break;
	case HERALD_UP:
		up_text(h, out, cap);
		break;
	case HERALD_DOWN:
		snprintf(out, cap, "no connection to %s, trying again: %s", h->settings->hostname,
			reason);
		break;
	case HERALD_ENDED:
		snprintf(out, cap, "ended");
		break;
	}
}

static void tell_manager(struct herald *h, enum herald_state state, const char *reason)
{
	char status[STATUS_TEXT], text[STATUS_TEXT + 64];
	bool is_first = h->is_ready && !h->was_ready;

	status_text(h, state, reason, status, sizeof(status));
	snprintf(text, sizeof(text), "%s%sSTATUS=%s", is_first ? "READY=1\n" : "",
		state == HERALD_ENDED ? "STOPPING=1\n" : "", status);
	h->was_ready |= h->is_ready;
	notify_send(&h->notify, text);
}

const char *herald_word(enum herald_state state)
{
	return words[state];
}

static void keep(struct herald *h, enum herald_state state, const char *reason)
{
	time_t now = time(NULL);

	if (state != h->state)
		h->since = now;
	h->logins += state == HERALD_UP && h->state != HERALD_UP;
	if (state == HERALD_DOWN) {
		snprintf(h->last_error, sizeof(h->last_error), "%s", reason);
		h->last_error_at = now;
	}
	h->state = state;
	snprintf(h->reason, sizeof(h->reason), "%s", reason);
}

void herald_tell(struct herald *h, enum herald_state state, const char *reason)
{
	struct info_facts facts = {.state = words[state],
		.reason = reason,
		.is_ready = h->is_ready,
		.relay = h->settings->hostname,
		.relay_port = h->settings->port,
		.forwards = h->forwards,
		.locals = h->locals};

	keep(h, state, reason);
	tell_manager(h, state, reason);
	info_tell(&h->info, &facts);
}

void herald_ready(struct herald *h, bool is_ready)
{
	h->is_ready = is_ready;
}

void herald_forward_up(struct herald *h, const struct forward *one)
{
	hook_run(&h->hook, one);
}

enum err herald_init(struct herald *h, uv_loop_t *loop, const struct client_settings *s,
	const struct forwards *forwards, const struct locals *locals, struct fault *f)
{
	*h = (struct herald){
		.settings = s, .forwards = forwards, .locals = locals, .started = time(NULL)};
	h->since = h->started;
	notify_init(&h->notify, loop);
	hook_init(&h->hook, loop, s);
	return info_init(&h->info, s->forward_info, f);
}

void herald_close(struct herald *h)
{
	notify_close(&h->notify);
	hook_close(&h->hook);
	info_fini(&h->info);
}
