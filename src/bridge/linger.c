/* SPDX-License-Identifier: ISC */
#include "bridge/linger.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bridge/watch.h"

enum {
	DISCARD_PIECE = 16 * 1024,
	DISCARD_A_TURN = 32 /* pieces: one that floods us shall not hold the loop */
};

struct parting {
	struct list link; /* of the hub, in the order they came */
	struct hub *hub;
	struct watch watch;
	uv_timer_t timer;
	unsigned handles; /* not closed yet */
	unsigned steps;
	int fd, unsent;
};

/* True while the other side may still be reading what we sent and has not ended its direction. */
static bool discard(int fd)
{
	uint8_t piece[DISCARD_PIECE];
	ssize_t n = 1;

	for (unsigned i = 0; n > 0 && i < DISCARD_A_TURN; i++) {
		n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Bytes not acknowledged yet; 0 where that is not known. */
static int unsent(int fd)
{
	int n = 0;

	return ioctl(fd, SIOCOUTQ, &n) == 0 ? n : 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct parting *l = handle->data;

	if (--l->handles == 0)
		free(l);
}

static void end(struct parting *l)
{
	list_remove(&l->link);
	l->hub->lingers_now--;
	uv_close((uv_handle_t *)&l->watch.poll, on_closed);
	uv_close((uv_handle_t *)&l->timer, on_closed);
	close(l->fd);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct parting *l = poll->data;

	if (status < 0 || !discard(l->fd))
		end(l);
}

static void on_step(uv_timer_t *timer)
{
	struct parting *l = timer->data;
	int left = unsent(l->fd);

	if (left == 0 || left >= l->unsent || ++l->steps >= LINGER_STEPS_MAX) {
		end(l);
		return;
	}
	l->unsent = left;
	uv_timer_start(timer, on_step, LINGER_STEP_MS, 0);
}

void linger_close(struct hub *h, int fd)
{
	struct parting *l;

	if (shutdown(fd, SHUT_WR) != 0 || !discard(fd))
		goto close_now;
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		goto close_now;
	if (watch_init(&l->watch, h->loop, fd, on_readable, l) != E_OK) {
		free(l);
		goto close_now;
	}
	uv_timer_init(h->loop, &l->timer);
	l->timer.data = l;
	l->handles = 2;
	l->fd = fd;
	l->unsent = unsent(fd);
	l->hub = h;
	if (h->lingers_now == LINGER_MAX)
		end(list_entry(h->lingers.next, struct parting, link));
	list_append(&h->lingers, &l->link);
	h->lingers_now++;
	watch_apply(&l->watch, true, false);
	uv_timer_start(&l->timer, on_step, LINGER_STEP_MS, 0);
	return;
close_now:
	close(fd);
}

void linger_end_all(struct hub *h)
{
	while (!list_is_empty(&h->lingers))
		end(list_entry(h->lingers.next, struct parting, link));
}
