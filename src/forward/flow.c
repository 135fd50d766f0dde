/* SPDX-License-Identifier: ISC */
#include "forward/flow.h"

enum {
	IPV4_HEAD = 20,
	IPV6_HEAD = 40,
	MACS = 12,
	FRAME_HEAD = 14,
	VLAN_TAG = 4,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_SCTP = 132,
	FRAGMENT = 0x3fff /* more of them, or not the first */
};

static unsigned load_be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The finish of MurmurHash3: each bit of the input moves each of the output. */
static uint32_t mix(uint32_t h, uint32_t v)
{
	h ^= v;
	h ^= h >> 16;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	return h ^ h >> 16;
}

static uint32_t mix_words(uint32_t h, const uint8_t *p, size_t words)
{
	for (; words > 0; words--, p += 4)
		h = mix(h, load_be32(p));
	return h;
}

static uint32_t mix_ports(uint32_t h, unsigned proto, struct bytes packet, size_t head)
{
	bool has_ports = proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_SCTP;

	return has_ports && packet.len >= head + 4 ? mix(h, load_be32(packet.ptr + head)) : h;
}

static uint32_t of_ipv4(uint32_t h, struct bytes packet)
{
	const uint8_t *p = packet.ptr;
	size_t head;

	if (packet.len < IPV4_HEAD)
		return h;
	head = 4 * (size_t)(p[0] & 15);
	h = mix(mix_words(h, p + 12, 2), p[9]);
	/* Ports stand in the first fragment alone, and all shall go one way. */
	return (load_be16(p + 6) & FRAGMENT) == 0 ? mix_ports(h, p[9], packet, head) : h;
}

static uint32_t of_ipv6(uint32_t h, struct bytes packet)
{
	const uint8_t *p = packet.ptr;

	if (packet.len < IPV6_HEAD)
		return h;
	return mix_ports(mix(mix_words(h, p + 8, 8), p[6]), p[6], packet, IPV6_HEAD);
}

static uint32_t of_frame(uint32_t h, struct bytes frame)
{
	size_t at = FRAME_HEAD;
	unsigned type;

	if (frame.len < FRAME_HEAD)
		return h;
	type = load_be16(frame.ptr + MACS);
	if (type == TYPE_VLAN && frame.len >= FRAME_HEAD + VLAN_TAG) {
		h = mix(h, load_be16(frame.ptr + FRAME_HEAD));
		type = load_be16(frame.ptr + FRAME_HEAD + 2);
		at += VLAN_TAG;
	}
	if (type == TYPE_IPV4)
		return of_ipv4(h, bytes_of(frame.ptr + at, frame.len - at));
	if (type == TYPE_IPV6)
		return of_ipv6(h, bytes_of(frame.ptr + at, frame.len - at));
	return mix(mix_words(h, frame.ptr, MACS / 4), type);
}

uint32_t flow_of(enum tun_mode mode, struct bytes packet, uint32_t salt)
{
	if (mode == TUN_ETHERNET)
		return of_frame(salt, packet);
	if (packet.len == 0)
		return salt;
	return packet.ptr[0] >> 4 == 6 ? of_ipv6(salt, packet) : of_ipv4(salt, packet);
}
