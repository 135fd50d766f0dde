/* SPDX-License-Identifier: ISC */
/*
 * The payloads of TCP forwarding, RFC 4254 7.1 and 7.2: each message read and written in field
 * order. Hosts are text of at most LIMIT_STRING bytes; whether they name anything is for others to
 * say.
 */
#include "forward/tcpip.h"

#include "wire/msgs.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { PORT_MAX = 65535 };

enum err tcpip_read_listen(struct bytes payload, struct tcpip_listen *out)
{
	struct tcpip_listen got;
	struct reader r;
	enum err e;

	rd_init(&r, payload);
	got.host = rd_text(&r, LIMIT_STRING);
	got.port = rd_u32(&r);
	e = rd_finish(&r);
	if (e == E_OK && got.port > PORT_MAX)
		e = E_VALUE;
	if (e == E_OK)
		*out = got;
	return e;
}

enum err tcpip_write_listen(struct span into, const struct tcpip_listen *in, size_t *len)
{
	struct writer w;

	wr_init(&w, into);
	wr_string(&w, in->host);
	wr_u32(&w, in->port);
	return wr_finish(&w, len);
}

enum err tcpip_read_port(struct bytes payload, uint32_t *port)
{
	struct reader r;
	uint32_t got;
	enum err e;

	rd_init(&r, payload);
	got = rd_u32(&r);
	e = rd_finish(&r);
	/* RFC 4254 7.1: the port that was allocated, so zero is no answer. */
	if (e == E_OK && (got == 0 || got > PORT_MAX))
		e = E_VALUE;
	if (e == E_OK)
		*port = got;
	return e;
}

enum err tcpip_write_port(struct span into, uint32_t port, size_t *len)
{
	struct writer w;

	wr_init(&w, into);
	wr_u32(&w, port);
	return wr_finish(&w, len);
}

enum err tcpip_read_open(struct bytes payload, struct tcpip_open *out)
{
	struct tcpip_open got;
	struct reader r;
	enum err e;

	rd_init(&r, payload);
	got.host = rd_text(&r, LIMIT_STRING);
	got.port = rd_u32(&r);
	got.originator = rd_text(&r, LIMIT_STRING);
	got.originator_port = rd_u32(&r);
	e = rd_finish(&r);
	if (e == E_OK && (got.port > PORT_MAX || got.originator_port > PORT_MAX))
		e = E_VALUE;
	if (e == E_OK)
		*out = got;
	return e;
}

enum err tcpip_write_open(struct span into, const struct tcpip_open *in, size_t *len)
{
	struct writer w;

	wr_init(&w, into);
	wr_string(&w, in->host);
	wr_u32(&w, in->port);
	wr_string(&w, in->originator);
	wr_u32(&w, in->originator_port);
	return wr_finish(&w, len);
}
