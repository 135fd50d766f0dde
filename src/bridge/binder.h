/* SPDX-License-Identifier: ISC */
/*
 * Listening on all addresses of a wish or on none: success is only said when every address is
 * bound. Only an address family that the kernel does not have, or that is switched off, is left
 * out: nobody can be met there, neither visitor nor squatter.
 */
#ifndef BRIDGE_BINDER_H
#define BRIDGE_BINDER_H

#include "forward/bindplan.h"
#include "io/sock.h"

enum { BINDER_MAX = 8, BINDER_TRIES = 32 };

struct binder_wish {
	struct sock_addr addr[BINDER_MAX]; /* their ports do not matter */
	size_t count;
	uint16_t port; /* 0: the kernel chooses for the first, the others get the same */
};

struct binder_set {
	int fd[BINDER_MAX]; /* listening; -1: taken out by the caller */
	struct sock_addr addr[BINDER_MAX];
	size_t count;
	uint16_t port;
	struct sock_addr failed; /* the address that would not be bound, with its port */
};

/* Loopback and wildcard of both families, or the ones that family (0 any, 4, 6) leaves; a numeric
 * address. E_UNKNOWN: the plan's address is a name, to be looked up by the caller. E_VALUE: family
 * leaves nothing. */
enum err binder_plan(const struct bindplan *plan, int family, struct binder_wish *wish,
	struct fault *f) MUST_USE;

/* f says in words for the one who asked which address failed and why: "port 22 needs root or
 * CAP_NET_BIND_SERVICE here". f->code is then the errno, and set->failed the address. */
enum err binder_bind(
	const struct binder_wish *wish, struct binder_set *set, struct fault *f) MUST_USE;
/* Closes what was not taken out. */
void binder_fini(struct binder_set *set);

#endif
