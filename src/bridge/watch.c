/* SPDX-License-Identifier: ISC */
/*
 * libuv removes and adds the descriptor at each change of interest, so changes are what is to be
 * avoided, and a comparison of flags is all that a turn in the usual course costs.
 */
#include "bridge/watch.h"

#include <errno.h>
#include <sys/socket.h>

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
		w->has_failed = w->is_unguarded = true;
		w->armed = 0;
		events = UV_READABLE | UV_WRITABLE;
	}
	if (events & UV_READABLE) {
		w->is_muted = w->is_unserved;
		w->is_readable = w->is_unserved = true;
	}
	if (events & UV_WRITABLE)
		w->is_blocked = false;
	/* Urgent data would be reported again and again until it is read past. */
	if (events & UV_PRIORITIZED)
		w->is_unguarded = true;
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

	/* Errors are always reported with whatever else is watched for; urgent data hardly ever
	 * comes. */
	if (want == 0 && !w->is_unguarded)
		want = UV_PRIORITIZED;
	if (want == w->armed)
		return;
	w->armed = want;
	if (want != 0)
		uv_poll_start(&w->poll, want, w->on_event);
	else
		uv_poll_stop(&w->poll);
}

int watch_error(const struct watch *w)
{
	uv_os_fd_t fd;
	int code = 0;
	socklen_t len = sizeof(code);

	if (uv_fileno((const uv_handle_t *)&w->poll, &fd) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0 || code == 0)
		return ECONNRESET; /* somebody asked before us, and this is what it mostly is */
	return code;
}
