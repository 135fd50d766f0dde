/* SPDX-License-Identifier: ISC */
#include "client/diagnosis_tunnel.h"

#include <string.h>

static void tell_answer(struct findings *f, const struct device *one, const char *subject)
{
	switch (one->state) {
	case DEVICE_UP:
		findings_add(f, TUNNEL_GRANTED, subject, NULL,
			"The relay joined its own device to %s.", one->dev.name);
		break;
	case DEVICE_REFUSED:
		findings_add(f, TUNNEL_DENIED, subject,
			"On the relay: PermitTunnel has to be 'yes', or 'ethernet' or 'point-to-point' as "
			"Tunnel says here; tunnel= of the key must not name another unit; and whoever "
			"one logs in as needs the right to the device (sshd: root, or one made "
			"beforehand).",
			"The relay refused the tunnel: %s.", one->trouble);
		break;
	default:
		findings_add(f, TUNNEL_SILENT, subject, "Look into the relay's log.",
			"The relay did not answer whether it tunnels.");
		break;
	}
}

void diagnosis_tunnel(struct findings *f, const struct device *one, const char *subject)
{
	if (!one->is_open) {
		findings_add(f, DEVICE_ABSENT, subject,
			"Run as root, or with CAP_NET_ADMIN, or do as the sentence says.",
			"There is no device here: %s.", one->trouble);
		return;
	}
	findings_add(f, DEVICE_READY, subject, NULL, "The device here is %s%s.", one->dev.name,
		one->dev.was_there ? ", which was made beforehand" : "");
	tell_answer(f, one, subject);
}

bool diagnosis_tunnel_peer(const struct device *one, char host[static TUNADDR_TEXT])
{
	const struct devconf_wish *given = &one->given;

	if (!one->is_open || one->state != DEVICE_UP)
		return false;
	for (size_t i = 0; i < given->address_count; i++) {
		struct tunaddr peer = {.is_ipv6 = given->addresses[i].is_ipv6};

		if (!given->addresses[i].has_peer)
			continue;
		memcpy(peer.local, given->addresses[i].peer, sizeof(peer.local));
		tunaddr_print(&peer, host);
		host[strcspn(host, "/")] = '\0';
		return true;
	}
	return false;
}

void diagnosis_tunnel_trip(struct findings *f, const struct device *one, const struct knock_result *r,
	const char *subject)
{
	struct ferry_counts counts;

	if (one->ferry == NULL || one->state != DEVICE_UP)
		return;
	ferry_counts(one->ferry, &counts);
	if (r == NULL) {
		findings_add(f, TUNNEL_UNTRIED, subject,
			"Name it, so that it can be tried: -o TunnelAddress=10.9.0.2/32,peer=10.9.0.1",
			"Which address is at the other end is not known, so nothing was sent there.");
		return;
	}
	if ((r->end == KNOCK_REFUSED || r->end == KNOCK_OPEN) && counts.packets_in > 0) {
		findings_add(f, TUNNEL_CARRIES, subject, NULL,
			"A packet went through the tunnel and was answered.");
		return;
	}
	findings_add(f, TUNNEL_MUTE, subject,
		"On the relay: give its device the address and bring it up (ip addr add ADDRESS peer "
		"ADDRESS dev DEVICE; ip link set DEVICE up), and look for a firewall.",
		"Nothing that went into the tunnel was answered; %llu packets went, %llu came.",
		(unsigned long long)counts.packets_out, (unsigned long long)counts.packets_in);
}
