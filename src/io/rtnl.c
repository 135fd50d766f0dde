/* SPDX-License-Identifier: ISC */
/*
 * A socket a request: these are few. The kernel acts within send(2), so its answer is there when that
 * returns, and nothing can block.
 */
#include "io/rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 512, ANSWER_MAX = 32 * 1024 };

struct request {
	_Alignas(struct nlmsghdr) uint8_t data[REQUEST_MAX];
	size_t len;
};

/* --- writing ------------------------------------------------------------------------------------
 */

static void *add(struct request *r, const void *data, size_t len)
{
	uint8_t *at = r->data + r->len;

	memset(at, 0, NLMSG_ALIGN(len));
	memcpy(at, data, len);
	r->len += NLMSG_ALIGN(len);
	return at;
}

static void begin(struct request *r, int type, int flags, const void *body, size_t len)
{
	struct nlmsghdr head = {.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = 1};

	r->len = 0;
	add(r, &head, sizeof(head));
	add(r, body, len);
}

static void attribute(struct request *r, int type, const void *data, size_t len)
{
	struct rtattr head = {
		.rta_len = (unsigned short)RTA_LENGTH(len), .rta_type = (unsigned short)type};

	add(r, &head, sizeof(head));
	add(r, data, len);
}

/* --- asking -------------------------------------------------------------------------------------
 */

/* The answer, as long as it is; negative: errno. */
static ssize_t ask(struct request *r, uint8_t *answer, size_t cap)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)r->data;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = fd;

	if (fd >= 0) {
		head->nlmsg_len = (uint32_t)r->len;
		n = send(fd, r->data, r->len, 0);
		if (n >= 0)
			n = recv(fd, answer, cap, MSG_DONTWAIT);
	}
	if (n < 0)
		n = -errno;
	if (fd >= 0)
		close(fd);
	return n;
}

/* errno that an acknowledgement holds; 0: done. */
static int verdict_of(const uint8_t *answer, ssize_t n)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)answer;
	const struct nlmsgerr *e = NLMSG_DATA(head);

	if (n < 0)
		return (int)-n;
	if ((size_t)n < NLMSG_LENGTH(sizeof(*e)) || head->nlmsg_type != NLMSG_ERROR)
		return EBADMSG;
	return -e->error;
}

static enum err command(struct request *r, const char *what, unsigned index, struct fault *f)
{
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER_MAX];
	char name[IF_NAMESIZE] = "";
	int code = verdict_of(answer, ask(r, answer, sizeof(answer)));

	if (code == 0)
		return E_OK;
	if (if_indextoname(index, name) == NULL)
		snprintf(name, sizeof(name), "device %u", index % 100000);
	return fault_set(f, code == EPERM ? E_DENIED : E_SYS, (uint32_t)code, "%s: %s: %s", name, what,
		strerror(code));
}

/* --- links --------------------------------------------------------------------------------------
 */

enum err rtnl_get_link(unsigned index, struct rtnl_link *out, struct fault *f)
{
	struct ifinfomsg body = {.ifi_index = (int)index};
	_Alignas(struct nlmsghdr) uint8_t answer[ANSWER_MAX];
	const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)answer;
	const struct ifinfomsg *link = NLMSG_DATA(head);
	struct request r;
	ssize_t n;

	begin(&r, RTM_GETLINK, 0, &body, sizeof(body));
	n = ask(&r, answer, sizeof(answer));
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(*link)) || head->nlmsg_type != RTM_NEWLINK)
		return fault_set(f, E_SYS, (uint32_t)verdict_of(answer, n), "device %u: %s", index,
			strerror(verdict_of(answer, n)));
	*out = (struct rtnl_link){.is_up = (link->ifi_flags & IFF_UP) != 0};
	for (size_t at = NLMSG_LENGTH(sizeof(*link)); at + sizeof(struct rtattr) <= (size_t)n;) {
		const struct rtattr *a = (const struct rtattr *)(const void *)(answer + at);

		if (a->rta_len < sizeof(*a) || a->rta_len > (size_t)n - at)
			break;
		if (a->rta_type == IFLA_MTU && a->rta_len >= RTA_LENGTH(sizeof(out->mtu)))
			memcpy(&out->mtu, RTA_DATA(a), sizeof(out->mtu));
		at += RTA_ALIGN((size_t)a->rta_len);
	}
	return E_OK;
}

enum err rtnl_set_up(unsigned index, bool is_up, struct fault *f)
{
	struct ifinfomsg body = {
		.ifi_index = (int)index, .ifi_flags = is_up ? IFF_UP : 0, .ifi_change = IFF_UP};
	struct request r;

	begin(&r, RTM_NEWLINK, NLM_F_ACK, &body, sizeof(body));
	return command(&r, is_up ? "cannot be brought up" : "cannot be taken down", index, f);
}

enum err rtnl_set_mtu(unsigned index, unsigned mtu, struct fault *f)
{
	struct ifinfomsg body = {.ifi_index = (int)index};
	struct request r;

	begin(&r, RTM_NEWLINK, NLM_F_ACK, &body, sizeof(body));
	attribute(&r, IFLA_MTU, &mtu, sizeof(mtu));
	return command(&r, "MTU", index, f);
}

/* --- addresses and routes -----------------------------------------------------------------------
 */

static size_t length_of(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

enum err rtnl_address(unsigned index, const struct rtnl_address *a, bool is_added, struct fault *f)
{
	struct ifaddrmsg body = {.ifa_family = (uint8_t)a->family,
		.ifa_prefixlen = (uint8_t)a->prefix,
		.ifa_index = index};
	size_t len = length_of(a->family);
	struct request r;

	begin(&r, is_added ? RTM_NEWADDR : RTM_DELADDR,
		NLM_F_ACK | (is_added ? NLM_F_CREATE | NLM_F_EXCL : 0), &body, sizeof(body));
	attribute(&r, IFA_LOCAL, a->local, len);
	attribute(&r, IFA_ADDRESS, a->has_peer ? a->peer : a->local, len);
	return command(&r, "address", index, f);
}

enum err rtnl_route(unsigned index, const struct rtnl_address *to, bool is_added, struct fault *f)
{
	struct rtmsg body = {.rtm_family = (uint8_t)to->family,
		.rtm_dst_len = (uint8_t)to->prefix,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = to->family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST};
	struct request r;

	begin(&r, is_added ? RTM_NEWROUTE : RTM_DELROUTE,
		NLM_F_ACK | (is_added ? NLM_F_CREATE | NLM_F_EXCL : 0), &body, sizeof(body));
	if (to->prefix > 0)
		attribute(&r, RTA_DST, to->local, length_of(to->family));
	attribute(&r, RTA_OIF, &index, sizeof(index));
	return command(&r, "route", index, f);
}
