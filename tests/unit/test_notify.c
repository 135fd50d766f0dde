/* SPDX-License-Identifier: ISC */
#include "io/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

enum { TEXT = 256 };

static uv_loop_t loop;
static struct notify notify;

/* A manager of the kernel's choice of name, in the abstract namespace. */
static int manager_new(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(a);
	char name[sizeof(a.sun_path) + 1];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	REQUIRE(fd >= 0);
	REQUIRE_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a.sun_family)), 0);
	REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	snprintf(
		name, sizeof(name), "@%.*s", (int)(len - sizeof(a.sun_family) - 1), a.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void begin(void)
{
	REQUIRE_EQ(uv_loop_init(&loop), 0);
	notify_init(&notify, &loop);
}

static void end(void)
{
	notify_close(&notify);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
}

static void check_heard(int fd, const char *want)
{
	char text[TEXT] = "";
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	CHECK_STR(text, want);
}

TEST(notify_speaks_to_a_name_in_the_abstract_namespace)
{
	int fd = manager_new();

	begin();
	notify_send(&notify, "READY=1\nSTATUS=all is well");
	check_heard(fd, "READY=1\nSTATUS=all is well");
	end();
	close(fd);
}

TEST(notify_speaks_to_a_path)
{
	char folder[] = "/tmp/notify-XXXXXX", path[64];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	REQUIRE(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/socket", folder);
	strcpy(a.sun_path, path);
	REQUIRE_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	begin();
	notify_send(&notify, "STOPPING=1");
	check_heard(fd, "STOPPING=1");
	end();
	close(fd);
	unlink(path);
	rmdir(folder);
}

TEST(notify_leaves_nothing_to_children)
{
	int fd = manager_new();

	setenv("WATCHDOG_USEC", "100", 1);
	setenv("WATCHDOG_PID", "1", 1);
	begin();
	CHECK(getenv("NOTIFY_SOCKET") == NULL);
	CHECK(getenv("WATCHDOG_USEC") == NULL);
	CHECK(getenv("WATCHDOG_PID") == NULL);
	end();
	close(fd);
}

TEST(notify_without_a_manager_is_silent)
{
	static const char *const bad[] = {"", "relative", "/nonexistent/notify", "@", NULL};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (bad[i] != NULL)
			setenv("NOTIFY_SOCKET", bad[i], 1);
		begin();
		CHECK_EQ(notify.fd, -1);
		notify_send(&notify, "READY=1");
		end();
	}
}

static void on_time(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* Runs the loop for ten periods of the watchdog; how often it was heard. */
static unsigned signs(int fd, const char *pid)
{
	uv_timer_t timer;
	char text[TEXT];
	unsigned n = 0;

	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	begin();
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, on_time, 100, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	end();
	while (recv(fd, text, sizeof(text), 0) == 10 && memcmp(text, "WATCHDOG=1", 10) == 0)
		n++;
	return n;
}

TEST(notify_shows_signs_of_life_to_the_watchdog_that_means_us)
{
	int fd = manager_new();
	char own[TEXT];

	snprintf(own, sizeof(own), "%d", (int)getpid());
	CHECK_EQ(signs(fd, "1"), 0);
	close(fd);
	fd = manager_new();
	CHECK(signs(fd, own) >= 2);
	close(fd);
}
