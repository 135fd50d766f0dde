/* SPDX-License-Identifier: ISC */
/* Frames over a real pair of sockets, and messages that the other side made by hand. */
#include "io/frame.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { WORD = 1, GIFT = 2, GIFTS = 3, STRANGE = 4 };

static const struct frame_kind table[] = {
	[WORD] = {.is_known = true, .max = FRAME_PAYLOAD_MAX},
	[GIFT] = {.is_known = true, .min = 2, .max = 8, .fds_min = 1, .fds_max = 1},
	[GIFTS] = {.is_known = true, .max = 8, .fds_min = 1, .fds_max = FRAME_FDS_MAX},
};
static const struct frame_kinds kinds = {table, sizeof(table) / sizeof(table[0])};

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	REQUIRE(d != NULL);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static struct frame word(const char *text)
{
	return (struct frame){.type = WORD, .number = 7, .payload = bytes_str(text)};
}

/* By hand: whatever head, payload and descriptors. */
static void send_raw(int fd, const void *message, size_t len, unsigned fds)
{
	int gifts[64];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(gifts))];
	} control = {.head = {.cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS,
			     .cmsg_len = CMSG_LEN(sizeof(int) * fds)}};
	struct iovec io = {(void *)message, len};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};

	for (unsigned i = 0; i < fds; i++)
		gifts[i] = STDERR_FILENO;
	memcpy(CMSG_DATA(&control.head), gifts, sizeof(int) * fds);
	if (fds > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * fds);
	}
	REQUIRE_EQ(sendmsg(fd, &m, 0), (ssize_t)len);
}

static size_t head(uint8_t *out, unsigned type, unsigned fds, uint32_t len)
{
	store_be32(out, type << 16 | fds);
	store_be32(out + 4, len);
	store_be64(out + 8, 1);
	return FRAME_HEAD;
}

TEST(a_frame_comes_as_it_was_sent)
{
	static uint8_t room[FRAME_MAX];
	struct frame out = word("hello"), in;
	int fd[2];

	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	CHECK_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_AGAIN);
	REQUIRE_EQ(frame_send(fd[0], &out), E_OK);
	REQUIRE_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_OK);
	CHECK_EQ(in.type, WORD);
	CHECK_EQ(in.number, 7);
	CHECK_BYTES(in.payload, bytes_str("hello"));
	CHECK_EQ(in.fd_count, 0);
	close(fd[0]);
	CHECK_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_CLOSED);
	CHECK_EQ(frame_send(fd[1], &out), E_CLOSED);
	close(fd[1]);
}

/* The kernel tells of it first, and of what was said before it second. */
TEST(last_words_are_heard_of_who_left_without_listening)
{
	static uint8_t room[FRAME_MAX];
	struct frame out = word("x"), in;
	int fd[2];

	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	REQUIRE_EQ(frame_send(fd[0], &out), E_OK);
	REQUIRE_EQ(frame_send(fd[1], &out), E_OK);
	close(fd[1]);
	REQUIRE_EQ(frame_recv(fd[0], &kinds, 0, room, &in, NULL), E_OK);
	CHECK_BYTES(in.payload, bytes_str("x"));
	CHECK_EQ(frame_recv(fd[0], &kinds, 0, room, &in, NULL), E_CLOSED);
	close(fd[0]);
}

TEST(the_largest_frame_fits_and_a_queue_has_an_end)
{
	static uint8_t room[FRAME_MAX], payload[FRAME_PAYLOAD_MAX];
	struct frame out = {.type = WORD, .payload = bytes_of(payload, sizeof(payload))}, in;
	unsigned sent = 0;
	enum err e;
	int fd[2];

	memset(payload, 'x', sizeof(payload));
	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	while ((e = frame_send(fd[0], &out)) == E_OK && sent < 1000)
		sent++;
	CHECK_EQ(e, E_AGAIN);
	CHECK(sent >= 2);
	for (; sent > 0; sent--) {
		REQUIRE_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_OK);
		CHECK_BYTES(in.payload, out.payload);
	}
	CHECK_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_AGAIN);
	CHECK_EQ(frame_send(fd[0], &out), E_OK);
	close(fd[0]);
	close(fd[1]);
}

TEST(descriptors_go_along_and_are_closed_at_exec)
{
	static uint8_t room[FRAME_MAX];
	struct frame out = {.type = GIFTS, .fd_count = 2}, in;
	int fd[2], pipes[2];
	char byte = 0;

	REQUIRE_EQ(pipe(pipes), 0);
	out.fd[0] = pipes[0];
	out.fd[1] = pipes[1];
	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	REQUIRE_EQ(frame_send(fd[0], &out), E_OK);
	close(pipes[0]);
	close(pipes[1]);
	REQUIRE_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_OK);
	REQUIRE_EQ(in.fd_count, 2);
	CHECK_EQ(fcntl(in.fd[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(write(in.fd[1], "x", 1), 1);
	CHECK_EQ(read(in.fd[0], &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	frame_close_fds(&in);
	CHECK_EQ(in.fd_count, 0);
	close(fd[0]);
	close(fd[1]);
}

/* Each is refused with its own error, and whatever descriptors came along are closed. */
TEST(what_does_not_fit_the_table_leaves_no_descriptor)
{
	static const struct {
		unsigned type, said_fds, fds;
		uint32_t said_len, len;
		enum err want;
	} bad[] = {
		{WORD, 0, 1, 0, 0, E_FORMAT},
		{WORD, 1, 1, 0, 0, E_LIMIT},
		{GIFT, 1, 0, 2, 2, E_FORMAT},
		{GIFT, 0, 0, 2, 2, E_LIMIT},
		{GIFT, 2, 2, 2, 2, E_LIMIT},
		{GIFT, 1, 1, 1, 1, E_LIMIT},
		{GIFT, 1, 1, 9, 9, E_LIMIT},
		{GIFT, 1, 1, 3, 2, E_FORMAT},
		{GIFTS, 9, 9, 0, 0, E_LIMIT},
		{GIFTS, 60, 60, 0, 0, E_LIMIT},
		{STRANGE, 0, 0, 0, 0, E_UNKNOWN},
		{0, 3, 3, 0, 0, E_UNKNOWN},
		{0xffff, 1, 1, 0, 0, E_UNKNOWN},
	};
	static uint8_t room[FRAME_MAX];
	uint8_t message[64] = {0};
	unsigned before;
	int fd[2];

	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	before = descriptors();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault f = {0};
		struct frame in;
		size_t n = head(message, bad[i].type, bad[i].said_fds, bad[i].said_len);

		harness_note("row %zu", i);
		send_raw(fd[0], message, n + bad[i].len, bad[i].fds);
		CHECK_EQ(frame_recv(fd[1], &kinds, 0, room, &in, &f), bad[i].want);
		CHECK(f.text[0] != '\0');
		CHECK_EQ(descriptors(), before);
	}
	close(fd[0]);
	close(fd[1]);
}

TEST(a_cut_head_and_a_message_beyond_the_limit)
{
	static uint8_t room[FRAME_MAX], message[FRAME_MAX + 1];
	struct frame in;
	int fd[2];

	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	send_raw(fd[0], message, FRAME_HEAD - 1, 1);
	CHECK_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_SHORT);
	head(message, WORD, 0, FRAME_PAYLOAD_MAX);
	send_raw(fd[0], message, sizeof(message), 0);
	CHECK_EQ(frame_recv(fd[1], &kinds, 0, room, &in, NULL), E_LIMIT);
	close(fd[0]);
	close(fd[1]);
}

TEST(another_process_is_not_listened_to)
{
	static uint8_t room[FRAME_MAX];
	struct frame out = word("x"), in;
	struct fault f = {0};
	int fd[2];
	pid_t pid;

	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	REQUIRE_EQ(frame_send(fd[0], &out), E_OK);
	CHECK_EQ(frame_recv(fd[1], &kinds, getpid(), room, &in, NULL), E_OK);
	fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(frame_send(fd[0], &out) == E_OK ? 0 : 1);
	REQUIRE_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(frame_recv(fd[1], &kinds, getpid(), room, &in, &f), E_DENIED);
	CHECK(strstr(f.text, "a frame of process ") != NULL);
	close(fd[0]);
	close(fd[1]);
}

TEST(without_a_loop_one_waits)
{
	static uint8_t room[FRAME_MAX];
	struct frame out = word("question"), in;
	int fd[2], status = -1;
	pid_t pid;

	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		if (frame_wait(fd[1], &kinds, 0, room, &in, NULL) != E_OK)
			_exit(1);
		_exit(frame_send_all(fd[1], &in) == E_OK ? 0 : 2);
	}
	close(fd[1]);
	REQUIRE_EQ(frame_send_all(fd[0], &out), E_OK);
	REQUIRE_EQ(frame_wait(fd[0], &kinds, 0, room, &in, NULL), E_OK);
	CHECK_BYTES(in.payload, bytes_str("question"));
	CHECK_EQ(frame_wait(fd[0], &kinds, 0, room, &in, NULL), E_CLOSED);
	REQUIRE_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	close(fd[0]);
}
