/* SPDX-License-Identifier: ISC */
/*
 * One message of the other process: its first byte says how many descriptors go along, the rest is
 * the message. It takes the real way through a pair of sockets. What is accepted fits the table;
 * and whatever happens, only the descriptors that were handed out stay open.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/frame.h"

enum { GIFTS_MAX = 12 };

static const struct frame_kind table[] = {
	[1] = {.is_known = true, .max = FRAME_PAYLOAD_MAX},
	[2] = {.is_known = true, .min = 4, .max = 64, .fds_min = 1, .fds_max = 1},
	[3] = {.is_known = true, .max = 8, .fds_min = 2, .fds_max = FRAME_FDS_MAX},
};
static const struct frame_kinds kinds = {table, sizeof(table) / sizeof(table[0])};

static bool send_message(int fd, const uint8_t *data, size_t size, unsigned fds)
{
	int gifts[GIFTS_MAX] = {0};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(gifts))];
	} control;
	struct iovec io = {(void *)data, size};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};

	memset(&control, 0, sizeof(control));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int) * fds);
	for (unsigned i = 0; i < fds; i++)
		gifts[i] = fd;
	memcpy(CMSG_DATA(&control.head), gifts, sizeof(int) * fds);
	if (fds > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
	}
	return sendmsg(fd, &m, 0) == (ssize_t)size;
}

/* The lowest number that is free shows whether something was left open. */
static int lowest(int any)
{
	int fd = fcntl(any, F_DUPFD, 0);

	close(fd);
	return fd;
}

static void judge(const struct frame *f, const uint8_t *room, size_t size, unsigned fds)
{
	PROMISE(f->type >= 1 && f->type <= 3);
	PROMISE(f->fd_count == fds);
	PROMISE(f->payload.ptr == room + FRAME_HEAD && f->payload.len + FRAME_HEAD == size);
	PROMISE(f->payload.len >= table[f->type].min && f->payload.len <= table[f->type].max);
	PROMISE(fds >= table[f->type].fds_min && fds <= table[f->type].fds_max);
	for (size_t i = 0; i < fds; i++)
		PROMISE(fcntl(f->fd[i], F_GETFD) == FD_CLOEXEC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[FRAME_MAX];
	struct fault why = {0};
	struct frame frame;
	unsigned fds;
	int fd[2], low;

	if (size < 2 || frame_pair(fd, NULL) != E_OK)
		return 0;
	fds = data[0] % (GIFTS_MAX + 1);
	low = lowest(fd[0]);
	if (send_message(fd[0], data + 1, size - 1, fds)) {
		enum err e = frame_recv(fd[1], &kinds, 0, room, &frame, &why);

		PROMISE(e != E_AGAIN);
		if (e == E_OK) {
			judge(&frame, room, size - 1, fds);
			frame_close_fds(&frame);
		} else {
			PROMISE(why.err == e && why.text[0] != '\0');
		}
	}
	PROMISE(lowest(fd[0]) == low);
	close(fd[0]);
	close(fd[1]);
	return 0;
}
