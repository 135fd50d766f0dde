/* SPDX-License-Identifier: ISC */
/*
 * What the device of a tunnel gets from us, addresses and all, and how it was before: a device that
 * stays is left as it was found.
 */
#ifndef BRIDGE_DEVCONF_H
#define BRIDGE_DEVCONF_H

#include "forward/tunaddr.h"
#include "io/rtnl.h"
#include "io/tundev.h"

enum { DEVCONF_ADDRESSES = 8, DEVCONF_ROUTES = 64 };

struct devconf_wish {
	struct tunaddr addresses[DEVCONF_ADDRESSES], routes[DEVCONF_ROUTES];
	size_t address_count, route_count;
	unsigned mtu; /* 0: as it is */
	bool is_up;   /* false: as it is */
};

struct devconf {
	struct devconf_wish done; /* what was not so before; private */
	struct rtnl_link before;
	bool has_link;
};

/* What cannot be done is the first fault, and nothing more is tried; what was done stands in c, to be
 * undone in any case. */
enum err devconf_apply(struct devconf *c, const struct tundev *d, const struct devconf_wish *wish,
	struct fault *f) MUST_USE;
/* Another address in the place of old (NULL: of none), and the device up. */
enum err devconf_readdress(struct devconf *c, const struct tundev *d, const struct tunaddr *old,
	const struct tunaddr *now, struct fault *f) MUST_USE;
/* Of a device that stays when it is closed; no matter for one that is gone. */
void devconf_undo(struct devconf *c, const struct tundev *d);

#endif
