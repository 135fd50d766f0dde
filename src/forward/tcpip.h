/* SPDX-License-Identifier: ISC */
/*
 * The payloads of TCP forwarding (RFC 4254 7.1, 7.2), read and written side by side: tcpip-forward
 * and cancel-tcpip-forward requests, the reply with a port, and the forwarded-tcpip and
 * direct-tcpip opens. Readers are given the bytes behind the standard header and prove that they
 * end exactly.
 */
#ifndef FORWARD_TCPIP_H
#define FORWARD_TCPIP_H

#include "base/bytes.h"
#include "base/err.h"

struct tcpip_listen { /* tcpip-forward, cancel-tcpip-forward */
	struct bytes host;
	uint32_t port; /* at most 65535 */
};

struct tcpip_open { /* forwarded-tcpip: listening side; direct-tcpip: target */
	struct bytes host;
	uint32_t port;
	struct bytes originator;
	uint32_t originator_port;
};

enum err tcpip_read_listen(struct bytes payload, struct tcpip_listen *out) MUST_USE;
enum err tcpip_write_listen(struct span into, const struct tcpip_listen *in, size_t *len) MUST_USE;
enum err tcpip_read_port(struct bytes payload, uint32_t *port) MUST_USE; /* reply to port 0 */
enum err tcpip_write_port(struct span into, uint32_t port, size_t *len) MUST_USE;
enum err tcpip_read_open(struct bytes payload, struct tcpip_open *out) MUST_USE;
enum err tcpip_write_open(struct span into, const struct tcpip_open *in, size_t *len) MUST_USE;

#endif
