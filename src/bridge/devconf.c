/* SPDX-License-Identifier: ISC */
#include "bridge/devconf.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static struct rtnl_address to_rtnl(const struct tunaddr *a)
{
	struct rtnl_address out = {.family = a->is_ipv6 ? AF_INET6 : AF_INET,
		.prefix = a->prefix,
		.has_peer = a->has_peer};

	memcpy(out.local, a->local, sizeof(out.local));
	memcpy(out.peer, a->peer, sizeof(out.peer));
	return out;
}

typedef enum err (*change_fn)(
	unsigned index, const struct rtnl_address *a, bool is_added, struct fault *f);

/* Each of from that is not there yet is added, and kept in to. The fault names the one that fails. */
static enum err add_all(change_fn change, unsigned index, const struct tunaddr *from, size_t count,
	struct tunaddr *to, size_t *kept, struct fault *f)
{
	for (size_t i = 0; i < count; i++) {
		struct rtnl_address a = to_rtnl(&from[i]);
		char text[TUNADDR_TEXT];
		struct fault why = {0};
		enum err e = change(index, &a, true, &why);

		if (e == E_OK)
			to[(*kept)++] = from[i];
		else if (why.code != EEXIST || change == rtnl_route) {
			tunaddr_print(&from[i], text);
			return fault_set(f, e, why.code, "%s: %s", text, why.text);
		}
	}
	return E_OK;
}

enum err devconf_apply(
	struct devconf *c, const struct tundev *d, const struct devconf_wish *wish, struct fault *f)
{
	struct devconf_wish *done = &c->done;
	enum err e = rtnl_get_link(d->index, &c->before, f);

	c->has_link = e == E_OK;
	if (e == E_OK && wish->mtu != 0 && wish->mtu != c->before.mtu) {
		e = rtnl_set_mtu(d->index, wish->mtu, f);
		done->mtu = e == E_OK ? wish->mtu : 0;
	}
	if (e == E_OK)
		e = add_all(rtnl_address, d->index, wish->addresses, wish->address_count,
			done->addresses, &done->address_count, f);
	if (e == E_OK && wish->is_up && !c->before.is_up) {
		e = rtnl_set_up(d->index, true, f);
		done->is_up = e == E_OK;
	}
	/* Nothing is routed to a device that is down. */
	if (e == E_OK)
		e = add_all(rtnl_route, d->index, wish->routes, wish->route_count, done->routes,
			&done->route_count, f);
	return e;
}

static void remove_all(change_fn change, unsigned index, const struct tunaddr *items, size_t count)
{
	while (count-- > 0) {
		struct rtnl_address a = to_rtnl(&items[count]);
		struct fault ignored = {0};

		enum err e = change(index, &a, false, &ignored);

		(void)e; /* nobody is left to be told */
	}
}

static void forget_address(struct devconf_wish *done, const struct tunaddr *a)
{
	for (size_t i = 0; i < done->address_count; i++)
		if (memcmp(&done->addresses[i], a, sizeof(*a)) == 0) {
			done->addresses[i] = done->addresses[--done->address_count];
			return;
		}
}

enum err devconf_readdress(struct devconf *c, const struct tundev *d, const struct tunaddr *old,
	const struct tunaddr *now, struct fault *f)
{
	struct devconf_wish *done = &c->done;
	struct rtnl_link link;
	enum err e = rtnl_get_link(d->index, &link, f);

	if (e == E_OK && !c->has_link)
		c->before = link;
	c->has_link |= e == E_OK;
	if (e == E_OK && old != NULL) {
		remove_all(rtnl_address, d->index, old, 1);
		forget_address(done, old);
	}
	if (e == E_OK && done->address_count == DEVCONF_ADDRESSES)
		e = fault_set(f, E_LIMIT, 0, "too many addresses");
	if (e == E_OK)
		e = add_all(rtnl_address, d->index, now, 1, done->addresses, &done->address_count, f);
	if (e == E_OK && !link.is_up) {
		e = rtnl_set_up(d->index, true, f);
		done->is_up |= e == E_OK;
	}
	return e;
}

void devconf_undo(struct devconf *c, const struct tundev *d)
{
	const struct devconf_wish *done = &c->done;
	struct fault ignored = {0};
	enum err e = E_OK;

	if (d->was_there && c->has_link) {
		remove_all(rtnl_route, d->index, done->routes, done->route_count);
		remove_all(rtnl_address, d->index, done->addresses, done->address_count);
		if (done->is_up)
			e = rtnl_set_up(d->index, false, &ignored);
		if (done->mtu != 0)
			e = rtnl_set_mtu(d->index, c->before.mtu, &ignored);
	}
	(void)e;
	*c = (struct devconf){0};
}
