/* SPDX-License-Identifier: ISC */
#include "io/netwatch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_MAX = 16 * 1024, READS_A_TURN = 16 };

struct netwatch {
	uv_poll_t poll;
	int fd;
	netwatch_fn on_back;
	void *ctx;
};

/* A link that came up without a carrier leads nowhere yet. */
static bool is_carrying(const struct nlmsghdr *head)
{
	const struct ifinfomsg *link = NLMSG_DATA(head);

	return head->nlmsg_len >= NLMSG_LENGTH(sizeof(*link)) && (link->ifi_flags & IFF_UP) != 0 &&
	       (link->ifi_flags & IFF_RUNNING) != 0;
}

/* An IPv6 address is told of before it may be used, and again when it may. */
static bool is_usable(const struct nlmsghdr *head)
{
	const struct ifaddrmsg *addr = NLMSG_DATA(head);

	return head->nlmsg_len >= NLMSG_LENGTH(sizeof(*addr)) &&
	       (addr->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
}

static bool is_good_news(const uint8_t *data, size_t n)
{
	/* Not NLMSG_OK: it compares signed with unsigned. */
	for (size_t at = 0; at < n && n - at >= sizeof(struct nlmsghdr);) {
		const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)(data + at);

		if (head->nlmsg_len < sizeof(*head) || head->nlmsg_len > n - at)
			return false;
		if ((head->nlmsg_type == RTM_NEWLINK && is_carrying(head)) ||
			(head->nlmsg_type == RTM_NEWADDR && is_usable(head)))
			return true;
		at += NLMSG_ALIGN((size_t)head->nlmsg_len);
	}
	return false;
}

/* One datagram; false: there is none. */
static bool take_one(struct netwatch *w, bool *is_back)
{
	_Alignas(struct nlmsghdr) uint8_t data[READ_MAX];
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(
		w->fd, data, sizeof(data), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

	/* More happened than the socket could hold: something is new for sure. */
	if (n < 0 && errno == ENOBUFS)
		*is_back = true;
	if (n < 0)
		return errno == ENOBUFS || errno == EINTR;
	/* Port 0 is the kernel; other programs may send here too. */
	if (from_len == sizeof(from) && from.nl_pid == 0 && is_good_news(data, (size_t)n))
		*is_back = true;
	return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct netwatch *w = poll->data;
	bool is_back = false;

	for (unsigned i = 0; i < READS_A_TURN && take_one(w, &is_back); i++)
		;
	if (is_back)
		w->on_back(w->ctx);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int open_socket(int *out)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE), code;

	if (fd < 0)
		return errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		code = errno;
		close(fd);
		return code;
	}
	*out = fd;
	return 0;
}

enum err netwatch_new(
	uv_loop_t *loop, netwatch_fn on_back, void *ctx, struct netwatch **out, struct fault *f)
{
	struct netwatch *w = calloc(1, sizeof(*w));
	int code;

	if (w == NULL)
		return fault_set(f, E_NOMEM, 0, "%s", err_text(E_NOMEM));
	w->on_back = on_back;
	w->ctx = ctx;
	code = open_socket(&w->fd);
	if (code == 0 && (code = -uv_poll_init(loop, &w->poll, w->fd)) != 0)
		close(w->fd);
	if (code != 0) {
		free(w);
		return fault_set(f, E_SYS, (uint32_t)code, "netlink: %s", strerror(code));
	}
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, on_readable);
	uv_unref((uv_handle_t *)&w->poll);
	*out = w;
	return E_OK;
}

void netwatch_free(struct netwatch *w)
{
	if (w == NULL)
		return;
	uv_close((uv_handle_t *)&w->poll, on_closed);
	close(w->fd);
}
