/* SPDX-License-Identifier: ISC */
#include "bridge/watch.h"

#include "harness.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static uv_loop_t loop;
static struct watch w;
static unsigned events;
static bool wants_read, wants_write;
static int ends[2];

static void on_event(uv_poll_t *poll, int status, int what)
{
	CHECK(poll->data == &events);
	events++;
	watch_note(&w, status, what);
	watch_apply(&w, wants_read, wants_write);
}

static void begin(void)
{
	events = 0;
	wants_write = false;
	wants_read = true;
	REQUIRE_EQ(uv_loop_init(&loop), 0);
	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	REQUIRE_EQ(watch_init(&w, &loop, ends[0], on_event, &events), E_OK);
}

static void end(void)
{
	uv_close((uv_handle_t *)&w.poll, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
	close(ends[0]);
	close(ends[1]);
}

static void rounds(unsigned n)
{
	while (n-- > 0)
		uv_run(&loop, UV_RUN_NOWAIT);
}

TEST(watch_does_not_spin_over_unread_bytes)
{
	begin();
	watch_apply(&w, true, false);
	rounds(3);
	CHECK_EQ(events, 0);
	CHECK(!w.is_readable);
	REQUIRE_EQ(write(ends[1], "abc", 3), 3);
	rounds(5);
	CHECK_EQ(events, 2); /* noted, and then muted */
	CHECK(w.is_readable && w.is_muted);
	/* A read that did not drain it leaves it muted: the reader knows that there is more. */
	watch_read(&w, false);
	watch_apply(&w, true, false);
	rounds(3);
	CHECK_EQ(events, 2);
	CHECK(w.is_readable);
	/* Drained: it is watched again. */
	watch_read(&w, true);
	watch_apply(&w, true, false);
	CHECK(!w.is_readable);
	rounds(1);
	CHECK_EQ(events, 3);
	CHECK(w.is_readable && !w.is_muted);
	end();
}

/* The usual course of a bulk stream: reported, read, reported again. Interest never changes. */
TEST(watch_stays_armed_while_it_is_served)
{
	begin();
	watch_apply(&w, true, false);
	REQUIRE_EQ(write(ends[1], "abc", 3), 3);
	for (unsigned i = 1; i <= 4; i++) {
		rounds(1);
		CHECK_EQ(events, i);
		CHECK(!w.is_muted);
		CHECK_EQ(w.armed, UV_READABLE);
		watch_read(&w, false);
		watch_apply(&w, true, false);
	}
	end();
}

TEST(watch_for_writing_only_while_it_is_wanted)
{
	begin();
	w.is_blocked = true;
	watch_apply(&w, false, false);
	rounds(2);
	CHECK_EQ(events, 0);
	wants_write = true;
	watch_apply(&w, false, true);
	rounds(1);
	CHECK_EQ(events, 1);
	CHECK(!w.is_blocked);
	CHECK(!w.is_readable);
	wants_write = false;
	watch_apply(&w, true, false);
	rounds(2);
	CHECK_EQ(events, 1);
	end();
}

/* libuv reports an error of the socket once and stops: it counts as readable and writable. */
TEST(watch_notes_a_failed_socket)
{
	begin();
	w.is_blocked = true;
	w.armed = UV_READABLE;
	watch_note(&w, UV_EBADF, 0);
	CHECK(w.has_failed && w.is_readable && !w.is_blocked);
	CHECK_EQ(w.armed, 0);
	watch_apply(&w, false, false);
	CHECK_EQ(w.armed, 0);
	end();
}

static void tcp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	events = 0;
	wants_read = wants_write = false;
	REQUIRE_EQ(uv_loop_init(&loop), 0);
	REQUIRE_EQ(bind(l, (struct sockaddr *)&a, len), 0);
	REQUIRE_EQ(listen(l, 1), 0);
	REQUIRE_EQ(getsockname(l, (struct sockaddr *)&a, &len), 0);
	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	REQUIRE_EQ(connect(ends[1], (struct sockaddr *)&a, len), 0);
	ends[0] = accept4(l, NULL, NULL, SOCK_NONBLOCK);
	close(l);
	REQUIRE_EQ(watch_init(&w, &loop, ends[0], on_event, &events), E_OK);
}

/* Nothing is wanted of the socket; bytes and an end wait unseen, and a reset is seen, once. */
TEST(watch_guards_an_idle_socket)
{
	struct linger now = {.l_onoff = 1};

	tcp();
	watch_apply(&w, false, false);
	REQUIRE_EQ(write(ends[1], "abc", 3), 3);
	rounds(3);
	CHECK_EQ(events, 0);
	setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(ends[1]);
	rounds(3);
	CHECK_EQ(events, 1);
	CHECK(w.has_failed);
	CHECK_EQ(watch_error(&w), ECONNRESET);
	ends[1] = -1;
	end();
}

TEST(watch_does_not_spin_over_urgent_data)
{
	tcp();
	watch_apply(&w, false, false);
	REQUIRE_EQ(send(ends[1], "!", 1, MSG_OOB), 1);
	rounds(5);
	CHECK_EQ(events, 1);
	CHECK(!w.has_failed && !w.is_readable);
	end();
}

TEST(watch_sees_the_end)
{
	begin();
	watch_apply(&w, true, false);
	shutdown(ends[1], SHUT_WR);
	rounds(1);
	CHECK(w.is_readable);
	end();
}
