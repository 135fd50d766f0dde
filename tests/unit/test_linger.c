/* SPDX-License-Identifier: ISC */
/* The difference between close() and linger_close() as the other side sees it. */
#include "bridge/linger.h"

#include <poll.h>
#include <sys/resource.h>
#include "bridge_pair.h"

static void fill(int fd)
{
	static const uint8_t junk[1000];

	REQUIRE_EQ(write(fd, junk, sizeof(junk)), sizeof(junk));
}

static unsigned count(void)
{
	unsigned n = 0;

	for (struct list *l = pair.hub.lingers.next; l != &pair.hub.lingers; l = l->next)
		n++;
	return n;
}

TEST(linger_lets_the_other_side_read_to_the_end)
{
	for (unsigned i = 0; i < 2; i++) {
		bool lingers = i == 1;
		uint8_t mem[16];
		int fds[2];

		loop_begin();
		tcp_pair(fds);
		fill(fds[1]); /* input nobody reads */
		REQUIRE_EQ(write(fds[0], "bye", 3), 3);
		if (lingers)
			linger_close(&pair.hub, fds[0]);
		else
			close(fds[0]);
		CHECK_EQ(read(fds[1], mem, sizeof(mem)), 3);
		errno = 0;
		CHECK_EQ(read(fds[1], mem, sizeof(mem)), lingers ? 0 : -1);
		CHECK_EQ(errno, lingers ? 0 : ECONNRESET);
		if (lingers) {
			/* What comes is thrown away, and its end ends the waiting. */
			CHECK_EQ(count(), 1);
			fill(fds[1]);
			uv_run(&pair.loop, UV_RUN_NOWAIT);
			CHECK_EQ(count(), 1);
			shutdown(fds[1], SHUT_WR);
			RUN_UNTIL(count() == 0);
			CHECK_EQ(read(fds[1], mem, sizeof(mem)), 0);
		}
		close(fds[1]);
		loop_end();
	}
}

TEST(linger_closes_at_once_what_has_ended)
{
	int fds[2];

	loop_begin();
	tcp_pair(fds);
	shutdown(fds[1], SHUT_WR);
	linger_close(&pair.hub, fds[0]);
	CHECK_EQ(count(), 0);
	errno = 0;
	CHECK_EQ(fcntl(fds[0], F_GETFD), -1);
	CHECK_EQ(errno, EBADF);
	close(fds[1]);
	loop_end();
}

TEST(linger_does_not_wait_for_ever)
{
	int fds[2];
	uint64_t start_ms;

	loop_begin();
	tcp_pair(fds);
	start_ms = uv_now(&pair.loop);
	linger_close(&pair.hub, fds[0]);
	CHECK_EQ(count(), 1);
	RUN_UNTIL(count() == 0);
	CHECK(uv_now(&pair.loop) - start_ms < 2 * LINGER_STEP_MS);
	close(fds[1]);
	loop_end();
}

/* Others that do not go cost so many descriptors and no more. */
TEST(linger_lets_the_oldest_give_way)
{
	enum { MORE = 3 };
	static int theirs[LINGER_MAX + MORE];
	struct rlimit files;
	uint8_t byte;

	REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
	REQUIRE(files.rlim_max > 2 * LINGER_MAX + 64);
	loop_begin();
	for (unsigned i = 0; i < LINGER_MAX + MORE; i++) {
		int fds[2];

		tcp_pair(fds);
		theirs[i] = fds[1];
		linger_close(&pair.hub, fds[0]);
	}
	CHECK_EQ(count(), LINGER_MAX);
	CHECK_EQ(pair.hub.lingers_now, LINGER_MAX);
	/* Who writes to a socket that is closed is reset; one that lingers takes it. */
	for (unsigned i = 0; i < 2 * MORE; i++) {
		struct pollfd p = {.fd = theirs[i], .events = POLLRDHUP};

		REQUIRE_EQ(write(theirs[i], "x", 1), 1);
		REQUIRE_EQ(poll(&p, 1, 1000), 1);
		CHECK_EQ((p.revents & POLLERR) != 0, i < MORE);
	}
	REQUIRE_EQ(read(theirs[MORE], &byte, 1), 0);
	for (unsigned i = 0; i < LINGER_MAX + MORE; i++)
		close(theirs[i]);
	RUN_UNTIL(count() == 0);
	CHECK_EQ(pair.hub.lingers_now, 0);
	loop_end();
}

TEST(linger_ends_with_its_hub)
{
	int fds[2];

	loop_begin();
	tcp_pair(fds);
	linger_close(&pair.hub, fds[0]);
	CHECK_EQ(count(), 1);
	loop_end();
	CHECK_EQ(fcntl(fds[0], F_GETFD), -1);
	close(fds[1]);
}
