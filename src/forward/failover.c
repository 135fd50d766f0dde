/* SPDX-License-Identifier: ISC */
#include "forward/failover.h"

#include <stdio.h>

enum { PIECE_MAX = FORWARD_HOST_MAX + 16 };

/* The end of what stands in front of the next comma. */
static size_t piece_len(const char *text)
{
	bool is_literal = false;
	size_t len = 0;

	for (; text[len] != '\0' && (is_literal || text[len] != ','); len++)
		is_literal = text[len] == '[' || (is_literal && text[len] != ']');
	return len;
}

static enum err bad(struct fault *f, enum err e, const char *piece, const char *why)
{
	return fault_set(
		f, e, 0, "Bad remote forwarding specification: target '%.80s': %s", piece, why);
}

/* host:port, [v6]:port */
static enum err read_target(char *piece, struct forward_target *out, struct fault *f)
{
	char *colon = strrchr(piece, ':'), *host = piece;
	size_t len;

	if (colon == NULL || colon == piece)
		return bad(f, E_FORMAT, piece, "host:hostport is wanted");
	if (!forward_port_parse(colon + 1, &out->port) || out->port == 0)
		return bad(f, E_VALUE, piece,
			"its port is no number from 1 to 65535 and no service name");
	len = (size_t)(colon - piece);
	if (host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len) != NULL) {
		return bad(f, E_FORMAT, piece, "an IPv6 address stands in brackets");
	}
	if (len == 0 || len >= FORWARD_HOST_MAX)
		return bad(f, E_LIMIT, piece, "its host is empty or longer than 255 bytes");
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	return E_OK;
}

enum err failover_split(const char *text, char first[static FORWARD_SPEC_MAX],
	struct forward_spec *spec, struct fault *f)
{
	size_t len = strchr(text, '/') == NULL ? piece_len(text) : strlen(text);

	spec->more_count = 0;
	if (len >= FORWARD_SPEC_MAX)
		return fault_set(f, E_LIMIT, 0, "Bad remote forwarding specification: too long");
	memcpy(first, text, len);
	first[len] = '\0';
	for (text += len; *text == ',';) {
		char piece[PIECE_MAX];
		enum err e;

		len = piece_len(++text);
		if (spec->more_count == FORWARD_MORE_MAX)
			return bad(f, E_LIMIT, text, "there are more than eight of them");
		if (len >= sizeof(piece))
			return bad(f, E_LIMIT, text, "too long");
		memcpy(piece, text, len);
		piece[len] = '\0';
		e = read_target(piece, &spec->more[spec->more_count], f);
		if (e != E_OK)
			return e;
		spec->more_count++;
		text += len;
	}
	return E_OK;
}
