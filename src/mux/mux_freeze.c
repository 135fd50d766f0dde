/* SPDX-License-Identifier: ISC */
/*
 * The connection protocol as bytes: everything but the configuration and the programs' pointers.
 * Read and write side by side. Thaw believes nothing: a channel that could not have come about is
 * E_FORMAT.
 */
#include "mux/mux_impl.h"

#include "wire/msgs.h"

#include <stdlib.h>

enum { FLAG_OURS = 1, FLAG_UNWANTED = 2, FLAG_STARVED = 4, FLAGS_ALL = 7 };

static void freeze_channel(const struct channel *c, uint32_t id, struct writer *w)
{
	uint8_t flags =
		(uint8_t)((c->is_ours ? FLAG_OURS : 0) | (c->is_unwanted ? FLAG_UNWANTED : 0) |
			  (c->is_starved ? FLAG_STARVED : 0));

	wr_u32(w, id);
	wr_u32(w, c->peer_id);
	wr_u32(w, c->peer_packet_max);
	wr_u32(w, c->send.left);
	wr_u32(w, c->recv.size);
	wr_u32(w, c->recv.left);
	wr_u32(w, c->recv.held);
	wr_u8(w, c->in);
	wr_u8(w, c->out);
	wr_u8(w, flags);
	wr_u8(w, c->asked);
	wr_u8(w, c->owed);
	wr_u32(w, c->owed_here);
	wr_u8(w, c->surcharge);
	wr_u64(w, c->bytes_in);
	wr_u64(w, c->bytes_out);
}

static enum err thaw_channel(struct mux *m, struct reader *r)
{
	struct channel got = {0};
	uint32_t id = rd_u32(r);
	struct channel *c;
	uint8_t flags;
	enum err e;

	got.peer_id = rd_u32(r);
	got.peer_packet_max = rd_u32(r);
	send_window_start(&got.send, rd_u32(r));
	got.recv.size = rd_u32(r);
	got.recv.left = rd_u32(r);
	got.recv.held = rd_u32(r);
	got.in = rd_u8(r);
	got.out = rd_u8(r);
	flags = rd_u8(r);
	got.asked = rd_u8(r);
	got.owed = rd_u8(r);
	got.owed_here = rd_u32(r);
	got.surcharge = rd_u8(r);
	got.bytes_in = rd_u64(r);
	got.bytes_out = rd_u64(r);
	got.is_ours = flags & FLAG_OURS;
	got.is_unwanted = flags & FLAG_UNWANTED;
	got.is_starved = flags & FLAG_STARVED;
	if (!rd_ok(r) || flags > FLAGS_ALL || id >= m->ids_given || !channel_is_sane(&got))
		return E_FORMAT;
	c = channel_new(got.is_ours);
	if (c == NULL)
		return E_NOMEM;
	*c = got;
	e = mux_add_at(m, id, c);
	if (e != E_OK) {
		free(c);
		return e;
	}
	e = credit_adopt(&m->credit, &c->recv);
	if (e != E_OK)
		c->recv = (struct recv_window){0}; /* not counted, so not to be given back */
	return e;
}

enum err mux_freeze(const struct mux *m, struct writer *w)
{
	const struct channel *c;

	wr_bool(w, m->has_no_more_sessions);
	wr_u32(w, m->ids_given);
	global_freeze(&m->global, w);
	wr_u32(w, idmap_count(&m->channels));
	for (uint32_t id = 0; (c = idmap_next(&m->channels, &id)) != NULL; id++)
		freeze_channel(c, id, w);
	return wr_ok(w) ? E_OK : E_LIMIT;
}

enum err mux_thaw(const struct mux_config *cfg, struct reader *r, struct mux **out)
{
	struct mux *m;
	uint32_t count;
	enum err e = mux_new(cfg, &m);

	if (e != E_OK)
		return e;
	m->has_no_more_sessions = rd_bool(r);
	m->ids_given = rd_u32(r);
	e = global_thaw(&m->global, r);
	count = rd_u32(r);
	if (e == E_OK && !rd_ok(r))
		e = E_FORMAT;
	/* Ends at the first that does not fit, whatever the count says. */
	for (uint32_t i = 0; i < count && e == E_OK; i++)
		e = thaw_channel(m, r);
	if (e != E_OK) {
		mux_free(m);
		return e;
	}
	*out = m;
	return E_OK;
}
