/* SPDX-License-Identifier: ISC */
/* In a file of its own: the kernel's header has more in the structure than libc's, and both do not
 * go together. */
#include "io/tcpinfo.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#define HAS(len, member) ((len) >= offsetof(struct tcp_info, member) + sizeof(info.member))

void tcpinfo_get(int fd, struct tcpinfo *out)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	*out = (struct tcpinfo){.rtt_us = -1, .least_rtt_us = -1};
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 || info.tcpi_rtt == 0)
		return;
	out->rtt_us = info.tcpi_rtt;
	/* An older kernel fills less. */
	if (HAS(len, tcpi_min_rtt) && info.tcpi_min_rtt != UINT32_MAX)
		out->least_rtt_us = info.tcpi_min_rtt;
	if (HAS(len, tcpi_notsent_bytes))
		out->unsent = info.tcpi_notsent_bytes;
}
