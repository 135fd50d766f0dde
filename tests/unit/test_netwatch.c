/* SPDX-License-Identifier: ISC */
/* Changes of a real network, in a namespace of the test's own. */
#include "io/netwatch.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { GUARD_MS = 10000 };

static uv_loop_t loop;
static uv_timer_t guard;
static struct netwatch *watch;
static unsigned times;

static void on_guard(uv_timer_t *t)
{
	FAIL("nothing was told for %d ms", GUARD_MS);
	uv_stop(&loop);
}

static void on_back(void *ctx)
{
	CHECK(ctx == &loop);
	times++;
	uv_stop(&loop);
}

static void begin(void)
{
	struct fault f = {0};

	times = 0;
	REQUIRE_EQ(uv_loop_init(&loop), 0);
	uv_timer_init(&loop, &guard);
	REQUIRE_EQ(netwatch_new(&loop, on_back, &loop, &watch, &f), E_OK);
}

static void end(void)
{
	netwatch_free(watch);
	uv_close((uv_handle_t *)&guard, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
}

/* Once for all cases: what they do to the network is seen here only. */
static void enter_namespace(void)
{
	static bool is_inside;

	if (!is_inside && unshare(CLONE_NEWNET) != 0)
		SKIP("no network namespace of our own: %s", strerror(errno));
	is_inside = true;
	if (system("ip link set lo down") != 0)
		SKIP("there is no ip(8)");
}

static void change(const char *command)
{
	harness_note("%s", command);
	REQUIRE_EQ(system(command), 0);
}

static void wait_for_news(void)
{
	unsigned before = times;

	uv_timer_start(&guard, on_guard, GUARD_MS, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_timer_stop(&guard);
	CHECK_EQ(times, before + 1);
}

/* What the kernel has to say is in the socket when the command is done. */
static void hear_nothing(void)
{
	unsigned before = times;

	uv_run(&loop, UV_RUN_NOWAIT);
	CHECK_EQ(times, before);
}

TEST(netwatch_tells_of_a_link_that_comes_up)
{
	enter_namespace();
	begin();
	hear_nothing();
	change("ip link set lo up");
	wait_for_news();
	end();
}

TEST(netwatch_tells_of_new_addresses)
{
	enter_namespace();
	change("ip link set lo up");
	begin();
	change("ip addr add 10.9.9.1/32 dev lo");
	wait_for_news();
	change("ip addr add fd00:9::1/128 dev lo");
	wait_for_news();
	change("ip addr del 10.9.9.1/32 dev lo");
	hear_nothing();
	end();
}

TEST(netwatch_keeps_to_itself_what_goes_away)
{
	enter_namespace();
	change("ip link set lo up");
	begin();
	change("ip link set lo down");
	hear_nothing();
	end();
}

TEST(netwatch_waits_for_a_carrier)
{
	enter_namespace();
	if (system("ip link add v0 type veth peer name v1") != 0)
		SKIP("this kernel has no veth");
	begin();
	change("ip link set v0 up"); /* its peer is down */
	hear_nothing();
	change("ip link set v1 up");
	wait_for_news();
	change("ip link del v0");
	end();
}

/* Many addresses at once; a process for each would take long. */
static void change_many(const char *verb)
{
	char command[256];

	snprintf(command, sizeof(command),
		"for i in $(seq 1 800); do echo addr %s 10.8.$((i / 250)).$((i %% 250))/32 dev lo; "
		"done | ip -batch -",
		verb);
	change(command);
}

/* Of all that is told here nothing alone is good news. */
TEST(netwatch_tells_when_it_missed_something)
{
	enter_namespace();
	change("ip link set lo up");
	change_many("add");
	begin();
	change_many("del");
	wait_for_news();
	end();
}

TEST(netwatch_does_not_keep_the_loop_alive)
{
	begin();
	CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
	netwatch_free(NULL);
	end();
}
