/* SPDX-License-Identifier: ISC */
/*
 * One poll handle on the listening socket and one timer for the pause. The poll handle is armed
 * exactly while nobody wants a pause (neither the program nor a lack of descriptors). on_accept may
 * free the acceptor or take its socket: memory stays until libuv has let go of both handles, so
 * is_over is asked after each call.
 */
#include "io/accept.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SHORTAGE_PAUSE_MS = 1000, COMPLAIN_EVERY_MS = 60 * 1000 };

struct acceptor {
	uv_poll_t poll;
	uv_timer_t pause; /* runs while descriptors are short */
	unsigned handles; /* of the two, not closed yet */
	int fd;
	bool is_paused; /* by the program */
	bool is_over;
	bool has_complained;
	uint64_t complained_ms;
	accept_fn on_accept;
	accept_complain_fn complain;
	void *ctx;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void apply(struct acceptor *a)
{
	bool wanted = !a->is_paused && !uv_is_active((uv_handle_t *)&a->pause);

	if (a->is_over || wanted == (uv_is_active((uv_handle_t *)&a->poll) != 0))
		return;
	if (wanted)
		uv_poll_start(&a->poll, UV_READABLE, on_readable);
	else
		uv_poll_stop(&a->poll);
}

static void on_pause_over(uv_timer_t *timer)
{
	apply(timer->data);
}

static void complain(struct acceptor *a, int code)
{
	uint64_t now_ms = uv_now(a->poll.loop);
	char text[160];

	if (a->has_complained && now_ms - a->complained_ms < COMPLAIN_EVERY_MS)
		return;
	a->has_complained = true;
	a->complained_ms = now_ms;
	snprintf(text, sizeof(text), "accept: %s; new connections wait in the queue of the kernel",
		strerror(code));
	if (a->complain != NULL)
		a->complain(a->ctx, text);
}

/* Errors of the one connection that was about to be accepted: the next one may be fine. */
static bool is_of_the_visitor(int code)
{
	switch (code) {
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
	case EPERM: /* a firewall rule */
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

/* Whatever else fails would fail again at once: wait instead of spinning. */
static void rest(struct acceptor *a, int code)
{
	uv_timer_start(&a->pause, on_pause_over, SHORTAGE_PAUSE_MS, 0);
	apply(a);
	complain(a, code);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct acceptor *a = poll->data;

	for (unsigned i = 0; i < ACCEPT_A_TURN && !a->is_over && !a->is_paused; i++) {
		struct sock_addr peer = {.len = sizeof(peer.ss)};
		int fd = accept4(a->fd, (struct sockaddr *)&peer.ss, &peer.len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			a->on_accept(a->ctx, fd, &peer);
		} else if (errno == EAGAIN) {
			break;
		} else if (!is_of_the_visitor(errno)) {
			rest(a, errno);
			break;
		}
	}
	/* libuv disarms a handle when the socket reports an error of its own. */
	apply(a);
}

enum err acceptor_new(uv_loop_t *loop, int fd, accept_fn on_accept, accept_complain_fn complain_fn,
	void *ctx, struct acceptor **out)
{
	struct acceptor *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return E_NOMEM;
	a->fd = fd;
	a->on_accept = on_accept;
	a->complain = complain_fn;
	a->ctx = ctx;
	if (uv_poll_init(loop, &a->poll, fd) != 0) {
		free(a);
		return E_SYS;
	}
	uv_timer_init(loop, &a->pause); /* cannot fail */
	a->poll.data = a->pause.data = a;
	a->handles = 2;
	apply(a);
	*out = a;
	return E_OK;
}

void acceptor_pause(struct acceptor *a, bool is_paused)
{
	a->is_paused = is_paused;
	apply(a);
}

int acceptor_fd(const struct acceptor *a)
{
	return a->fd;
}

static void on_closed(uv_handle_t *handle)
{
	struct acceptor *a = handle->data;

	if (--a->handles == 0)
		free(a);
}

int acceptor_take(struct acceptor *a)
{
	assert(!a->is_over);
	a->is_over = true;
	uv_close((uv_handle_t *)&a->poll, on_closed);
	uv_close((uv_handle_t *)&a->pause, on_closed);
	return a->fd;
}

void acceptor_free(struct acceptor *a)
{
	if (a != NULL)
		close(acceptor_take(a));
}
