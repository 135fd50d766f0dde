/* SPDX-License-Identifier: ISC */
#include "io/sock.h"

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CHECK_EQ(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static struct sock_addr addr(const char *host, uint16_t port)
{
	struct sock_addr a;

	REQUIRE(sock_parse(host, port, &a));
	return a;
}

static int listen_at(const char *host)
{
	struct sock_addr a = addr(host, 0);
	struct fault f = {0};
	int fd = -1;

	REQUIRE_EQ(sock_listen(&a, &fd, &f), E_OK);
	return fd;
}

TEST(sock_loopback_addresses)
{
	static const struct {
		const char *host;
		bool is_loopback;
	} rows[] = {{"127.0.0.1", true}, {"127.255.0.9", true}, {"128.0.0.1", false},
		{"10.0.0.127", false}, {"::1", true}, {"::2", false}, {"::", false},
		{"::ffff:127.0.0.1", true}, {"::ffff:10.0.0.1", false}};
	struct sock_addr a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		harness_note("%s", rows[i].host);
		REQUIRE(sock_parse(rows[i].host, 22, &a));
		CHECK_EQ(sock_is_loopback(&a), rows[i].is_loopback);
	}
	a = (struct sock_addr){.ss = {.ss_family = AF_UNIX}};
	CHECK(!sock_is_loopback(&a));
}

TEST(sock_addresses_as_text)
{
	static const struct {
		const char *host, *host_out, *text;
	} rows[] = {
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:22"},
		{"::1", "::1", "[::1]:22"},
		{"2001:DB8::0:7", "2001:db8::7", "[2001:db8::7]:22"},
		{"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1:22"},
		{"fe80::1%lo", "fe80::1%lo", "[fe80::1%lo]:22"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sock_addr a = addr(rows[i].host, 22);
		char out[SOCK_TEXT_MAX];

		sock_host(&a, out);
		CHECK_STR(out, rows[i].host_out);
		sock_text(&a, out);
		CHECK_STR(out, rows[i].text);
		CHECK_EQ(sock_port(&a), 22);
		sock_set_port(&a, 65535);
		CHECK_EQ(sock_port(&a), 65535);
	}
}

TEST(sock_longest_text_fits)
{
	struct sock_addr a = {.len = sizeof(struct sockaddr_in6)};
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a.ss;
	char out[SOCK_TEXT_MAX];

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(65535);
	in6->sin6_scope_id = UINT32_MAX; /* no such interface: a number of ten digits */
	memset(&in6->sin6_addr, 0xfe, sizeof(in6->sin6_addr));
	in6->sin6_addr.s6_addr[1] = 0x80;
	sock_text(&a, out);
	CHECK_STR(out, "[fe80:fefe:fefe:fefe:fefe:fefe:fefe:fefe%4294967295]:65535");
}

TEST(sock_parse_takes_numbers_only)
{
	static const char *const bad[] = {"", "localhost", "127.1", "2130706433", "0x7f.0.0.1",
		"127.0.0.1 ", "256.0.0.1", "[::1]", "::g", "1::2::3", "::1%nosuchif0"};
	struct sock_addr a = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		harness_note("%s", bad[i]);
		CHECK(!sock_parse(bad[i], 1, &a));
		CHECK_EQ(a.len, 0);
	}
}

TEST(sock_text_of_other_families)
{
	struct sock_addr a = {.len = sizeof(sa_family_t)};
	char out[SOCK_TEXT_MAX];

	a.ss.ss_family = AF_UNIX;
	sock_host(&a, out);
	CHECK_STR(out, "local");
	CHECK_EQ(sock_port(&a), 0);
	sock_set_port(&a, 1);
	CHECK_EQ(sock_port(&a), 0);
	a.ss.ss_family = AF_UNSPEC;
	sock_host(&a, out);
	CHECK_STR(out, "unknown");
}

TEST(sock_listen_gives_a_nonblocking_listener)
{
	int fd = listen_at("127.0.0.1"), other;
	struct sock_addr a, peer;

	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK_EQ(option(fd, SOL_SOCKET, SO_REUSEADDR), 1);
	CHECK_EQ(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
	REQUIRE_EQ(sock_local(fd, &a), E_OK);
	CHECK(sock_port(&a) != 0);
	CHECK_EQ(sock_peer(fd, &peer), E_SYS);

	other = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(other, (struct sockaddr *)&a.ss, a.len), 0);
	REQUIRE_EQ(sock_peer(other, &peer), E_OK);
	CHECK_EQ(sock_port(&peer), sock_port(&a));
	close(other);
	close(fd);
}

TEST(sock_listen_says_what_is_wrong)
{
	int fd = listen_at("127.0.0.1"), second = -1;
	struct fault f = {0};
	struct sock_addr a;
	char want[FAULT_TEXT];

	REQUIRE_EQ(sock_local(fd, &a), E_OK);
	CHECK_EQ(sock_listen(&a, &second, &f), E_SYS);
	snprintf(want, sizeof(want), "bind [127.0.0.1]:%u: Address already in use", sock_port(&a));
	CHECK_STR(f.text, want);
	CHECK_EQ(f.code, EADDRINUSE);
	CHECK_EQ(second, -1);
	close(fd);

	f = (struct fault){0};
	a = addr("192.0.2.1", 7);
	CHECK_EQ(sock_listen(&a, &second, &f), E_SYS);
	CHECK_STR(f.text, "bind [192.0.2.1]:7: Cannot assign requested address");
}

TEST(sock_listen_keeps_families_apart)
{
	struct sock_addr any4 = addr("0.0.0.0", 0), any6 = addr("::", 0), got;
	struct fault f = {0};
	int fd4 = -1, fd6 = -1;

	CHECK(!sock_family_is_absent(AF_INET));
	CHECK(sock_family_is_absent(AF_MAX + 1));
	if (sock_family_is_absent(AF_INET6))
		SKIP("no IPv6 here");
	REQUIRE_EQ(sock_listen(&any6, &fd6, &f), E_OK);
	CHECK_EQ(option(fd6, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	REQUIRE_EQ(sock_local(fd6, &got), E_OK);
	sock_set_port(&any4, sock_port(&got));
	CHECK_EQ(sock_listen(&any4, &fd4, &f), E_OK);
	close(fd4);
	close(fd6);
}

TEST(sock_tune_sets_what_it_says)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), pair[2];
	int rcvbuf = option(fd, SOL_SOCKET, SO_RCVBUF);

	sock_tune(fd, false, false);
	CHECK_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	CHECK_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	CHECK(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT) != SOCK_NOTSENT_LOWAT);
	sock_tune(fd, true, true);
	CHECK_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	CHECK_EQ(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), SOCK_NOTSENT_LOWAT);
	CHECK_EQ(option(fd, SOL_SOCKET, SO_RCVBUF), rcvbuf);
	sock_user_timeout(fd, 45000);
	CHECK_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 45000);
	close(fd);

	REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	sock_tune(pair[0], true, true); /* nothing to set, nothing to fail */
	close(pair[0]);
	close(pair[1]);
}
