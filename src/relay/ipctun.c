/* SPDX-License-Identifier: ISC */
#include "relay/ipctun.h"

#include "wire/reader.h"
#include "wire/writer.h"

struct bytes ipctun_wr(struct span room, const struct ipc_tun *t)
{
	struct writer w;

	wr_init(&w, room);
	wr_u32(&w, t->session);
	wr_u32(&w, t->open.mode);
	wr_u32(&w, t->open.unit);
	return wr_bytes(&w);
}

enum err ipctun_rd(struct bytes payload, struct ipc_tun *t)
{
	struct reader r;

	rd_init(&r, payload);
	t->session = rd_u32(&r);
	return tun_read_open(rd_rest(&r), &t->open);
}

struct bytes ipctun_wr_made(struct span room, const struct ipc_made *m)
{
	struct writer w;

	wr_init(&w, room);
	wr_u64(&w, m->id);
	wr_cstring(&w, m->name);
	wr_cstring(&w, m->offer);
	return wr_bytes(&w);
}

enum err ipctun_rd_made(struct bytes payload, struct ipc_made *m)
{
	struct reader r;
	struct bytes name, offer;

	rd_init(&r, payload);
	m->id = rd_u64(&r);
	name = rd_text(&r, sizeof(m->name) - 1);
	offer = rd_text(&r, sizeof(m->offer) - 1);
	return rd_end(&r) && bytes_to_cstr(name, m->name, sizeof(m->name)) &&
			       bytes_to_cstr(offer, m->offer, sizeof(m->offer))
		       ? E_OK
		       : E_FORMAT;
}
