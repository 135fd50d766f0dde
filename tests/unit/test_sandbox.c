/* SPDX-License-Identifier: ISC */
/* What each role lives by, done behind its fence; and the fence as the kernel shows it to others.
 * What is forbidden: test_filter.c. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>

#include "base/log.h"
#include "sandbox_child.h"

#define NEED(cond) \
	do { \
		if (!(cond)) { \
			dprintf(STDERR_FILENO, "# needed: %s: %s\n", #cond, strerror(errno)); \
			return 1; \
		} \
	} while (0)

/* A message with a descriptor there and back, as frames go. */
static int pass_descriptor(void)
{
	char byte = 'x';
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct iovec io = {&byte, 1};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room)};
	int fd;

	memcpy(CMSG_DATA(&control.head), &have.tcp, sizeof(int));
	NEED(sendmsg(have.pair[0], &m, 0) == 1);
	NEED(poll(&(struct pollfd){have.pair[1], POLLIN, 0}, 1, 1000) == 1);
	NEED(recvmsg(have.pair[1], &m, MSG_CMSG_CLOEXEC) == 1);
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(int));
	NEED(close(fd) == 0);
	return 0;
}

static int live_as_any(long (*unused)(void))
{
	struct timespec now;
	char random[16], *memory = malloc(4 << 20);
	time_t t = time(NULL);
	struct rlimit limit, core;

	NEED(memory != NULL);
	memset(memory, 1, 4 << 20);
	memory = realloc(memory, 64 << 20);
	NEED(memory != NULL);
	free(memory);
	NEED(getrandom(random, sizeof(random), 0) == sizeof(random));
	NEED(clock_gettime(CLOCK_REALTIME, &now) == 0 && t > 0);
	NEED(getpid() > 0 && getpid() != getppid());
	NEED(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 0);
	NEED(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
	NEED(fcntl(have.tcp, F_SETFL, O_NONBLOCK) == 0);
	NEED(write(STDERR_FILENO, "", 0) == 0);
	log_write(LOG_LEVEL_DEBUG1, "a line");
	return pass_descriptor();
}

static int live_as_relay(long (*unused)(void))
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct sockaddr_in peer;
	struct tcp_info info;
	struct iovec io = {(void *)"ab", 2};
	socklen_t len = sizeof(peer);
	char text[4];
	int fd, n, ep = have.epoll;

	NEED(epoll_ctl(ep, EPOLL_CTL_ADD, have.listener, &ev) == 0);
	NEED(epoll_wait(ep, &ev, 1, 1000) == 1);
	fd = accept4(have.listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	NEED(fd >= 0);
	NEED(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0);
	NEED(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int)) == 0);
	len = sizeof(info);
	NEED(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	len = sizeof(peer);
	NEED(getpeername(fd, (struct sockaddr *)&peer, &len) == 0);
	NEED(getsockname(fd, (struct sockaddr *)&peer, &len) == 0);
	NEED(writev(fd, &io, 1) == 2);
	NEED(send(fd, "c", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1);
	NEED(ioctl(fd, SIOCOUTQ, &n) == 0);
	NEED(recv(have.client, text, sizeof(text), 0) > 0);
	NEED(shutdown(fd, SHUT_WR) == 0);
	NEED(close(fd) == 0);
	return live_as_any(unused);
}

/* Children, files, sockets. */
static int live_as_supervisor(long (*unused)(void))
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int status, fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	NEED(fd >= 0);
	NEED(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	NEED(listen(fd, 1) == 0);
	NEED(open("/etc/passwd", O_RDONLY) >= 0);
	pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	NEED(waitpid(pid, &status, 0) == pid);
	NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return 0;
}

static void check_lives(int status)
{
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 0);
}

TEST(each_role_can_live)
{
	set_up();
	check_lives(in_role(SANDBOX_SIGNER, &same, live_as_any, NULL));
	check_lives(in_role(SANDBOX_RELAY, &same, live_as_relay, NULL));
	check_lives(in_role(SANDBOX_SUPERVISOR, &same, live_as_supervisor, NULL));
	tear_down();
}

/* --- the rest of the fence -------------------------------------------------------------------- */

static bool status_has(pid_t pid, const char *line)
{
	char path[64], text[8192];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY);
	n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, line) != NULL;
}

TEST(r50_cve_2021_41617_the_kernel_says_the_same)
{
	bool is_root = getuid() == 0;
	struct sandbox_user nobody = {.uid = 65534, .gid = 65534};
	int ready[2];
	char byte;
	pid_t pid;

	REQUIRE_EQ(pipe(ready), 0);
	fflush(NULL);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		struct fault f = {0};

		if (sandbox_enter(SANDBOX_RELAY, is_root ? &nobody : &same, &f) != E_OK)
			_exit(NO_FENCE);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			poll(NULL, 0, -1);
	}
	REQUIRE_EQ(read(ready[0], &byte, 1), 1);
	CHECK(status_has(pid, "NoNewPrivs:\t1\n"));
	if (strcmp(sandbox_answer(), "off") != 0)
		CHECK(status_has(pid, "Seccomp:\t2\n"));
	CHECK(status_has(pid, "CapPrm:\t0000000000000000\n"));
	CHECK(status_has(pid, "CapEff:\t0000000000000000\n"));
	CHECK(status_has(pid, "CapInh:\t0000000000000000\n"));
	CHECK(status_has(pid, "CapAmb:\t0000000000000000\n"));
	if (is_root) {
		CHECK(status_has(pid, "Uid:\t65534\t65534\t65534\t65534\n"));
		CHECK(status_has(pid, "Gid:\t65534\t65534\t65534\t65534\n"));
		CHECK(status_has(pid, "Groups:\t65534 \n"));
		CHECK(status_has(pid, "CapBnd:\t0000000000000000\n"));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

TEST(root_is_no_place_to_drop_to)
{
	struct sandbox_user user = {.uid = 1, .gid = 1};
	struct fault f = {0};

	CHECK_EQ(sandbox_find_user("root", &user, &f), E_VALUE);
	CHECK_STR(f.text, "user root is root");
	f = (struct fault){0};
	CHECK_EQ(sandbox_find_user("no-such-user-here", &user, &f), E_UNKNOWN);
	CHECK_STR(f.text, "there is no user no-such-user-here");
	CHECK_EQ(sandbox_find_user("nobody", &user, NULL), E_OK);
	CHECK_EQ(user.uid, 65534);
}
