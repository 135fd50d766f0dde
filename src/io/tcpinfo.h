/* SPDX-License-Identifier: ISC */
/* What the kernel knows of a TCP connection's way, one call of the system. */
#ifndef IO_TCPINFO_H
#define IO_TCPINFO_H

#include <stdint.h>

struct tcpinfo {
	/* The smoothed round trip, and the shortest that was seen; -1: not known. Between this kernel and
	 * the one that answers it, whatever its programs do. */
	int64_t rtt_us, least_rtt_us;
	uint32_t unsent; /* bytes that this kernel has taken and not sent yet */
};

/* All unknown for what is no TCP socket. */
void tcpinfo_get(int fd, struct tcpinfo *out);

#endif
