/* SPDX-License-Identifier: ISC */
/* Addresses against lists: networks by their bits, everything else as a pattern over the text. */
#include "keys/addrmatch.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>

struct address {
	uint8_t bits[16];
	unsigned len; /* 4 or 16 bytes; 0: none */
};

enum element { ELEMENT_BAD, ELEMENT_NETWORK, ELEMENT_PATTERN };

enum { MAPPED_BITS = 96 }; /* before the IPv4 address in a mapped one */

static bool read_address(struct bytes text, struct address *out)
{
	char copy[ADDRMATCH_TEXT_MAX];

	*out = (struct address){.len = 0};
	if (!bytes_to_cstr(text, copy, sizeof copy))
		return false;
	if (inet_pton(AF_INET, copy, out->bits) == 1)
		out->len = 4;
	else if (inet_pton(AF_INET6, copy, out->bits) == 1)
		out->len = 16;
	return out->len != 0;
}

/* RFC 4291 2.5.5.2: ::ffff:a.b.c.d is how a socket for both families tells of an IPv4 peer. */
static bool unmap(struct address *a)
{
	static const uint8_t prefix[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

	if (a->len != 16 || memcmp(a->bits, prefix, sizeof prefix) != 0)
		return false;
	memmove(a->bits, a->bits + sizeof prefix, 4);
	a->len = 4;
	return true;
}

/* Whether all bits of a from number first on equal those of b; b NULL: are zero. */
static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		uint8_t mask = (uint8_t)(0x80 >> i % 8);

		if (((a[i / 8] ^ (b != NULL ? b[i / 8] : 0)) & mask) != 0)
			return false;
	}
	return true;
}

/* What an element is, without its "!". A bare address is a network of one. */
static enum element read_element(struct bytes text, struct address *net, unsigned *prefix)
{
	const uint8_t *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;
	struct bytes host = text;
	uint64_t mask;

	if (text.len == 0)
		return ELEMENT_BAD;
	if (slash == NULL) {
		if (!read_address(text, net))
			return ELEMENT_PATTERN;
		unmap(net);
		*prefix = net->len * 8;
		return ELEMENT_NETWORK;
	}
	host.len = (size_t)(slash - text.ptr);
	if (!read_address(host, net) ||
		!text_to_u64(bytes_of(slash + 1, text.len - host.len - 1), net->len * 8, &mask) ||
		!bits_equal(net->bits, NULL, (unsigned)mask, net->len * 8))
		return ELEMENT_BAD;
	if (mask >= MAPPED_BITS && unmap(net))
		mask -= MAPPED_BITS;
	*prefix = (unsigned)mask;
	return ELEMENT_NETWORK;
}

/* Takes the next element off the list. An empty list has one empty element. */
static bool next_element(struct bytes *rest, bool *at_end, struct bytes *element, bool *negated)
{
	const uint8_t *comma;

	if (*at_end)
		return false;
	*element = *rest;
	comma = rest->len > 0 ? memchr(rest->ptr, ',', rest->len) : NULL;
	if (comma != NULL) {
		element->len = (size_t)(comma - rest->ptr);
		*rest = bytes_of(comma + 1, rest->len - element->len - 1);
	} else {
		*at_end = true;
	}
	*negated = element->len > 0 && element->ptr[0] == '!';
	if (*negated)
		*element = bytes_of(element->ptr + 1, element->len - 1);
	return true;
}

bool addrmatch_is_valid(struct bytes list)
{
	bool at_end = false, negated;
	struct bytes element;

	while (next_element(&list, &at_end, &element, &negated)) {
		struct address net;
		unsigned prefix;

		if (read_element(element, &net, &prefix) == ELEMENT_BAD)
			return false;
	}
	return true;
}

bool addrmatch_is_networks(struct bytes list)
{
	bool at_end = false, negated;
	struct bytes element;

	while (next_element(&list, &at_end, &element, &negated)) {
		struct address net;
		unsigned prefix;

		if (negated || read_element(element, &net, &prefix) != ELEMENT_NETWORK)
			return false;
	}
	return true;
}

static bool element_matches(struct bytes element, const struct address *a, struct bytes shown)
{
	struct address net;
	unsigned prefix;

	switch (read_element(element, &net, &prefix)) {
	case ELEMENT_NETWORK:
		return net.len == a->len && bits_equal(net.bits, a->bits, 0, prefix);
	case ELEMENT_PATTERN:
		return text_match_list(element, shown, true) == 1;
	case ELEMENT_BAD:
		break;
	}
	return false;
}

/* The address as bits and in its one usual spelling, which patterns are held against. */
static bool read_peer(const char *address, struct address *a, char shown[static ADDRMATCH_TEXT_MAX])
{
	const char *zone = strchrnul(address, '%');
	char host[INET6_ADDRSTRLEN];
	int len;

	if (!read_address(bytes_of(address, (size_t)(zone - address)), a))
		return false;
	unmap(a);
	if (inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->bits, host, sizeof host) == NULL)
		return false;
	len = snprintf(shown, ADDRMATCH_TEXT_MAX, "%s%s", host, zone);
	return len > 0 && len < ADDRMATCH_TEXT_MAX;
}

bool addrmatch_allows(struct bytes list, const char *address)
{
	bool at_end = false, negated, found = false;
	char shown[ADDRMATCH_TEXT_MAX];
	struct bytes element;
	struct address a;

	if (!addrmatch_is_valid(list) || !read_peer(address, &a, shown))
		return false;
	while (next_element(&list, &at_end, &element, &negated)) {
		if (!element_matches(element, &a, bytes_str(shown)))
			continue;
		if (negated)
			return false;
		found = true;
	}
	return found;
}
