/* SPDX-License-Identifier: ISC */
#include "relay/ferryman.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "bridge/devconf.h"
#include "conf/relay.h"

enum { RELAY_HOST = 1, AGENT_HOSTS = 2, HOST_BITS = 32 };

/* A device that is in use. */
struct ferryman_seat {
	struct list node;
	uint64_t id;
	uint32_t session;
	uint32_t address; /* of its agent; 0: none from here */
};

void ferryman_init(struct ferryman *f)
{
	*f = (struct ferryman){0};
	list_init(&f->all);
}

static void drop(struct ferryman_seat *seat)
{
	list_remove(&seat->node);
	free(seat);
}

static struct ferryman_seat *seat_of(struct list *node)
{
	return list_entry(node, struct ferryman_seat, node);
}

void ferryman_close(struct ferryman *f, uint64_t id)
{
	for (struct list *n = f->all.next; n != &f->all; n = n->next)
		if (seat_of(n)->id == id) {
			drop(seat_of(n));
			return;
		}
}

void ferryman_leave(struct ferryman *f, uint32_t session)
{
	struct list *n, *next;

	for (n = f->all.next; n != &f->all; n = next) {
		next = n->next;
		if (seat_of(n)->session == session)
			drop(seat_of(n));
	}
}

void ferryman_clear(struct ferryman *f)
{
	while (!list_is_empty(&f->all))
		drop(seat_of(f->all.next));
}

static unsigned count_of(const struct ferryman *f, uint32_t session)
{
	unsigned count = 0;

	for (struct list *n = f->all.next; n != &f->all; n = n->next)
		count += seat_of(n)->session == session;
	return count;
}

/* --- addresses ---------------------------------------------------------------------------------- */

/* Without the network's own, its broadcast, and the relay's. */
static uint32_t hosts_of(const struct tunaddr *pool)
{
	return (1U << (HOST_BITS - pool->prefix)) - 1 - AGENT_HOSTS;
}

uint32_t ferryman_host(const struct tunaddr *pool, const char *fingerprint, uint32_t tries)
{
	uint32_t h = 2166136261U; /* FNV-1a: it is to be spread, not to be secret */

	for (; *fingerprint != '\0'; fingerprint++)
		h = (h ^ (uint8_t)*fingerprint) * 16777619U;
	return AGENT_HOSTS + (h % hosts_of(pool) + tries) % hosts_of(pool);
}

static bool is_taken(const struct ferryman *f, uint32_t address)
{
	for (struct list *n = f->all.next; n != &f->all; n = n->next)
		if (seat_of(n)->address == address)
			return true;
	return false;
}

/* 0: all are taken. */
static uint32_t find_address(
	const struct ferryman *f, const struct tunaddr *pool, const char *fingerprint)
{
	for (uint32_t tries = 0; tries < hosts_of(pool); tries++) {
		uint32_t address =
			load_be32(pool->local) + ferryman_host(pool, fingerprint, tries);

		if (!is_taken(f, address))
			return address;
	}
	return 0;
}

/* The relay's end has its address, the agent's is told its own. */
static enum err give_addresses(const struct ferryman *f, const struct member *m,
	struct ferryman_seat *seat, struct ferryman_gift *gift, struct fault *fault)
{
	const struct relay_settings *s = relay_conf_settings(m->policy);
	struct devconf_wish wish = {.address_count = 1, .is_up = true};
	struct tunaddr *here = &wish.addresses[0], there = {.prefix = HOST_BITS, .has_peer = true};
	struct devconf conf = {.has_link = false};

	if (!s->has_tunnel_pool || gift->tundev.was_there)
		return E_OK;
	seat->address = find_address(f, &s->tunnel_pool, m->identity->fingerprint);
	if (seat->address == 0)
		return fault_set(fault, E_LIMIT, 0, "all addresses of the relay's pool are taken");
	store_be32(there.local, seat->address);
	store_be32(there.peer, load_be32(s->tunnel_pool.local) + RELAY_HOST);
	*here = there;
	store_be32(here->local, load_be32(there.peer));
	store_be32(here->peer, seat->address);
	tunaddr_print(&there, gift->made.offer);
	return devconf_apply(&conf, &gift->tundev, &wish, fault);
}

/* --- asked -------------------------------------------------------------------------------------- */

static enum err make(struct ferryman *f, const struct member *m, const struct tun_open *open,
	uint32_t unit, struct ferryman_seat *seat, struct ferryman_gift *gift, struct fault *fault)
{
	enum err e = tundev_open(open->mode == TUN_ETHERNET, unit == TUN_UNIT_ANY ? UINT32_MAX : unit,
		&gift->tundev, fault);

	if (e != E_OK)
		return e;
	e = give_addresses(f, m, seat, gift, fault);
	if (e != E_OK) {
		close(gift->tundev.fd);
		return e;
	}
	memcpy(gift->made.name, gift->tundev.name, sizeof(gift->made.name));
	return E_OK;
}

enum err ferryman_ask(struct ferryman *f, const struct member *m, const struct tun_open *open,
	struct ferryman_gift *gift, struct fault *fault)
{
	struct ferryman_seat *seat;
	uint32_t unit = TUN_UNIT_ANY;
	enum err e;

	*gift = (struct ferryman_gift){0};
	if (!m)
		return fault_set(fault, E_DENIED, 0, "no key has logged in there");
	e = identity_may_tunnel(m->identity, relay_conf_settings(m->policy), open, &unit, fault);
	if (e != E_OK)
		return e;
	if (count_of(f, m->session) >= FERRYMAN_TUNNELS_MAX)
		return fault_set(fault, E_LIMIT, 0, "this connection has too many tunnels");
	seat = calloc(1, sizeof(*seat));
	if (!seat)
		return fault_set(fault, E_NOMEM, 0, "out of memory");
	e = make(f, m, open, unit, seat, gift, fault);
	if (e != E_OK) {
		free(seat);
		return e;
	}
	seat->session = m->session;
	seat->id = gift->made.id = ++f->last_id;
	list_append(&f->all, &seat->node);
	return E_OK;
}
