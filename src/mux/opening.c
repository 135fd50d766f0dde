/* SPDX-License-Identifier: ISC */
/*
 * RFC 4254 5.1. A packet size of zero is malformed: nothing could ever be sent on such a channel.
 * What we send is bounded by its callers.
 */
#include "mux/opening.h"

#include "wire/msgs.h"

enum err opening_read(struct reader *r, struct opening *o)
{
	struct opening got;

	got.type = rd_string(r, LIMIT_NAME);
	got.sender = rd_u32(r);
	got.window = rd_u32(r);
	got.packet_max = rd_u32(r);
	got.extra = rd_rest(r);
	if (!rd_end(r) || got.packet_max == 0)
		return E_FORMAT;
	*o = got;
	return E_OK;
}

enum err opening_send(const struct port *port, const struct opening *o)
{
	struct writer w;
	enum err e = port->begin(port->ctx, 1 + 4 + o->type.len + 12 + o->extra.len, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_CHANNEL_OPEN);
	wr_string(&w, o->type);
	wr_u32(&w, o->sender);
	wr_u32(&w, o->window);
	wr_u32(&w, o->packet_max);
	wr_raw(&w, o->extra);
	return port->end(port->ctx, &w);
}

enum err opening_read_yes(struct reader *r, struct opening_yes *o)
{
	struct opening_yes got;

	got.recipient = rd_u32(r);
	got.sender = rd_u32(r);
	got.window = rd_u32(r);
	got.packet_max = rd_u32(r);
	got.extra = rd_rest(r);
	if (!rd_end(r) || got.packet_max == 0)
		return E_FORMAT;
	*o = got;
	return E_OK;
}

enum err opening_send_yes(const struct port *port, const struct opening_yes *o)
{
	struct writer w;
	enum err e = port->begin(port->ctx, 1 + 16 + o->extra.len, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_CHANNEL_OPEN_CONFIRMATION);
	wr_u32(&w, o->recipient);
	wr_u32(&w, o->sender);
	wr_u32(&w, o->window);
	wr_u32(&w, o->packet_max);
	wr_raw(&w, o->extra);
	return port->end(port->ctx, &w);
}

enum err opening_read_no(struct reader *r, struct opening_no *o)
{
	struct opening_no got;

	got.recipient = rd_u32(r);
	got.reason = rd_u32(r);
	got.text = rd_string(r, LIMIT_STRING);
	rd_string(r, LIMIT_NAME); /* language tag */
	if (!rd_end(r))
		return E_FORMAT;
	*o = got;
	return E_OK;
}

enum err opening_send_no(const struct port *port, const struct opening_no *o)
{
	struct writer w;
	enum err e = port->begin(port->ctx, 1 + 8 + 4 + o->text.len + 4, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_CHANNEL_OPEN_FAILURE);
	wr_u32(&w, o->recipient);
	wr_u32(&w, o->reason);
	wr_string(&w, o->text);
	wr_cstring(&w, "");
	return port->end(port->ctx, &w);
}
