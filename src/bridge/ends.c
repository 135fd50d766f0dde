/* SPDX-License-Identifier: ISC */
#include "bridge/ends.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/linger.h"
#include "io/sock.h"

/* What is to be put back, or -1. */
static int make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || (flags & O_NONBLOCK) != 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return -1;
	return flags;
}

static void put_back(int fd, int *flags)
{
	if (fd >= 0 && *flags >= 0)
		(void)fcntl(fd, F_SETFL, *flags);
	*flags = -1;
}

/* Files, and devices like the null one, cannot be waited for and need not be. */
static bool can_be_polled(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
}

static enum err watch_one(
	struct watch *w, bool *has_it, uv_loop_t *loop, int fd, uv_poll_cb on_event, void *data)
{
	enum err e;

	if (!can_be_polled(fd))
		return E_OK;
	e = watch_init(w, loop, fd, on_event, data);
	*has_it = e == E_OK;
	return e;
}

static enum err init_split(struct ends *e, uv_loop_t *loop, uv_poll_cb on_event, void *data)
{
	enum err result;

	/* Before libuv does it, and nobody knows any more what was there. */
	e->in_flags = make_nonblocking(e->in);
	e->out_flags = make_nonblocking(e->out);
	result = watch_one(&e->watch, &e->has_watch, loop, e->in, on_event, data);
	if (result == E_OK)
		result = watch_one(&e->out_watch, &e->has_out_watch, loop, e->out, on_event, data);
	e->is_always_readable = !e->has_watch;
	if (result == E_OK)
		return E_OK;
	put_back(e->out, &e->out_flags);
	put_back(e->in, &e->in_flags);
	return result;
}

enum err ends_init(
	struct ends *e, uv_loop_t *loop, int in, int out, uv_poll_cb on_event, void *data)
{
	enum err result;

	*e = (struct ends){.in = in, .out = out, .is_split = in != out};
	e->in_flags = e->out_flags = -1;
	if (e->is_split)
		return init_split(e, loop, on_event, data);
	result = watch_init(&e->watch, loop, in, on_event, data);
	e->has_watch = result == E_OK;
	return result;
}

void ends_note(struct ends *e, uv_poll_t *poll, int status, int events)
{
	watch_note(poll == &e->watch.poll ? &e->watch : &e->out_watch, status, events);
}

void ends_apply(struct ends *e, bool wants_read, bool wants_write)
{
	if (!e->is_split) {
		watch_apply(&e->watch, wants_read, wants_write);
		return;
	}
	if (e->has_watch)
		watch_apply(&e->watch, wants_read, false);
	if (e->has_out_watch && e->out >= 0)
		watch_apply(&e->out_watch, false, wants_write);
}

void ends_shut_output(struct ends *e)
{
	(void)shutdown(e->out, SHUT_WR); /* fails when nobody is there to be told, and for pipes */
	if (!e->is_split || e->out < 0)
		return;
	/* The handle itself is closed with all others. */
	if (e->has_out_watch)
		uv_poll_stop(&e->out_watch.poll);
	put_back(e->out, &e->out_flags);
	close(e->out);
	e->out = -1;
}

unsigned ends_let_go(struct ends *e, uv_close_cb on_closed)
{
	unsigned count = 0;

	if (e->has_watch) {
		uv_close((uv_handle_t *)&e->watch.poll, on_closed);
		count++;
	}
	if (e->has_out_watch) {
		uv_close((uv_handle_t *)&e->out_watch.poll, on_closed);
		count++;
	}
	e->has_watch = e->has_out_watch = false;
	return count;
}

static void close_split(struct ends *e)
{
	/* In this order: both may be the same file, whose flags were changed with the first. */
	put_back(e->out, &e->out_flags);
	put_back(e->in, &e->in_flags);
	if (e->out >= 0)
		close(e->out);
	close(e->in);
}

void ends_close(struct ends *e, struct hub *h, enum ends_manner manner)
{
	if (e->in < 0)
		return;
	if (e->is_split)
		close_split(e);
	else if (manner == ENDS_RESET)
		sock_reset(e->in);
	else if (manner == ENDS_PLAIN)
		close(e->in);
	else
		linger_close(h, e->in);
	e->in = e->out = -1;
}
