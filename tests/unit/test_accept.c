/* SPDX-License-Identifier: ISC */
#include "io/accept.h"

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { GUARD_MS = 10000, MANY = 3 * ACCEPT_A_TURN / 2 };

static uv_loop_t loop;
static uv_timer_t guard;
static struct acceptor *acceptor;
static struct sock_addr at;
static unsigned accepted, complaints;
static char complaint[256];
static bool frees_at_accept, takes_at_accept;
static int taken;

static void on_guard(uv_timer_t *t)
{
	FAIL("nothing happened for %d ms", GUARD_MS);
	uv_stop(&loop);
}

static void on_accept(void *ctx, int fd, const struct sock_addr *peer)
{
	CHECK(ctx == &loop);
	CHECK_EQ(peer->ss.ss_family, AF_INET);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	accepted++;
	close(fd);
	if (frees_at_accept)
		acceptor_free(acceptor);
	if (takes_at_accept)
		taken = acceptor_take(acceptor);
	uv_stop(&loop);
}

static void on_complaint(void *ctx, const char *sentence)
{
	complaints++;
	snprintf(complaint, sizeof(complaint), "%s", sentence);
	uv_stop(&loop);
}

static void begin(void)
{
	struct fault f = {0};
	int fd;

	accepted = complaints = 0;
	frees_at_accept = takes_at_accept = false;
	REQUIRE_EQ(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &guard);
	uv_timer_start(&guard, on_guard, GUARD_MS, 0);
	REQUIRE(sock_parse("127.0.0.1", 0, &at));
	REQUIRE_EQ(sock_listen(&at, &fd, &f), E_OK);
	REQUIRE_EQ(sock_local(fd, &at), E_OK);
	REQUIRE_EQ(acceptor_new(&loop, fd, on_accept, on_complaint, &loop, &acceptor), E_OK);
	CHECK_EQ(acceptor_fd(acceptor), fd);
}

static void end(void)
{
	uv_close((uv_handle_t *)&guard, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
}

static int visit(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	REQUIRE_EQ(connect(fd, (struct sockaddr *)&at.ss, at.len), 0);
	return fd;
}

TEST(accept_takes_a_bounded_number_a_turn)
{
	int fds[MANY];

	begin();
	for (unsigned i = 0; i < MANY; i++)
		fds[i] = visit();
	uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(accepted, ACCEPT_A_TURN);
	while (accepted < MANY)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(accepted, MANY);
	for (unsigned i = 0; i < MANY; i++)
		close(fds[i]);
	acceptor_free(acceptor);
	end();
}

TEST(accept_pause_lets_the_backlog_wait)
{
	int fd;

	begin();
	acceptor_pause(acceptor, true);
	fd = visit();
	uv_run(&loop, UV_RUN_NOWAIT);
	CHECK_EQ(accepted, 0);
	acceptor_pause(acceptor, false);
	uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(accepted, 1);
	close(fd);
	acceptor_free(acceptor);
	end();
}

TEST(accept_may_be_freed_by_its_own_callback)
{
	int fds[2];

	begin();
	frees_at_accept = true;
	fds[0] = visit();
	fds[1] = visit();
	uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(accepted, 1);
	close(fds[0]);
	close(fds[1]);
	end();
}

TEST(accept_gives_its_socket_away_alive)
{
	int first, second;

	begin();
	takes_at_accept = true;
	first = visit();
	second = visit();
	uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(accepted, 1);
	/* The second visitor waits in the backlog of the socket that moved. */
	takes_at_accept = false;
	REQUIRE_EQ(acceptor_new(&loop, taken, on_accept, NULL, &loop, &acceptor), E_OK);
	while (accepted < 2)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(accepted, 2);
	close(first);
	close(second);
	acceptor_free(acceptor);
	end();
}

/* The limit is put under the descriptors in use: each accept4 fails with EMFILE. */
TEST(accept_rests_when_descriptors_run_out)
{
	struct rlimit before, none;
	uint64_t start_ms;
	unsigned turns = 0;
	int fd;

	begin();
	fd = visit();
	/* libuv opens what it needs at its first turn, so let it have had one. */
	acceptor_pause(acceptor, true);
	uv_run(&loop, UV_RUN_NOWAIT);
	acceptor_pause(acceptor, false);
	REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(complaints, 1);
	CHECK_STR(complaint,
		"accept: Too many open files; new connections wait in the queue of the kernel");

	/* One more round with the shortage: no second complaint, and no spinning. */
	start_ms = uv_now(&loop);
	while (uv_now(&loop) - start_ms < 1000)
		turns++, uv_run(&loop, UV_RUN_ONCE);
	CHECK(turns <= 10); /* spinning would be thousands */
	CHECK_EQ(complaints, 1);
	CHECK_EQ(accepted, 0);
	REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (accepted == 0 && uv_now(&loop) - start_ms < GUARD_MS)
		uv_run(&loop, UV_RUN_ONCE);
	CHECK_EQ(accepted, 1);
	close(fd);
	acceptor_free(acceptor);
	end();
}
