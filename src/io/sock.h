/* SPDX-License-Identifier: ISC */
/*
 * Plain socket duties: options set before the first byte, addresses as text, opening listening sockets.
 * Everything is non-blocking and close-on-exec.
 */
#ifndef IO_SOCK_H
#define IO_SOCK_H

#include <sys/socket.h>
#include "base/bytes.h"
#include "base/err.h"

enum { SOCK_TEXT_MAX = 64, SOCK_BACKLOG = 1024, SOCK_NOTSENT_LOWAT = 128 * 1024 };

struct sock_addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

/* What a connection of ours gets at once: TCP_NODELAY, optionally SO_KEEPALIVE; for the SSH connection
 * also TCP_NOTSENT_LOWAT. Never SO_RCVBUF: that would end the kernel's autotuning. */
void sock_tune(int fd, bool keepalive, bool is_ssh);
/* SO_KEEPALIVE alone, for a socket of somebody else's. */
void sock_keepalive(int fd);
/* TCP_NOTSENT_LOWAT: of what cannot be sent yet the kernel takes SOCK_NOTSENT_LOWAT bytes, not the 4 MiB
 * and more that its own bound comes to. */
void sock_bound_unsent(int fd);
/* TCP_USER_TIMEOUT in ms; 0 leaves the kernel's. */
void sock_user_timeout(int fd, unsigned ms);
/* Acknowledges what came at once instead of within 40 ms. A peer that sends small packets with Nagle's
 * algorithm on (OpenSSH until login) waits for that in each step of a handshake. The kernel forgets it
 * again, so it is said after each read. */
void sock_quick_ack(int fd);
/* Closes so that the other side does not take what it got for the whole: with a reset, where the
 * family has one. */
void sock_reset(int fd);
enum err sock_peer(int fd, struct sock_addr *out) MUST_USE;
enum err sock_local(int fd, struct sock_addr *out) MUST_USE;
/* "127.0.0.1" / "fe80::1%eth0" (v4-mapped addresses as v4), and the port. */
void sock_host(const struct sock_addr *a, char out[static SOCK_TEXT_MAX]);
uint16_t sock_port(const struct sock_addr *a);
/* 127.0.0.0/8, also as seen by an IPv6 socket, or ::1. */
bool sock_is_loopback(const struct sock_addr *a);
void sock_set_port(struct sock_addr *a, uint16_t port);
/* A numeric address, v4 as four decimal numbers; false when it is anything else. */
bool sock_parse(const char *host, uint16_t port, struct sock_addr *out);
/* "127.0.0.1:22", "[::1]:22". */
void sock_text(const struct sock_addr *a, char out[static SOCK_TEXT_MAX]);

/* Binds and listens: SO_REUSEADDR, IPV6_V6ONLY, no SO_REUSEPORT. f: "bind [A]:P: reason", code is
 * errno. *fd is the caller's. With port 0 ask sock_local which one it got. */
enum err sock_listen(const struct sock_addr *a, int *fd, struct fault *f) MUST_USE;
/* True when the kernel has no such family, or no address of it (IPv6 switched off by sysctl), so that a
 * dual-stack wish can do without it. */
bool sock_family_is_absent(int family);

#endif
