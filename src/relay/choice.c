/* SPDX-License-Identifier: ISC */
#include "relay/choice.h"

#include "relay/book.h"
#include "relay/policy.h"

static bool may(const struct link *l, const struct wish *w, uint16_t port, struct fault *f)
{
	const struct relay *r = l->relay;

	return identity_may_listen(
		       l->identity, policy_of(l), r->low_end, bytes_str(w->host), port, f) == E_OK;
}

/* The start depends on the key, so that keys with the same range seldom meet, and so that it is the
 * same without a book. */
static uint16_t in_range(const struct link *l, const struct wish *w, unsigned nth)
{
	const struct relay_settings *s = policy_of(l);
	struct bytes host = bytes_str(w->host);
	uint32_t count = identity_port_count(l->identity, s, host), start = 0;

	if (nth >= count || nth >= CHOICE_RANGE_MAX)
		return 0;
	for (const char *c = l->identity->fingerprint; *c; c++)
		start = start * 31 + (uint8_t)*c;
	return identity_port(l->identity, s, host, (start % count + nth) % count);
}

enum err choice_judge(const struct link *l, const struct wish *w, struct fault *f)
{
	struct fault unused = {0};
	uint16_t port;

	if (may(l, w, 0, f))
		return E_OK;
	for (unsigned i = 0; (port = in_range(l, w, i)) != 0; i++)
		if (may(l, w, port, &unused))
			return E_OK;
	return E_DENIED;
}

bool choice_is_old(unsigned index)
{
	return index < BOOK_PORTS_MAX;
}

bool choice_next(const struct link *l, const struct wish *w, unsigned *index, uint16_t *port)
{
	struct fault unused = {0};

	for (; choice_is_old(*index); (*index)++) {
		*port = book_port(l->relay->book, l->identity->fingerprint, *index);
		if (*port != 0 && may(l, w, *port, &unused))
			return true;
	}
	if (may(l, w, 0, &unused)) {
		*port = 0;
		return *index == BOOK_PORTS_MAX;
	}
	for (; (*port = in_range(l, w, *index - BOOK_PORTS_MAX)) != 0; (*index)++)
		if (may(l, w, *port, &unused) && !book_owner(l->relay->book, *port))
			return true;
	return false;
}
