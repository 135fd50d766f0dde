/* SPDX-License-Identifier: ISC */
/*
 * Tunnels of networks: -w and the keywords about them. ssh has one a connection, ours may have more, so
 * what belongs to one of them may say to which, as in "2=10.9.0.2/30" for the second -w.
 */
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "conf/client_impl.h"

static enum err add(struct client_conf *c, const struct tun_spec *spec, struct fault *f)
{
	struct client_settings *s = &c->s;

	if (s->tunnel_count == CLIENT_TUNNELS_MAX)
		return fault_set(f, E_LIMIT, 0, "more than %d tunnels", CLIENT_TUNNELS_MAX);
	s->tunnels[s->tunnel_count++] = (struct client_tunnel){.spec = *spec};
	return E_OK;
}

enum err client_conf_tunnel(struct client_conf *c, const char *text, struct fault *f)
{
	struct tun_spec spec;

	if (!tun_spec_parse(text, &spec))
		return fault_set(f, E_VALUE, 0, "Bad tun device '%.60s'", text);
	return add(c, &spec, f);
}

enum err client_take_tunnel_device(
	struct client_conf *c, const char *arg, bool is_active, const struct conf_at *at)
{
	struct tun_spec spec;

	if (!tun_spec_parse(arg, &spec))
		return conf_bad(at, E_VALUE, "Bad tun device.");
	if (is_active && !c->has_tunnel_device) {
		c->s.tunnel_device = spec;
		c->has_tunnel_device = true;
	}
	return E_OK;
}

/* Takes "2=" off a word; the first tunnel is meant without. */
static struct client_tunnel *owner_of(
	struct client_settings *s, const char *keyword, const char **word, struct fault *f)
{
	const char *equals = strchr(*word, '='), *comma = strchr(*word, ',');
	uint64_t number = 1;

	if (equals != NULL && (comma == NULL || equals < comma)) {
		if (!text_to_u64(bytes_of(*word, (size_t)(equals - *word)), s->tunnel_count, &number) ||
			number == 0) {
			(void)fault_set(f, E_VALUE, 0, "%s %.60s: there is no such tunnel; the first -w is 1",
				keyword, *word);
			return NULL;
		}
		*word = equals + 1;
	}
	return &s->tunnels[number - 1];
}

static enum err finish_addresses(struct client_settings *s, struct fault *f)
{
	for (size_t i = 0; i < s->tunnel_address_count; i++) {
		const char *word = s->tunnel_addresses[i];
		struct client_tunnel *t = owner_of(s, "TunnelAddress", &word, f);

		if (t == NULL)
			return E_VALUE;
		if (t->address_count == CLIENT_TUNNEL_ADDRESSES)
			return fault_set(f, E_LIMIT, 0, "TunnelAddress: more than %d for one tunnel",
				CLIENT_TUNNEL_ADDRESSES);
		if (!tunaddr_parse(word, &t->addresses[t->address_count++]))
			return fault_set(f, E_VALUE, 0,
				"TunnelAddress %.60s: an address is wanted, as 10.9.0.2/30 or "
				"10.9.0.2/30,peer=10.9.0.1",
				word);
	}
	return E_OK;
}

static enum err finish_routes(struct client_settings *s, struct fault *f)
{
	for (size_t i = 0; i < s->tunnel_route_count; i++) {
		const char *word = s->tunnel_routes[i];
		struct client_tunnel *t = owner_of(s, "TunnelRoutes", &word, f);

		if (t == NULL)
			return E_VALUE;
		if (t->route_count == CLIENT_TUNNEL_ROUTES)
			return fault_set(f, E_LIMIT, 0, "TunnelRoutes: more than %d for one tunnel",
				CLIENT_TUNNEL_ROUTES);
		if (!tunaddr_parse_network(word, &t->routes[t->route_count++]))
			return fault_set(f, E_VALUE, 0,
				"TunnelRoutes %.60s: a network is wanted, as 10.8.0.0/16 or default, with "
				"no bits behind its prefix",
				word);
	}
	return E_OK;
}

/* -w means point-to-point unless it was said otherwise, and "no" as well; without -w it is TunnelDevice
 * that says which. */
static enum err finish_devices(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;

	if (s->tunnel_count > 0 && !keywords_is_set(&c->words, keywords_find(&c->words, "Tunnel")))
		s->tunnel = TUN_POINT_TO_POINT;
	if (s->tunnel == TUN_NONE)
		s->tunnel_count = 0;
	else if (s->tunnel_count == 0)
		return add(c, &s->tunnel_device, f);
	return E_OK;
}

enum err client_finish_tunnels(struct client_conf *c, struct fault *f)
{
	struct client_settings *s = &c->s;
	enum err e = finish_devices(c, f);
	bool has_up = keywords_is_set(&c->words, keywords_find(&c->words, "TunnelUp"));

	s->tunnel_takes_addresses = s->tunnel_address_count == 0;
	if (s->tunnel_address_count == 1 && strcasecmp(s->tunnel_addresses[0], "none") == 0)
		s->tunnel_address_count = 0;
	if (!has_up)
		s->tunnel_up = s->tunnel_address_count + s->tunnel_route_count > 0;
	if (e != E_OK || s->tunnel_count == 0)
		return e;
	if (s->tunnel_mtu != 0 && (s->tunnel_mtu < 68 || s->tunnel_mtu > TUN_MTU_MAX))
		return fault_set(f, E_VALUE, 0, "TunnelMTU %u: 68 to %d is wanted", s->tunnel_mtu,
			TUN_MTU_MAX);
	e = finish_addresses(s, f);
	return e == E_OK ? finish_routes(s, f) : e;
}
