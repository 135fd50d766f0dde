/* SPDX-License-Identifier: ISC */
#include "relay/ipcbind.h"

#include "wire/reader.h"
#include "wire/writer.h"

struct bytes ipcbind_wr(struct span room, const struct ipc_bind *b)
{
	struct writer w;

	wr_init(&w, room);
	wr_u32(&w, b->session);
	wr_bool(&w, b->is_chosen);
	wr_u32(&w, b->port);
	wr_cstring(&w, b->host);
	return wr_bytes(&w);
}

enum err ipcbind_rd(struct bytes payload, struct ipc_bind *b)
{
	struct reader r;
	struct bytes host;
	uint32_t port;

	rd_init(&r, payload);
	b->session = rd_u32(&r);
	b->is_chosen = rd_bool(&r);
	port = rd_u32(&r);
	b->port = (uint16_t)port;
	host = rd_text(&r, sizeof(b->host) - 1);
	return rd_end(&r) && port <= UINT16_MAX && bytes_to_cstr(host, b->host, sizeof(b->host))
		       ? E_OK
		       : E_FORMAT;
}

struct bytes ipcbind_wr_unbound(struct span room, const struct ipc_unbound *u)
{
	struct writer w;

	wr_init(&w, room);
	wr_u32(&w, u->code);
	wr_cstring(&w, u->why);
	for (size_t i = 0; i < u->count; i++)
		wr_string(&w, bytes_of(&u->addr[i].ss, u->addr[i].len));
	return wr_bytes(&w);
}

/* Both ends are the same program: an address goes as the kernel has it. */
enum err ipcbind_rd_unbound(struct bytes payload, struct ipc_unbound *u)
{
	struct reader r;
	struct bytes why;

	rd_init(&r, payload);
	*u = (struct ipc_unbound){.code = rd_u32(&r)};
	why = rd_text(&r, sizeof(u->why) - 1);
	while (rd_left(&r) > 0 && u->count < BINDER_MAX) {
		struct sock_addr *a = &u->addr[u->count++];
		struct bytes b = rd_string(&r, sizeof(a->ss));

		if (b.len > 0)
			memcpy(&a->ss, b.ptr, b.len);
		a->len = (socklen_t)b.len;
	}
	return rd_end(&r) && bytes_to_cstr(why, u->why, sizeof(u->why)) ? E_OK : E_FORMAT;
}

struct bytes ipcbind_wr_bound(struct span room, uint64_t id)
{
	struct writer w;

	wr_init(&w, room);
	wr_u64(&w, id);
	return wr_bytes(&w);
}

uint64_t ipcbind_rd_bound(struct bytes payload)
{
	return load_be64(payload.ptr);
}
