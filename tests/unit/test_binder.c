/* SPDX-License-Identifier: ISC */
/* Real sockets on loopback: the kernel is the judge of what is bound. */
#include "bridge/binder.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

static struct binder_wish wish_of(enum bind_kind kind, const char *address, int family)
{
	struct bindplan plan = {.kind = kind};
	struct binder_wish wish;

	strcpy(plan.address, address);
	REQUIRE_EQ(binder_plan(&plan, family, &wish, NULL), E_OK);
	wish.port = 0;
	return wish;
}

/* Whether one could listen there now. */
static bool is_free(const char *host, uint16_t port)
{
	struct sock_addr a;
	int fd;

	REQUIRE(sock_parse(host, port, &a));
	if (sock_listen(&a, &fd, NULL) != E_OK)
		return false;
	close(fd);
	return true;
}

static int squat(const char *host, uint16_t port)
{
	struct sock_addr a;
	int fd;

	REQUIRE(sock_parse(host, port, &a));
	REQUIRE_EQ(sock_listen(&a, &fd, NULL), E_OK);
	return fd;
}

static void need_ipv6(void)
{
	if (sock_family_is_absent(AF_INET6))
		SKIP("no IPv6 here");
}

TEST(plans_become_addresses)
{
	struct bindplan name = {.kind = BIND_ADDRESS, .address = "relay.example"};
	struct binder_wish w = wish_of(BIND_LOOPBACK, "", 0);
	char host[SOCK_TEXT_MAX];
	struct fault f = {0};

	CHECK_EQ(w.count, 2);
	sock_host(&w.addr[0], host);
	CHECK_STR(host, "127.0.0.1");
	sock_host(&w.addr[1], host);
	CHECK_STR(host, "::1");
	w = wish_of(BIND_WILDCARD, "", 6);
	CHECK_EQ(w.count, 1);
	sock_host(&w.addr[0], host);
	CHECK_STR(host, "::");
	w = wish_of(BIND_ADDRESS, "127.0.0.9", 4);
	sock_host(&w.addr[0], host);
	CHECK_STR(host, "127.0.0.9");
	CHECK_EQ(binder_plan(&name, 0, &w, NULL), E_UNKNOWN);
	strcpy(name.address, "127.0.0.1");
	CHECK_EQ(binder_plan(&name, 6, &w, &f), E_VALUE);
	CHECK(strstr(f.text, "127.0.0.1") != NULL);
}

TEST(port_0_is_one_port_in_both_families)
{
	struct binder_wish w = wish_of(BIND_LOOPBACK, "", 0);
	struct binder_set set;

	need_ipv6();
	REQUIRE_EQ(binder_bind(&w, &set, NULL), E_OK);
	CHECK_EQ(set.count, 2);
	CHECK(set.port != 0);
	CHECK_EQ(sock_port(&set.addr[0]), set.port);
	CHECK_EQ(sock_port(&set.addr[1]), set.port);
	CHECK(!is_free("127.0.0.1", set.port));
	CHECK(!is_free("::1", set.port));
	binder_fini(&set);
	CHECK(is_free("127.0.0.1", set.port));
	CHECK(is_free("::1", set.port));
}

/* The trap of OpenSSH: a squatter on one family, success said all the same. */
static void squatter_on(const char *taken, const char *other, const char *words)
{
	struct binder_wish w = wish_of(BIND_LOOPBACK, "", 0);
	struct binder_set set;
	struct fault f = {0};
	int fd;

	need_ipv6();
	REQUIRE_EQ(binder_bind(&w, &set, NULL), E_OK);
	w.port = set.port;
	binder_fini(&set);
	fd = squat(taken, w.port);
	CHECK_EQ(binder_bind(&w, &set, &f), E_SYS);
	CHECK_EQ(f.code, EADDRINUSE);
	CHECK(strstr(f.text, words) != NULL);
	CHECK(strstr(f.text, "is taken") != NULL);
	CHECK_EQ(set.count, 0);
	CHECK(is_free(other, w.port));
	close(fd);
	REQUIRE_EQ(binder_bind(&w, &set, NULL), E_OK);
	binder_fini(&set);
}

TEST(a_squatter_on_ipv4_fails_the_whole)
{
	squatter_on("127.0.0.1", "::1", " on 127.0.0.1 ");
}

TEST(a_squatter_on_ipv6_fails_the_whole)
{
	squatter_on("::1", "127.0.0.1", " on [::1] ");
}

TEST(an_address_of_somebody_else)
{
	struct binder_wish w = wish_of(BIND_ADDRESS, "192.0.2.77", 0);
	struct binder_set set;
	struct fault f = {0};

	CHECK_EQ(binder_bind(&w, &set, &f), E_SYS);
	CHECK(sock_port(&set.failed) == 0 && set.failed.ss.ss_family == AF_INET);
	CHECK_STR(f.text, "192.0.2.77 is no address of this machine");
}

TEST(a_low_port_names_the_right_it_needs)
{
	struct binder_wish w = wish_of(BIND_ADDRESS, "127.0.0.1", 0);
	struct binder_set set;
	struct fault f = {0};
	bool was_root = geteuid() == 0;

	w.port = 22;
	if (was_root)
		REQUIRE_EQ(seteuid(65534), 0);
	if (binder_bind(&w, &set, &f) == E_OK) {
		binder_fini(&set);
		if (was_root)
			REQUIRE_EQ(seteuid(0), 0);
		SKIP("low ports are free for everybody here");
	}
	if (was_root)
		REQUIRE_EQ(seteuid(0), 0);
	if (f.code == EADDRINUSE)
		SKIP("port 22 is taken here");
	CHECK_STR(f.text, "port 22 needs root or CAP_NET_BIND_SERVICE here");
}
