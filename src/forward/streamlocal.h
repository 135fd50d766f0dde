/* SPDX-License-Identifier: ISC */
/*
 * The payloads of forwarding Unix sockets (OpenSSH, PROTOCOL 2.4), read and written side by side:
 * streamlocal-forward@openssh.com, forwarded-streamlocal@openssh.com and
 * direct-streamlocal@openssh.com. Readers are given the bytes behind the standard header and prove
 * that they end exactly.
 */
#ifndef FORWARD_STREAMLOCAL_H
#define FORWARD_STREAMLOCAL_H

#include "base/bytes.h"
#include "base/err.h"

struct streamlocal_open { /* direct-streamlocal: the target */
	struct bytes path;
	struct bytes originator; /* a host for tcpip, reserved here: OpenSSH fills it all the same */
	uint32_t originator_port;
};

enum err streamlocal_read_listen(struct bytes payload, struct bytes *path) MUST_USE;
enum err streamlocal_write_listen(struct span into, struct bytes path, size_t *len) MUST_USE;
/* The path that was asked for; what stands behind it is reserved and may be anything. */
enum err streamlocal_read_forwarded(struct bytes payload, struct bytes *path) MUST_USE;
enum err streamlocal_write_forwarded(struct span into, struct bytes path, size_t *len) MUST_USE;
enum err streamlocal_read_open(struct bytes payload, struct streamlocal_open *out) MUST_USE;
enum err streamlocal_write_open(
	struct span into, const struct streamlocal_open *in, size_t *len) MUST_USE;

#endif
