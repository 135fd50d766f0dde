/* SPDX-License-Identifier: ISC */
/*
 * The way out of a machine that speaks messages: it asks for room, writes a plain payload, and gives it
 * back to be framed, sealed and queued. The session lends its transport behind this; a test lends an
 * array. Payloads start with the message number.
 */
#ifndef WIRE_PORT_H
#define WIRE_PORT_H

#include "base/err.h"
#include "wire/writer.h"

struct port {
	void *ctx;
	/* Room for one payload of at most max bytes. E_LIMIT, E_NOMEM: the connection cannot go on. */
	enum err (*begin)(void *ctx, size_t max, struct writer *w);
	/* Sends what was written (checks wr_ok). Order of end is order on the wire. */
	enum err (*end)(void *ctx, struct writer *w);
	/* Lends room for bulk data: up to max_spans pieces of at most max_data bytes, want in all, each
	 * with head bytes of payload kept free in front. Returns how many; 0 while bulk data cannot be
	 * sent (exchange open, output queued). The pieces hold until the next call on the port. */
	size_t (*lend)(void *ctx, size_t head, size_t max_data, size_t want, struct span *pieces,
		size_t max_spans);
	/* Of what was lent: where the payload of the first packet not yet committed starts. */
	uint8_t *(*lent)(void *ctx);
	/* Seals that packet: payload_len counts head and data. Full packets first, a short one last. */
	enum err (*commit)(void *ctx, size_t payload_len);
};

#endif
