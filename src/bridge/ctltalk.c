/* SPDX-License-Identifier: ISC */
#include "bridge/ctltalk.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/unixsock.h"

/* --- bytes --------------------------------------------------------------------------------------
 */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* until_ms 0: for ever. */
static enum err wait_for(int fd, short events, uint64_t until_ms, struct fault *f)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		uint64_t now = now_ms();
		int left = until_ms == 0 ? -1 : until_ms > now ? (int)(until_ms - now) : 0;
		int n = poll(&p, 1, left);

		if (n > 0)
			return E_OK;
		if (n == 0)
			return fault_set(f, E_TIMEOUT, 0, "it does not answer");
		if (errno != EINTR)
			return fault_set(f, E_SYS, (uint32_t)errno, "poll: %s", strerror(errno));
	}
}

static enum err closed(struct fault *f, int code)
{
	return fault_set(f, E_CLOSED, (uint32_t)code, "%s", strerror(code));
}

static enum err send_all(int fd, struct bytes data, uint64_t until_ms, struct fault *f)
{
	enum err e = E_OK;

	while (e == E_OK && data.len > 0) {
		ssize_t n = send(fd, data.ptr, data.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			e = wait_for(fd, POLLOUT, until_ms, f);
		else if (n < 0 && errno != EINTR)
			e = closed(f, errno);
		else if (n > 0)
			data = bytes_of(data.ptr + n, data.len - (size_t)n);
	}
	return e;
}

/* Until there are n bytes. */
static enum err fill(struct ctltalk *t, size_t n, uint64_t until_ms, struct fault *f)
{
	size_t have;

	while ((have = buf_bytes(&t->in).len) < n) {
		struct span room;
		enum err e = buf_reserve(&t->in, n - have, &room);
		ssize_t got;

		if (e != E_OK)
			return fault_set(f, e, 0, "%s", err_text(e));
		got = recv(t->fd, room.ptr, n - have, 0);
		if (got > 0)
			buf_commit(&t->in, (size_t)got);
		else if (got == 0)
			return closed(f, EPIPE);
		else if (errno == EAGAIN)
			e = wait_for(t->fd, POLLIN, until_ms, f);
		else if (errno != EINTR)
			return closed(f, errno);
		if (e != E_OK)
			return e;
	}
	return E_OK;
}

/* --- messages -----------------------------------------------------------------------------------
 */

static enum err send_message(
	struct ctltalk *t, const struct ctlmsg *m, uint64_t until_ms, struct fault *f)
{
	uint8_t mem[CTLMSG_SMALL];
	size_t len;
	enum err e = ctlmsg_write((struct span){mem, sizeof(mem)}, m, &len);

	return e == E_OK ? send_all(t->fd, bytes_of(mem, len), until_ms, f)
			 : fault_set(f, e, 0, "%s", err_text(e));
}

enum err ctltalk_hear(struct ctltalk *t, uint64_t timeout_ms, struct ctlmsg *m, struct fault *f)
{
	uint64_t until_ms = timeout_ms == 0 ? 0 : now_ms() + timeout_ms;
	size_t len = CTLMSG_HEAD;
	enum err e;

	buf_consume(&t->in, buf_bytes(&t->in).len); /* the one before */
	e = fill(t, CTLMSG_HEAD, until_ms, f);
	if (e == E_OK && ctlmsg_length(buf_bytes(&t->in), &len) != E_OK)
		e = fault_set(f, E_PROTO, 0, "it does not speak the multiplexing protocol");
	if (e == E_OK)
		e = fill(t, len, until_ms, f);
	if (e != E_OK)
		return e;
	e = ctlmsg_read(bytes_of(buf_bytes(&t->in).ptr + CTLMSG_HEAD, len - CTLMSG_HEAD), m);
	if (e == E_UNKNOWN)
		return fault_set(f, E_PROTO, 0, "unexpected response from master 0x%08x", m->type);
	if (e != E_OK)
		return fault_set(f, E_PROTO, 0, "its answer is malformed");
	if (m->type != CTLMSG_HELLO && m->id != t->id)
		return fault_set(
			f, E_PROTO, 0, "out of sequence reply: my id %u theirs %u", t->id, m->id);
	return E_OK;
}

enum err ctltalk_say(struct ctltalk *t, const struct ctlmsg *m, struct fault *f)
{
	struct ctlmsg with_id = *m;

	with_id.id = ++t->id;
	return send_message(t, &with_id, 0, f);
}

enum err ctltalk_ask(struct ctltalk *t, const struct ctlmsg *m, uint64_t timeout_ms,
	struct ctlmsg *answer, struct fault *f)
{
	enum err e = ctltalk_say(t, m, f);

	return e == E_OK ? ctltalk_hear(t, timeout_ms, answer, f) : e;
}

enum err ctltalk_pass(struct ctltalk *t, int fd, struct fault *f)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte = '\0';
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	enum err e = E_OK;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	while (e == E_OK && sendmsg(t->fd, &msg, MSG_NOSIGNAL) != 1) {
		if (errno == EAGAIN)
			e = wait_for(t->fd, POLLOUT, 0, f);
		else if (errno != EINTR)
			e = closed(f, errno);
	}
	return e;
}

/* --- life ---------------------------------------------------------------------------------------
 */

static enum err greet(struct ctltalk *t, uint64_t timeout_ms, struct fault *f)
{
	struct ctlmsg hello = {.type = CTLMSG_HELLO, .number = CTLMSG_VERSION}, theirs;
	enum err e = send_message(t, &hello, now_ms() + timeout_ms, f);

	if (e == E_OK)
		e = ctltalk_hear(t, timeout_ms, &theirs, f);
	if (e != E_OK)
		return e;
	if (theirs.type != CTLMSG_HELLO)
		return fault_set(
			f, E_PROTO, 0, "expected HELLO (%u) got %u", CTLMSG_HELLO, theirs.type);
	if (theirs.number != CTLMSG_VERSION)
		return fault_set(f, E_PROTO, 0,
			"Unsupported multiplexing protocol version %u (expected %u)", theirs.number,
			CTLMSG_VERSION);
	t->has_info = theirs.has_info;
	t->has_ours = theirs.has_ours;
	return E_OK;
}

enum err ctltalk_open(struct ctltalk *t, const char *path, uint64_t timeout_ms, struct fault *f)
{
	struct fault why = {0};
	enum err e;

	*t = (struct ctltalk){.fd = -1};
	buf_init(&t->in, CTLMSG_HEAD + CTLMSG_MAX);
	e = unixsock_connect(path, &t->fd, &why);
	if (e == E_LIMIT)
		return fault_set(f, e, why.code, "%s", why.text);
	if (e != E_OK)
		return fault_set(f, E_UNKNOWN, why.code, "%s", strerror((int)why.code));
	e = greet(t, timeout_ms, f);
	if (e != E_OK)
		ctltalk_close(t);
	return e;
}

void ctltalk_close(struct ctltalk *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	buf_fini(&t->in);
}
