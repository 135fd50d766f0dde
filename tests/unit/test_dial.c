/* SPDX-License-Identifier: ISC */
/*
 * Real sockets on loopback; names only from the hosts file. What a dial does when it is cancelled
 * at each of its steps is seen by the loop: it must run empty and close.
 */
#include "io/dial.h"

#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GUARD_MS = 20000 };

static uv_loop_t loop;
static unsigned calls;
static int got;
static struct sock_addr got_peer;
static struct fault why;

typedef int (*getaddrinfo_fn)(
	const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Stands in front of libc's: both.test is ::1 and then 127.0.0.1. */
int getaddrinfo(const char *restrict host, const char *restrict port,
	const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
	getaddrinfo_fn real = (getaddrinfo_fn)(uintptr_t)dlsym(RTLD_NEXT, "getaddrinfo");
	int status;

	if (host == NULL || strcmp(host, "both.test") != 0)
		return real(host, port, hints, list);
	status = real("::1", port, hints, list);
	return status != 0 ? status : real("127.0.0.1", port, hints, &(*list)->ai_next);
}

static void on_done(void *ctx, int fd, const struct sock_addr *peer, const struct fault *f)
{
	calls++;
	CHECK(ctx == &loop);
	got = fd;
	CHECK((fd >= 0) == (peer != NULL));
	CHECK((fd >= 0) == (f == NULL));
	if (peer != NULL)
		got_peer = *peer;
	if (f != NULL)
		why = *f;
}

static void begin(void)
{
	calls = 0;
	got = -1;
	why = (struct fault){0};
	REQUIRE_EQ(uv_loop_init(&loop), 0);
}

static void end(void)
{
	if (got >= 0)
		close(got);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(uv_loop_close(&loop), 0);
}

static struct dial *start(struct dial_options o)
{
	struct fault f = {0};
	struct dial *d = NULL;

	REQUIRE_EQ(dial_start(&loop, &o, on_done, &loop, &d, &f), E_OK);
	CHECK_EQ(calls, 0); /* never before it returns */
	return d;
}

/* Runs to the answer. The loop has nothing else, so it ends when the dial lets go of everything. */
static void dial(struct dial_options o)
{
	start(o);
	uv_run(&loop, UV_RUN_DEFAULT);
	CHECK_EQ(calls, 1);
}

static int listener(const char *host, char port[8])
{
	struct sock_addr a;
	struct fault f = {0};
	int fd = -1;

	REQUIRE(sock_parse(host, 0, &a));
	REQUIRE_EQ(sock_listen(&a, &fd, &f), E_OK);
	REQUIRE_EQ(sock_local(fd, &a), E_OK);
	snprintf(port, 8, "%u", sock_port(&a));
	return fd;
}

/* A port where nobody listens: bound, so that no one else gets it, and never listened on. */
static int deaf(const char *host, char port[8])
{
	struct sock_addr a;
	int fd;

	REQUIRE(sock_parse(host, 0, &a));
	fd = socket(a.ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	REQUIRE_EQ(bind(fd, (struct sockaddr *)&a.ss, a.len), 0);
	REQUIRE_EQ(sock_local(fd, &a), E_OK);
	snprintf(port, 8, "%u", sock_port(&a));
	return fd;
}

TEST(dial_reaches_a_number)
{
	char port[8], text[SOCK_TEXT_MAX], want[SOCK_TEXT_MAX];
	int l, fd;

	begin();
	l = listener("127.0.0.1", port);
	dial((struct dial_options){.host = "127.0.0.1", .port = port});
	REQUIRE(got >= 0);
	CHECK((fcntl(got, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(got, F_GETFD) & FD_CLOEXEC) != 0);
	snprintf(want, sizeof(want), "127.0.0.1:%s", port);
	sock_text(&got_peer, text);
	CHECK_STR(text, want);
	fd = accept(l, NULL, NULL);
	CHECK(fd >= 0);
	close(fd);
	close(l);
	end();
}

TEST(dial_finds_the_family_that_listens)
{
	static const char *const hosts[] = {"127.0.0.1", "::1"};

	for (unsigned i = 0; i < 2; i++) {
		char port[8], text[SOCK_TEXT_MAX];
		int l;

		if (i == 1 && sock_family_is_absent(AF_INET6))
			break;
		begin();
		l = listener(hosts[i], port);
		dial((struct dial_options){.host = "both.test", .port = port});
		CHECK(got >= 0);
		sock_host(&got_peer, text);
		CHECK_STR(text, hosts[i]);
		close(l);
		end();
	}
}

TEST(dial_keeps_to_the_family_it_is_told)
{
	char port[8], want[128];
	int l;

	begin();
	l = listener("127.0.0.1", port);
	dial((struct dial_options){.host = "127.0.0.1", .port = port, .family = AF_INET6});
	CHECK_EQ(got, -1);
	snprintf(want, sizeof(want),
		"Could not resolve hostname 127.0.0.1: "
		"Address family for hostname not supported");
	CHECK_STR(why.text, want);
	close(l);
	end();
}

TEST(dial_tells_a_refusal_in_the_words_of_ssh)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "both.test"};

	for (unsigned i = 0; i < 3; i++) {
		char port[8], want[128];
		int l;

		begin();
		l = deaf("127.0.0.1", port);
		dial((struct dial_options){.host = hosts[i], .port = port});
		CHECK_EQ(got, -1);
		snprintf(want, sizeof(want), "connect to host %s port %s: Connection refused",
			hosts[i], port);
		CHECK_STR(why.text, want);
		CHECK_EQ(why.code, ECONNREFUSED);
		close(l);
		end();
	}
}

/* RFC 6761 6.4: nobody knows a name under .invalid; the hosts file is asked first all the same. A
 * machine without any name server says "Temporary failure" in place of the usual words. */
TEST(dial_tells_a_name_that_does_not_exist)
{
	static const char head[] = "Could not resolve hostname no-such-host.invalid: ";

	begin();
	setenv("RES_OPTIONS", "attempts:1 timeout:1", 1);
	dial((struct dial_options){.host = "no-such-host.invalid", .port = "22"});
	CHECK_EQ(got, -1);
	CHECK_EQ(why.code, 0);
	CHECK_MEM(why.text, strlen(head), head);
	CHECK_STR(strchr(why.text, ':') == NULL ? "" : strrchr(why.text, ':') + 2,
		strstr(why.text, "Temporary") != NULL ? "Temporary failure in name resolution"
						      : "Name or service not known");
	end();
}

TEST(dial_refuses_names_that_cannot_be)
{
	char host[2000], port[64];
	struct dial_options o = {.host = host, .port = "22"};
	struct fault f = {0};
	struct dial *d = NULL;

	begin();
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	CHECK_EQ(dial_start(&loop, &o, on_done, &loop, &d, &f), E_LIMIT);
	host[500] = '\0';
	f = (struct fault){0};
	CHECK(dial_start(&loop, &o, on_done, &loop, &d, &f) != E_OK);
	CHECK(f.err != E_OK);
	memset(port, '1', sizeof(port) - 1);
	port[sizeof(port) - 1] = '\0';
	o = (struct dial_options){.host = "::1", .port = port};
	CHECK_EQ(dial_start(&loop, &o, on_done, &loop, &d, &f), E_LIMIT);
	CHECK_EQ(calls, 0);
	end();
}

TEST(dial_knows_service_names)
{
	begin();
	dial((struct dial_options){.host = "127.0.0.1", .port = "no-such-service"});
	CHECK_EQ(got, -1);
	CHECK_STR(why.text,
		"Could not resolve hostname 127.0.0.1: Servname not supported for ai_socktype");
	end();
}

TEST(dial_binds_to_an_address)
{
	static const char *const from[] = {"127.0.0.2", "localhost"};
	static const char *const want[] = {"127.0.0.2", "127.0.0.1"};

	for (unsigned i = 0; i < 2; i++) {
		char port[8], text[SOCK_TEXT_MAX];
		struct sock_addr mine;
		int l;

		begin();
		l = listener("127.0.0.1", port);
		dial((struct dial_options){.host = "127.0.0.1",
			.port = port,
			.family = AF_INET,
			.bind_address = from[i]});
		REQUIRE(got >= 0);
		REQUIRE_EQ(sock_local(got, &mine), E_OK);
		sock_host(&mine, text);
		CHECK_STR(text, want[i]);
		close(l);
		end();
	}
	begin();
	dial((struct dial_options){.host = "127.0.0.1", .port = "9", .bind_address = "::1"});
	CHECK_STR(why.text, "connect to host 127.0.0.1 port 9: Cannot assign requested address");
	end();
}

/* A listener whose backlog is full drops the SYN: the attempt hangs, as it does with a host that is
 * silent. One visitor more than the backlog holds fills it. */
static int silent(const char *host, char port[8], int fillers[2])
{
	int l = deaf(host, port);
	struct sock_addr a;

	REQUIRE_EQ(listen(l, 0), 0);
	REQUIRE_EQ(sock_local(l, &a), E_OK);
	for (unsigned i = 0; i < 2; i++) {
		fillers[i] = socket(a.ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&a.ss, a.len);
	}
	return l;
}

TEST(dial_gives_up_after_its_time)
{
	char port[8], want[128];
	int fillers[2], l;
	uint64_t start_ms;

	begin();
	l = silent("127.0.0.1", port, fillers);
	start_ms = uv_now(&loop);
	dial((struct dial_options){.host = "127.0.0.1", .port = port, .timeout_ms = 60});
	snprintf(want, sizeof(want), "connect to host 127.0.0.1 port %s: Connection timed out",
		port);
	CHECK_STR(why.text, want);
	CHECK_EQ(why.code, ETIMEDOUT);
	CHECK_EQ(why.err, E_TIMEOUT);
	CHECK(uv_now(&loop) - start_ms >= 60);
	close(fillers[0]);
	close(fillers[1]);
	close(l);
	end();
}

/* ::1 is silent and comes first (RFC 6724); 127.0.0.1 on the same port answers after the head
 * start. */
TEST(dial_does_not_wait_for_a_silent_address)
{
	char port[8], host[SOCK_TEXT_MAX];
	int fillers[2], l6, l4;
	struct sock_addr a;
	uint64_t start_ms;

	if (sock_family_is_absent(AF_INET6))
		SKIP("no IPv6 here");
	begin();
	l6 = silent("::1", port, fillers);
	REQUIRE(sock_parse("127.0.0.1", (uint16_t)atoi(port), &a));
	if (sock_listen(&a, &l4, NULL) != E_OK)
		SKIP("port %s is taken", port);
	start_ms = uv_now(&loop);
	dial((struct dial_options){.host = "both.test", .port = port, .timeout_ms = GUARD_MS});
	REQUIRE(got >= 0);
	sock_host(&got_peer, host);
	CHECK_STR(host, "127.0.0.1");
	CHECK(uv_now(&loop) - start_ms >= 250);
	CHECK(uv_now(&loop) - start_ms < 5000);
	close(fillers[0]);
	close(fillers[1]);
	close(l6);
	close(l4);
	end();
}

TEST(dial_can_be_cancelled_in_every_state)
{
	char port[8];
	int fillers[2], l;

	l = silent("127.0.0.1", port, fillers);
	for (unsigned turns = 0; turns < 4; turns++) {
		struct dial *number, *name;

		begin();
		number = start((struct dial_options){
			.host = "127.0.0.1", .port = port, .timeout_ms = GUARD_MS});
		name = start((struct dial_options){
			.host = "both.test", .port = port, .timeout_ms = GUARD_MS});
		for (unsigned i = 0; i < turns; i++)
			uv_run(&loop, UV_RUN_NOWAIT);
		if (calls == 0) {
			dial_cancel(number);
			dial_cancel(name);
		}
		dial_cancel(NULL);
		end();
		CHECK_EQ(calls, 0);
	}
	close(fillers[0]);
	close(fillers[1]);
	close(l);
}
