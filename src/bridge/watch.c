/* SPDX-License-Identifier: ISC */
/*
 * libuv removes and adds the descriptor at each change of interest, so changes are what is to be
 * avoided, and a comparison of flags is all that a turn in the usual course costs.
 */
#include "bridge/watch.h"

enum err watch_init(struct watch *w, uv_loop_t *loop, int fd, uv_poll_cb on_event, void *data)
{
	*w = (struct watch){.on_event = on_event};
	if (uv_poll_init(loop, &w->poll, fd) != 0)
		return E_SYS;
	w->poll.data = data;
	return E_OK;
}

void watch_note(struct watch *w, int status, int events)
{
	if (status < 0) {
		/* libuv stopped the handle. Whoever reads or writes next learns what it was. */
		w->has_failed = true;
		w->armed = 0;
		events = UV_READABLE | UV_WRITABLE;
	}
	if (events & UV_READABLE) {
		w->is_muted = w->is_unserved;
		w->is_readable = w->is_unserved = true;
	}
	if (events & UV_WRITABLE)
		w->is_blocked = false;
}

void watch_read(struct watch *w, bool is_drained)
{
	w->is_unserved = false;
	if (is_drained)
		w->is_readable = w->is_muted = false;
}

void watch_apply(struct watch *w, bool wants_read, bool wants_write)
{
	int want = (wants_read && !w->is_muted ? UV_READABLE : 0) | (wants_write ? UV_WRITABLE : 0);

	if (want == w->armed)
		return;
	w->armed = want;
	if (want != 0)
		uv_poll_start(&w->poll, want, w->on_event);
	else
		uv_poll_stop(&w->poll);
}
