/* SPDX-License-Identifier: ISC */
/*
 * What ip(8) does for a device: up or down, its size of packets, addresses and routes, over rtnetlink(7).
 * Each call asks the kernel of this machine and has its answer at once. Faults say what ip would; their
 * code is errno.
 */
#ifndef IO_RTNL_H
#define IO_RTNL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct rtnl_address {
	int family; /* AF_INET, AF_INET6 */
	uint8_t local[16], peer[16]; /* as long as the family's are */
	unsigned prefix; /* of the peer where there is one */
	bool has_peer;
};

struct rtnl_link {
	bool is_up;
	unsigned mtu;
};

enum err rtnl_get_link(unsigned index, struct rtnl_link *out, struct fault *f) MUST_USE;
enum err rtnl_set_up(unsigned index, bool is_up, struct fault *f) MUST_USE;
enum err rtnl_set_mtu(unsigned index, unsigned mtu, struct fault *f) MUST_USE;
/* What is there already has the code EEXIST, and so has a route that leads elsewhere. */
enum err rtnl_address(
	unsigned index, const struct rtnl_address *a, bool is_added, struct fault *f) MUST_USE;
/* To the network of a->local/prefix. */
enum err rtnl_route(
	unsigned index, const struct rtnl_address *to, bool is_added, struct fault *f) MUST_USE;

#endif
