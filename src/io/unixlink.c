/* SPDX-License-Identifier: ISC */
#include "io/unixlink.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HANDLES = 2, READ_STEP = 4096 };

struct unixlink {
	int fd;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned open_handles;
	unixlink_framing framing;
	bool has_ended;
	unixlink_fn done; /* NULL: no request is open */
	void *ctx;
	struct span out; /* owned: the request */
	size_t sent;
	struct span in; /* owned: room for the answer */
	size_t got;
};

/* --- the end ------------------------------------------------------------------------------------
 */

static void on_handle_closed(uv_handle_t *handle)
{
	struct unixlink *l = handle->data;

	if (--l->open_handles > 0)
		return;
	close(l->fd);
	free(l->out.ptr);
	free(l->in.ptr);
	free(l);
}

void unixlink_free(struct unixlink *l)
{
	if (l == NULL)
		return;
	l->has_ended = true;
	l->done = NULL;
	uv_close((uv_handle_t *)&l->poll, on_handle_closed);
	uv_close((uv_handle_t *)&l->timer, on_handle_closed);
}

bool unixlink_has_ended(const struct unixlink *l)
{
	return l->has_ended;
}

/* The callback may free the link. */
static void finish(struct unixlink *l, enum err e, struct bytes answer, const struct fault *f)
{
	unixlink_fn done = l->done;

	uv_poll_stop(&l->poll);
	uv_timer_stop(&l->timer);
	l->done = NULL;
	if (e != E_OK)
		l->has_ended = true;
	done(l->ctx, e, answer, f);
}

static void fail(struct unixlink *l, enum err e, const char *why)
{
	struct fault f = {0};

	fault_set(&f, e, 0, "%s", why);
	finish(l, e, (struct bytes){0}, &f);
}

/* --- a request and its answer -------------------------------------------------------------------
 */

static bool make_room(struct unixlink *l, size_t want)
{
	uint8_t *bigger;

	if (want <= l->in.len)
		return true;
	bigger = realloc(l->in.ptr, want);
	if (bigger == NULL)
		return false;
	l->in = (struct span){bigger, want};
	return true;
}

/* True: go on. */
static bool take_answer(struct unixlink *l)
{
	struct bytes message;
	size_t want = 0;
	enum err e = l->framing(bytes_of(l->in.ptr, l->got), &message, &want);

	if (e == E_AGAIN) {
		if (want <= l->in.len || make_room(l, want))
			return true;
		e = E_NOMEM;
	}
	if (e == E_OK && l->got > (size_t)(message.ptr - l->in.ptr) + message.len)
		fail(l, E_PROTO, "it answered more than it was asked");
	else if (e == E_OK)
		finish(l, E_OK, message, NULL);
	else
		fail(l, e, e == E_LIMIT ? "its answer is too long" : err_text(e));
	return false;
}

static void receive(struct unixlink *l)
{
	for (;;) {
		ssize_t n = recv(l->fd, l->in.ptr + l->got, l->in.len - l->got, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			fail(l, E_SYS, strerror(errno));
		else if (n == 0)
			fail(l, E_CLOSED, "it closed the connection");
		if (n <= 0)
			return;
		l->got += (size_t)n;
		if (!take_answer(l))
			return;
	}
}

/* False: not all of it has left. */
static bool is_sent(struct unixlink *l)
{
	while (l->sent < l->out.len) {
		ssize_t n = send(l->fd, l->out.ptr + l->sent, l->out.len - l->sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			fail(l, E_SYS, strerror(errno));
			return false;
		}
		l->sent += (size_t)n;
	}
	return true;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct unixlink *l = poll->data;

	/* An error shows at the socket itself. */
	if (l->sent < l->out.len) {
		if (is_sent(l))
			uv_poll_start(poll, UV_READABLE, on_ready);
		return;
	}
	receive(l);
}

static void on_timeout(uv_timer_t *timer)
{
	fail(timer->data, E_TIMEOUT, "it does not answer");
}

enum err unixlink_ask(
	struct unixlink *l, struct bytes request, uint64_t timeout_ms, unixlink_fn done, void *ctx)
{
	uint8_t *copy;

	if (l->done != NULL || l->has_ended)
		return E_STATE;
	copy = malloc(request.len > 0 ? request.len : 1);
	if (copy == NULL || !make_room(l, READ_STEP)) {
		free(copy);
		return E_NOMEM;
	}
	memcpy(copy, request.ptr, request.len);
	free(l->out.ptr);
	l->out = (struct span){copy, request.len};
	l->sent = l->got = 0;
	l->done = done;
	l->ctx = ctx;
	uv_timer_start(&l->timer, on_timeout, timeout_ms, 0);
	uv_poll_start(&l->poll, UV_WRITABLE, on_ready);
	return E_OK;
}

/* --- the beginning ------------------------------------------------------------------------------
 */

static enum err connect_to(const char *path, int *fd, struct fault *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int code;

	if (!bytes_to_cstr(bytes_str(path), a.sun_path, sizeof(a.sun_path)))
		return fault_set(f, E_LIMIT, 0, "the path is too long for a socket");
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return fault_set(f, E_SYS, 0, "%s", strerror(errno));
	/* Done at once, or refused: also by a full backlog, for which nobody is woken (EAGAIN). */
	if (connect(*fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return E_OK;
	code = errno;
	close(*fd);
	return fault_set(f, E_UNKNOWN, (uint32_t)code, "%s", strerror(code));
}

enum err unixlink_new(uv_loop_t *loop, const char *path, unixlink_framing framing,
	struct unixlink **out, struct fault *f)
{
	struct unixlink *l = calloc(1, sizeof(*l));
	enum err e;

	*out = NULL;
	if (l == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	e = connect_to(path, &l->fd, f);
	if (e != E_OK) {
		free(l);
		return e;
	}
	if (uv_poll_init(loop, &l->poll, l->fd) != 0) {
		close(l->fd);
		free(l);
		return fault_set(f, E_SYS, 0, "the loop cannot watch it");
	}
	uv_timer_init(loop, &l->timer);
	l->framing = framing;
	l->poll.data = l->timer.data = l;
	l->open_handles = HANDLES;
	*out = l;
	return E_OK;
}
