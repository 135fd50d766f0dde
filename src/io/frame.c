/* SPDX-License-Identifier: ISC */
#include "io/frame.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUEUE_BYTES = 256 * 1024 }; /* in the kernel, a direction: some frames of any size */

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * FRAME_FDS_MAX) + CMSG_SPACE(sizeof(struct ucred))];
};

enum err frame_pair(int fd[static 2], struct fault *f)
{
	int bytes = QUEUE_BYTES, on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) != 0)
		return fault_set(f, E_SYS, (uint32_t)errno, "socketpair: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		(void)setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
		/* The kernel says with each frame whose it is. */
		if (setsockopt(fd[i], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0)
			continue;
		close(fd[0]);
		close(fd[1]);
		return fault_set(f, E_SYS, 0, "SO_PASSCRED is not to be had");
	}
	return E_OK;
}

/* --- sending ---------------------------------------------------------------------------------- */

static void put_fds(struct msghdr *m, union control *control, const struct frame *frame)
{
	size_t bytes = sizeof(int) * frame->fd_count;

	if (frame->fd_count == 0)
		return;
	memset(control, 0, sizeof(*control));
	m->msg_control = control;
	m->msg_controllen = CMSG_SPACE(bytes);
	control->head.cmsg_level = SOL_SOCKET;
	control->head.cmsg_type = SCM_RIGHTS;
	control->head.cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(&control->head), frame->fd, bytes);
}

enum err frame_send(int fd, const struct frame *frame)
{
	uint8_t head[FRAME_HEAD];
	union control control;
	struct iovec io[2] = {
		{.iov_base = head, .iov_len = sizeof(head)},
		{.iov_base = (void *)frame->payload.ptr, .iov_len = frame->payload.len},
	};
	struct msghdr m = {.msg_iov = io, .msg_iovlen = 2};
	ssize_t n;

	assert(frame->payload.len <= FRAME_PAYLOAD_MAX && frame->fd_count <= FRAME_FDS_MAX);
	store_be32(head, (uint32_t)frame->type << 16 | (uint32_t)frame->fd_count);
	store_be32(head + 4, (uint32_t)frame->payload.len);
	store_be64(head + 8, frame->number);
	put_fds(&m, &control, frame);
	do {
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return E_OK;
	if (errno == EAGAIN || errno == ENOBUFS)
		return E_AGAIN;
	return errno == EPIPE || errno == ECONNRESET ? E_CLOSED : E_SYS;
}

/* --- receiving -------------------------------------------------------------------------------- */

void frame_close_fds(struct frame *frame)
{
	for (size_t i = 0; i < frame->fd_count; i++)
		close(frame->fd[i]);
	frame->fd_count = 0;
}

static enum err check(const struct frame_kind *k, const struct frame *frame, struct fault *f)
{
	size_t len = frame->payload.len, fds = frame->fd_count;

	if (len < k->min || len > k->max)
		return fault_set(f, E_LIMIT, 0, "a frame of type %u with a payload of %zu bytes",
			frame->type, len);
	if (fds < k->fds_min || fds > k->fds_max)
		return fault_set(
			f, E_LIMIT, 0, "a frame of type %u with %zu descriptors", frame->type, fds);
	return E_OK;
}

enum err frame_parse(const struct frame_kinds *kinds, struct bytes message, size_t fds,
	struct frame *frame, struct fault *f)
{
	uint32_t head;
	uint16_t type;

	if (message.len < FRAME_HEAD)
		return fault_set(f, E_SHORT, 0, "a frame of %zu bytes", message.len);
	head = load_be32(message.ptr);
	type = (uint16_t)(head >> 16);
	if (type >= kinds->count || !kinds->kind[type].is_known)
		return fault_set(f, E_UNKNOWN, 0, "a frame of unknown type %u", type);
	frame->type = type;
	frame->number = load_be64(message.ptr + 8);
	frame->payload = bytes_of(message.ptr + FRAME_HEAD, message.len - FRAME_HEAD);
	frame->fd_count = fds;
	if ((head & 0xffff) != fds || load_be32(message.ptr + 4) != frame->payload.len)
		return fault_set(
			f, E_FORMAT, 0, "a frame of type %u that is not what it says", type);
	return check(&kinds->kind[type], frame, f);
}

/* Where no sender is told, more descriptors than a frame has come through: false, none is kept. */
static bool take_fds(const struct cmsghdr *c, struct frame *frame)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (frame->fd_count < FRAME_FDS_MAX)
			frame->fd[frame->fd_count++] = fd;
		else
			close(fd);
	}
	return count <= FRAME_FDS_MAX;
}

/* Descriptors into frame, the sender's number into *from. */
static bool take_control(struct msghdr *m, struct frame *frame, pid_t *from)
{
	bool fits = (m->msg_flags & MSG_CTRUNC) == 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct ucred cred;

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS) {
			fits = take_fds(c, frame) && fits;
		} else if (c->cmsg_type == SCM_CREDENTIALS &&
			   c->cmsg_len == CMSG_LEN(sizeof(cred))) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			*from = cred.pid;
		}
	}
	return fits;
}

enum err frame_recv(int fd, const struct frame_kinds *kinds, pid_t peer, uint8_t *room,
	struct frame *frame, struct fault *f)
{
	union control control;
	struct iovec io = {.iov_base = room, .iov_len = FRAME_MAX};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct frame got = {0};
	pid_t from = 0;
	unsigned resets = 0;
	ssize_t n;
	bool fits;
	enum err e;

	/* That it left without listening is said once, before what it said itself. */
	do {
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
	if (n < 0 && errno == EAGAIN)
		return E_AGAIN;
	if (n < 0)
		return fault_set(f, errno == ECONNRESET ? E_CLOSED : E_SYS, (uint32_t)errno,
			"frames: %s", strerror(errno));
	fits = take_control(&m, &got, &from) && (m.msg_flags & MSG_TRUNC) == 0;
	if (n == 0 && got.fd_count == 0)
		return fault_set(f, E_CLOSED, 0, "it is gone");
	if (!fits)
		e = fault_set(f, E_LIMIT, 0, "a frame that is too large");
	else if (peer != 0 && from != peer)
		e = fault_set(
			f, E_DENIED, 0, "a frame of process %ld, not %ld", (long)from, (long)peer);
	else
		e = frame_parse(kinds, bytes_of(room, (size_t)n), got.fd_count, &got, f);
	if (e != E_OK)
		frame_close_fds(&got);
	else
		*frame = got;
	return e;
}

/* --- without a loop --------------------------------------------------------------------------- */

static enum err wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return E_SYS;
	return E_OK;
}

enum err frame_wait(int fd, const struct frame_kinds *kinds, pid_t peer, uint8_t *room,
	struct frame *frame, struct fault *f)
{
	enum err e;

	while ((e = frame_recv(fd, kinds, peer, room, frame, f)) == E_AGAIN)
		if (wait_for(fd, POLLIN) != E_OK)
			return fault_set(f, E_SYS, (uint32_t)errno, "poll: %s", strerror(errno));
	return e;
}

enum err frame_send_all(int fd, const struct frame *frame)
{
	enum err e;

	while ((e = frame_send(fd, frame)) == E_AGAIN)
		if (wait_for(fd, POLLOUT) != E_OK)
			return E_SYS;
	return e;
}
