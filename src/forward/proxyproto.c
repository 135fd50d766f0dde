/* SPDX-License-Identifier: ISC */
#include "forward/proxyproto.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>

enum {
	ADDRESS_TEXT = 64,
	V4_LEN = 4,
	V6_LEN = 16,
	PORTS_LEN = 4,
	/* of the binary header: the fixed part, version 2 with PROXY, TCP over v4 and v6 */
	FIXED_LEN = 16,
	COMMAND_PROXY = 0x21,
	TCP_V4 = 0x11,
	TCP_V6 = 0x21
};

struct address {
	int family; /* AF_UNSPEC: not known */
	uint8_t raw[V6_LEN];
};

/* IPv4 in the clothes of IPv6 is IPv4, and a zone is of no use to anybody else. */
static struct address read_address(struct bytes text)
{
	static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct address a = {AF_UNSPEC, {0}};
	char copy[ADDRESS_TEXT], *zone;

	if (!bytes_to_cstr(text, copy, sizeof(copy)))
		return a;
	zone = strchr(copy, '%');
	if (zone != NULL)
		*zone = '\0';
	if (inet_pton(AF_INET, copy, a.raw) == 1) {
		a.family = AF_INET;
	} else if (inet_pton(AF_INET6, copy, a.raw) == 1) {
		a.family = AF_INET6;
		if (memcmp(a.raw, mapped, sizeof(mapped)) == 0) {
			a.family = AF_INET;
			memmove(a.raw, a.raw + sizeof(mapped), V4_LEN);
		}
	}
	return a;
}

/* Both ends in one family, as the header wants them. */
static void read_ends(const struct proxyproto_ends *ends, struct address *from, struct address *to)
{
	*from = read_address(ends->from);
	if (ends->from_port > UINT16_MAX || ends->to_port > UINT16_MAX)
		from->family = AF_UNSPEC;
	*to = read_address(ends->to);
	if (to->family != from->family)
		*to = (struct address){from->family, {0}};
}

static size_t write_text(const struct proxyproto_ends *ends, uint8_t *out)
{
	char source[INET6_ADDRSTRLEN], sink[INET6_ADDRSTRLEN];
	struct address from, to;
	int n;

	read_ends(ends, &from, &to);
	if (from.family == AF_UNSPEC ||
		inet_ntop(from.family, from.raw, source, sizeof(source)) == NULL ||
		inet_ntop(to.family, to.raw, sink, sizeof(sink)) == NULL)
		n = snprintf((char *)out, PROXYPROTO_MAX, "PROXY UNKNOWN\r\n");
	else
		n = snprintf((char *)out, PROXYPROTO_MAX, "PROXY TCP%c %s %s %u %u\r\n",
			from.family == AF_INET ? '4' : '6', source, sink, ends->from_port,
			ends->to_port);
	return (size_t)n;
}

static void put_port(uint8_t *out, uint32_t port)
{
	out[0] = (uint8_t)(port >> 8);
	out[1] = (uint8_t)port;
}

static size_t write_binary(const struct proxyproto_ends *ends, uint8_t *out)
{
	static const uint8_t signature[] = {
		'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
	struct address from, to;
	size_t each, len;

	read_ends(ends, &from, &to);
	each = from.family == AF_INET ? V4_LEN : from.family == AF_INET6 ? V6_LEN : 0;
	len = each > 0 ? 2 * each + PORTS_LEN : 0;
	memcpy(out, signature, sizeof(signature));
	out[12] = COMMAND_PROXY;
	out[13] = each == 0 ? 0 : from.family == AF_INET ? TCP_V4 : TCP_V6;
	put_port(out + 14, (uint32_t)len);
	if (each > 0) {
		memcpy(out + FIXED_LEN, from.raw, each);
		memcpy(out + FIXED_LEN + each, to.raw, each);
		put_port(out + FIXED_LEN + 2 * each, ends->from_port);
		put_port(out + FIXED_LEN + 2 * each + 2, ends->to_port);
	}
	return FIXED_LEN + len;
}

size_t proxyproto_write(enum proxy_version version, const struct proxyproto_ends *ends,
	uint8_t out[static PROXYPROTO_MAX])
{
	switch (version) {
	case PROXY_V1:
		return write_text(ends, out);
	case PROXY_V2:
		return write_binary(ends, out);
	case PROXY_NONE:
		break;
	}
	return 0;
}
