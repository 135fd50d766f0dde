/* SPDX-License-Identifier: ISC */
/*
 * Thin words around the socket calls. Options are best effort: a socket that is not TCP (tests,
 * Unix sockets) has none of them and works all the same.
 */
#include "io/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

static void set_int(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void sock_keepalive(int fd)
{
	set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

void sock_bound_unsent(int fd)
{
	set_int(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, SOCK_NOTSENT_LOWAT);
}

void sock_tune(int fd, bool keepalive, bool is_ssh)
{
	set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (keepalive)
		sock_keepalive(fd);
	/* What waits unsent in the kernel cannot be overtaken by a small stream any more. */
	if (is_ssh)
		sock_bound_unsent(fd);
}

void sock_user_timeout(int fd, unsigned ms)
{
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

void sock_quick_ack(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

void sock_reset(int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

enum err sock_peer(int fd, struct sock_addr *out)
{
	*out = (struct sock_addr){.len = sizeof(out->ss)};
	return getpeername(fd, (struct sockaddr *)&out->ss, &out->len) == 0 ? E_OK : E_SYS;
}

enum err sock_local(int fd, struct sock_addr *out)
{
	*out = (struct sock_addr){.len = sizeof(out->ss)};
	return getsockname(fd, (struct sockaddr *)&out->ss, &out->len) == 0 ? E_OK : E_SYS;
}

/* A visitor of a dual-stack listener of somebody else's making: show what it is. */
static struct sock_addr unmapped(const struct sock_addr *a)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->ss;
	struct sock_addr out = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (struct sockaddr_in *)&out.ss;

	if (a->ss.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return *a;
	in->sin_family = AF_INET;
	in->sin_port = in6->sin6_port;
	memcpy(&in->sin_addr, &in6->sin6_addr.s6_addr[12], sizeof(in->sin_addr));
	return out;
}

void sock_host(const struct sock_addr *a, char out[static SOCK_TEXT_MAX])
{
	struct sock_addr u = unmapped(a);
	int family = u.ss.ss_family;

	if (family != AF_INET && family != AF_INET6) {
		snprintf(out, SOCK_TEXT_MAX, "%s", family == AF_UNIX ? "local" : "unknown");
		return;
	}
	if (getnameinfo((const struct sockaddr *)&u.ss, u.len, out, SOCK_TEXT_MAX, NULL, 0,
		    NI_NUMERICHOST) != 0)
		snprintf(out, SOCK_TEXT_MAX, "unknown");
}

/* Where the port stands; NULL when the family has none. */
static in_port_t *port_of(struct sock_addr *a)
{
	switch (a->ss.ss_family) {
	case AF_INET:
		return &((struct sockaddr_in *)&a->ss)->sin_port;
	case AF_INET6:
		return &((struct sockaddr_in6 *)&a->ss)->sin6_port;
	default:
		return NULL;
	}
}

uint16_t sock_port(const struct sock_addr *a)
{
	struct sock_addr copy = *a;
	in_port_t *port = port_of(&copy);

	return port != NULL ? ntohs(*port) : 0;
}

bool sock_is_loopback(const struct sock_addr *a)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->ss;
	uint32_t four;

	if (a->ss.ss_family == AF_INET) {
		four = ((const struct sockaddr_in *)&a->ss)->sin_addr.s_addr;
	} else if (a->ss.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(&four, &six->sin6_addr.s6_addr[12], sizeof(four));
	} else {
		return a->ss.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	}
	return ntohl(four) >> 24 == IN_LOOPBACKNET;
}

void sock_set_port(struct sock_addr *a, uint16_t port)
{
	in_port_t *at = port_of(a);

	if (at != NULL)
		*at = htons(port);
}

/* A scope ("%eth0") needs the resolver's parser; it looks nothing up for a numeric host. */
static bool parse_in6(const char *host, struct sock_addr *out)
{
	struct addrinfo hints = {
		.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *list = NULL;

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	memcpy(&out->ss, list->ai_addr, list->ai_addrlen);
	out->len = list->ai_addrlen;
	freeaddrinfo(list);
	return true;
}

bool sock_parse(const char *host, uint16_t port, struct sock_addr *out)
{
	struct sock_addr a = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (struct sockaddr_in *)&a.ss;

	/* Strict dotted quads: "127.1" and "2130706433" must not slip past rules made for
	 * addresses. */
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1)
		in->sin_family = AF_INET;
	else if (strchr(host, ':') == NULL || !parse_in6(host, &a))
		return false;
	sock_set_port(&a, port);
	*out = a;
	return true;
}

void sock_text(const struct sock_addr *a, char out[static SOCK_TEXT_MAX])
{
	char host[SOCK_TEXT_MAX];
	unsigned port = sock_port(a);
	int n;

	sock_host(a, host);
	if (strchr(host, ':') != NULL)
		n = snprintf(out, SOCK_TEXT_MAX, "[%s]:%u", host, port);
	else
		n = snprintf(out, SOCK_TEXT_MAX, "%s:%u", host, port);
	/* The longest scoped address with its port just fits. */
	if (n >= SOCK_TEXT_MAX)
		snprintf(out, SOCK_TEXT_MAX, "unknown");
}

/* Binds and listens on fd; 0 or errno. */
static int bind_and_listen(int fd, const struct sock_addr *a)
{
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (a->ss.ss_family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (bind(fd, (const struct sockaddr *)&a->ss, a->len) != 0)
		return errno;
	return listen(fd, SOCK_BACKLOG) == 0 ? 0 : errno;
}

enum err sock_listen(const struct sock_addr *a, int *out, struct fault *f)
{
	char host[SOCK_TEXT_MAX];
	int fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int code = fd < 0 ? errno : bind_and_listen(fd, a);

	if (code == 0) {
		*out = fd;
		return E_OK;
	}
	if (fd >= 0)
		close(fd);
	sock_host(a, host);
	return fault_set(f, E_SYS, (uint32_t)code, "bind [%s]:%u: %s", host, (unsigned)sock_port(a),
		strerror(code));
}

bool sock_family_is_absent(int family)
{
	struct sock_addr a;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_absent = false;

	if (fd < 0)
		return errno == EAFNOSUPPORT;
	/* IPv6 switched off by sysctl leaves sockets and takes the addresses away. */
	if (family == AF_INET6 && sock_parse("::1", 0, &a))
		is_absent = bind(fd, (struct sockaddr *)&a.ss, a.len) != 0 &&
			    (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT);
	close(fd);
	return is_absent;
}
