/* SPDX-License-Identifier: ISC */
#include "forward/tunaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <strings.h>

#include "base/text.h"

static const char peer_word[] = ",peer=";

static unsigned bits_of(bool is_ipv6)
{
	return is_ipv6 ? 128 : 32;
}

static bool read_host(const char *text, bool *is_ipv6, uint8_t out[static 16])
{
	*is_ipv6 = strchr(text, ':') != NULL;
	return inet_pton(*is_ipv6 ? AF_INET6 : AF_INET, text, out) == 1;
}

/* "address[/prefix]". */
static bool read_prefixed(struct bytes text, struct tunaddr *out)
{
	char word[TUNADDR_TEXT], *slash;
	uint64_t prefix;

	if (!bytes_to_cstr(text, word, sizeof(word)))
		return false;
	slash = strchr(word, '/');
	if (slash != NULL)
		*slash = '\0';
	if (!read_host(word, &out->is_ipv6, out->local))
		return false;
	out->prefix = bits_of(out->is_ipv6);
	if (slash == NULL)
		return true;
	if (!text_to_u64(bytes_str(slash + 1), out->prefix, &prefix))
		return false;
	out->prefix = (unsigned)prefix;
	return true;
}

bool tunaddr_parse(const char *text, struct tunaddr *out)
{
	const char *peer = strstr(text, peer_word);
	struct tunaddr got = {0};
	bool is_ipv6;

	if (!read_prefixed(bytes_of(text, peer != NULL ? (size_t)(peer - text) : strlen(text)), &got) ||
		got.prefix == 0)
		return false;
	got.has_peer = peer != NULL;
	if (got.has_peer && (!read_host(peer + strlen(peer_word), &is_ipv6, got.peer) ||
				    is_ipv6 != got.is_ipv6))
		return false;
	*out = got;
	return true;
}

static bool is_network(const struct tunaddr *a)
{
	for (unsigned bit = a->prefix; bit < bits_of(a->is_ipv6); bit++)
		if (a->local[bit / 8] & 0x80 >> bit % 8)
			return false;
	return true;
}

bool tunaddr_parse_network(const char *text, struct tunaddr *out)
{
	struct tunaddr got = {0};

	if (strcasecmp(text, "default") == 0)
		text = "0.0.0.0/0";
	if (!read_prefixed(bytes_str(text), &got) || !is_network(&got))
		return false;
	*out = got;
	return true;
}

static bool is_private(bool is_ipv6, const uint8_t *a)
{
	if (is_ipv6)
		return (a[0] & 0xfe) == 0xfc;
	return a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168) ||
	       (a[0] == 100 && (a[1] & 0xc0) == 64);
}

bool tunaddr_is_private(const struct tunaddr *a)
{
	return is_private(a->is_ipv6, a->local) && (!a->has_peer || is_private(a->is_ipv6, a->peer));
}

void tunaddr_print(const struct tunaddr *a, char out[static TUNADDR_TEXT])
{
	int family = a->is_ipv6 ? AF_INET6 : AF_INET;
	char local[INET6_ADDRSTRLEN] = "", peer[INET6_ADDRSTRLEN] = "";

	inet_ntop(family, a->local, local, sizeof(local));
	if (a->has_peer)
		inet_ntop(family, a->peer, peer, sizeof(peer));
	snprintf(out, TUNADDR_TEXT, "%s/%u%s%s", local, a->prefix, a->has_peer ? peer_word : "", peer);
}
