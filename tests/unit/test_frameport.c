/* SPDX-License-Identifier: ISC */
#include "io/frameport.h"

#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

enum { WORD = 1, GIFT = 2 };

static const struct frame_kind table[] = {
	[WORD] = {.is_known = true, .max = FRAME_PAYLOAD_MAX},
	[GIFT] = {.is_known = true, .fds_min = 1, .fds_max = 1},
};
static const struct frame_kinds kinds = {table, sizeof(table) / sizeof(table[0])};

struct side {
	struct frameport *port;
	unsigned frames, overs, fds;
	uint64_t last;
	bool is_in_order, frees_itself;
	enum err why;
};

static void on_frame(void *ctx, struct frame *frame)
{
	struct side *s = ctx;

	s->is_in_order &= frame->number == s->last + 1;
	s->last = frame->number;
	s->frames++;
	s->fds += (unsigned)frame->fd_count;
	frame_close_fds(frame);
	if (s->frees_itself) {
		frameport_free(s->port);
		s->port = NULL;
	}
}

static void on_over(void *ctx, const struct fault *why)
{
	struct side *s = ctx;

	s->overs++;
	s->why = why->err;
}

static const struct frameport_ops ops = {on_frame, on_over};

static void start(uv_loop_t *loop, struct side *a, struct side *b)
{
	int fd[2];

	*a = *b = (struct side){.is_in_order = true};
	REQUIRE_EQ(uv_loop_init(loop), 0);
	REQUIRE_EQ(frame_pair(fd, NULL), E_OK);
	REQUIRE_EQ(frameport_new(loop, fd[0], &kinds, getpid(), &ops, a, &a->port), E_OK);
	REQUIRE_EQ(frameport_new(loop, fd[1], &kinds, getpid(), &ops, b, &b->port), E_OK);
}

static void finish(uv_loop_t *loop, struct side *a, struct side *b)
{
	frameport_free(a->port);
	frameport_free(b->port);
	uv_run(loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(loop), 0);
}

TEST(what_is_not_taken_at_once_waits_in_order)
{
	static uint8_t payload[FRAME_PAYLOAD_MAX];
	struct side a, b;
	uv_loop_t loop;

	start(&loop, &a, &b);
	for (uint64_t i = 1; i <= 100; i++) {
		struct frame f = {
			.type = WORD, .number = i, .payload = bytes_of(payload, sizeof(payload))};

		REQUIRE_EQ(frameport_send(a.port, &f), E_OK);
	}
	while (b.frames < 100)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK(b.is_in_order);
	CHECK_EQ(b.overs, 0);
	finish(&loop, &a, &b);
}

TEST(a_queue_has_an_end_and_descriptors_go_with_it)
{
	static uint8_t payload[FRAME_PAYLOAD_MAX];
	struct side a, b;
	struct frame f;
	uv_loop_t loop;
	unsigned sent = 0;
	enum err e;
	int probe = dup(STDERR_FILENO);

	close(probe);
	start(&loop, &a, &b);
	do {
		f = (struct frame){.type = WORD,
			.number = ++sent,
			.payload = bytes_of(payload, sizeof(payload))};
		e = frameport_send(a.port, &f);
	} while (e == E_OK && sent < 10000);
	CHECK_EQ(e, E_LIMIT);
	CHECK(sent > FRAMEPORT_QUEUE_MAX / FRAME_MAX);
	f = (struct frame){.type = GIFT, .fd = {dup(STDERR_FILENO)}, .fd_count = 1};
	probe = f.fd[0];
	CHECK_EQ(frameport_send(a.port, &f), E_OK); /* a small one has room still */
	finish(&loop, &a, &b);
	CHECK(dup2(STDERR_FILENO, probe) == probe && close(probe) == 0);
}

TEST(the_end_of_the_other_side_is_told_once_and_after_its_words)
{
	struct side a, b;
	struct frame f = {.type = GIFT, .number = 1, .fd = {dup(STDERR_FILENO)}, .fd_count = 1};
	uv_loop_t loop;

	start(&loop, &a, &b);
	REQUIRE_EQ(frameport_send(a.port, &f), E_OK);
	frameport_free(a.port);
	a.port = NULL;
	uv_run(&loop, UV_RUN_DEFAULT); /* dry: a deaf port does not keep the loop */
	CHECK_EQ(b.frames, 1);
	CHECK_EQ(b.fds, 1);
	CHECK_EQ(b.overs, 1);
	CHECK_EQ(b.why, E_CLOSED);
	f = (struct frame){.type = GIFT, .fd = {dup(STDERR_FILENO)}, .fd_count = 1};
	CHECK_EQ(frameport_send(b.port, &f), E_CLOSED);
	CHECK_EQ(f.fd_count, 0);
	finish(&loop, &a, &b);
}

TEST(nonsense_ends_it)
{
	struct side a, b;
	struct frame f = {.type = 9};
	uv_loop_t loop;

	start(&loop, &a, &b);
	REQUIRE_EQ(frameport_send(a.port, &f), E_OK);
	while (b.overs == 0)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(b.why, E_UNKNOWN);
	finish(&loop, &a, &b);
}

TEST(a_port_may_be_freed_while_it_speaks)
{
	struct side a, b;
	struct frame f = {.type = WORD, .number = 1};
	uv_loop_t loop;

	start(&loop, &a, &b);
	b.frees_itself = true;
	for (int i = 0; i < 3; i++)
		REQUIRE_EQ(frameport_send(a.port, &f), E_OK);
	while (a.overs == 0)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(b.frames, 1);
	finish(&loop, &a, &b);
}
