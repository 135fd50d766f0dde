/* SPDX-License-Identifier: ISC */
/*
 * What the program has sent (RFC 4254 4, 5). A command on a dead number, or against the state of
 * the channel, is E_STATE and sends nothing. The path of bulk data allocates nothing and copies
 * nothing: the program reads into the packets themselves, and only their heads are written here.
 */
#include "mux/mux_impl.h"

#include "mux/opening.h"
#include "wire/msgs.h"

#include <stdlib.h>

/* --- opening ---------------------------------------------------------------------------------- */

enum err mux_open(
	struct mux *m, const char *type, struct bytes extra, void *user, uint32_t *channel)
{
	struct opening o = {
		.type = bytes_str(type), .packet_max = m->cfg.packet_max, .extra = extra};
	struct channel *c;
	enum err e;

	if (m->opening_ours >= mux_opening_max(m) || o.type.len > LIMIT_NAME ||
		extra.len > DATA_MAX)
		return E_LIMIT;
	c = channel_new(true);
	if (c == NULL)
		return E_NOMEM;
	c->user = user;
	e = mux_add(m, c, &o.sender);
	if (e != E_OK) {
		free(c);
		return e;
	}
	credit_start(&m->credit, &c->recv, mux_channel_count(m));
	o.window = c->recv.left;
	e = opening_send(&m->cfg.port, &o);
	if (e != E_OK) {
		mux_drop(m, o.sender);
		return e;
	}
	*channel = o.sender;
	return E_OK;
}

/* A channel of the peer that waits for our word; NULL when the number is anything else. */
static struct channel *find_asked_for(const struct mux *m, uint32_t channel)
{
	struct channel *c = mux_find(m, channel);

	return c != NULL && !c->is_ours && c->in == IN_WAITS ? c : NULL;
}

enum err mux_accept(struct mux *m, uint32_t channel, void *user)
{
	return mux_accept_with(m, channel, user, (struct bytes){0});
}

enum err mux_accept_with(struct mux *m, uint32_t channel, void *user, struct bytes extra)
{
	struct channel *c = find_asked_for(m, channel);
	struct opening_yes yes;
	enum err e;

	if (c == NULL)
		return E_STATE;
	e = channel_set_in(c, IN_FLOWS);
	if (e == E_OK)
		e = channel_set_out(c, OUT_FLOWS);
	if (e != E_OK)
		return e;
	m->opening_theirs--;
	c->user = user;
	credit_start(&m->credit, &c->recv, mux_channel_count(m));
	yes = (struct opening_yes){.recipient = c->peer_id,
		.sender = channel,
		.window = c->recv.left,
		.packet_max = m->cfg.packet_max,
		.extra = extra};
	return opening_send_yes(&m->cfg.port, &yes);
}

enum err mux_refuse(struct mux *m, uint32_t channel, uint32_t reason, const char *text)
{
	struct channel *c = find_asked_for(m, channel);
	struct opening_no no;

	if (c == NULL)
		return E_STATE;
	no = (struct opening_no){
		.recipient = c->peer_id, .reason = reason, .text = bytes_str(text)};
	if (no.text.len > LIMIT_STRING)
		no.text.len = LIMIT_STRING;
	mux_drop(m, channel);
	return opening_send_no(&m->cfg.port, &no);
}

/* --- data ------------------------------------------------------------------------------------- */

static struct channel *find_sending(const struct mux *m, uint32_t channel)
{
	struct channel *c = mux_find(m, channel);

	return c != NULL && c->out == OUT_FLOWS ? c : NULL;
}

static uint32_t piece_max(const struct channel *c)
{
	return c->peer_packet_max < DATA_MAX ? c->peer_packet_max : DATA_MAX;
}

size_t mux_lend(struct mux *m, uint32_t channel, size_t want, struct span *pieces, size_t max)
{
	const struct channel *c = find_sending(m, channel);
	size_t count, i;

	m->lent = (struct mux_lent){0};
	if (c == NULL || max == 0)
		return 0;
	if (c->surcharge > 0)
		max = 1;
	if (c->send.left <= c->surcharge)
		return 0;
	if (want > c->send.left - c->surcharge)
		want = c->send.left - c->surcharge;
	if (want == 0)
		return 0;
	m->lent.channel = channel;
	m->lent.piece_max = piece_max(c);
	count = m->cfg.port.lend(m->cfg.port.ctx, DATA_HEAD, m->lent.piece_max, want, pieces, max);
	/* mux_commit cuts by the packet size alone, so nothing may follow a short piece. */
	for (i = 0; i < count; i++) {
		m->lent.bytes += pieces[i].len;
		if (pieces[i].len < m->lent.piece_max)
			return i + 1;
	}
	return count;
}

/* Seals the first n <= piece_max bytes lent. */
static enum err commit_piece(struct mux *m, const struct channel *c, uint32_t n)
{
	uint8_t *head = m->cfg.port.lent(m->cfg.port.ctx);

	if (head == NULL) /* something else was sent meanwhile */
		return E_STATE;
	head[0] = MSG_CHANNEL_DATA;
	store_be32(head + 1, c->peer_id);
	store_be32(head + 5, n);
	return m->cfg.port.commit(m->cfg.port.ctx, DATA_HEAD + (size_t)n);
}

enum err mux_commit(struct mux *m, uint32_t channel, size_t n)
{
	struct channel *c = find_sending(m, channel);
	struct mux_lent lent = m->lent;

	m->lent = (struct mux_lent){0};
	if (c == NULL || n > lent.bytes || (n > 0 && lent.channel != channel) || n > c->send.left ||
		(n > 0 && c->surcharge > c->send.left - n))
		return E_STATE;
	while (n > 0) {
		uint32_t piece = n < lent.piece_max ? (uint32_t)n : lent.piece_max;
		enum err e = commit_piece(m, c, piece);

		if (e != E_OK)
			return e;
		send_window_spend(&c->send, piece + c->surcharge);
		c->bytes_out += piece;
		n -= piece;
	}
	return E_OK;
}

void mux_surcharge(struct mux *m, uint32_t channel, uint8_t bytes)
{
	struct channel *c = mux_find(m, channel);

	if (c != NULL)
		c->surcharge = bytes;
}

bool mux_has_room(struct mux *m, uint32_t channel, size_t n)
{
	struct channel *c = find_sending(m, channel);

	if (c == NULL || n > piece_max(c))
		return false;
	if (n + c->surcharge <= c->send.left)
		return true;
	c->is_starved = true;
	return false;
}

static enum err write_piece(
	struct mux *m, const struct channel *c, uint32_t extended, struct bytes data)
{
	struct writer w;
	enum err e = m->cfg.port.begin(m->cfg.port.ctx, DATA_HEAD + 4 + data.len, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, extended == 0 ? MSG_CHANNEL_DATA : MSG_CHANNEL_EXTENDED_DATA);
	wr_u32(&w, c->peer_id);
	if (extended != 0)
		wr_u32(&w, extended);
	wr_string(&w, data);
	return m->cfg.port.end(m->cfg.port.ctx, &w);
}

enum err mux_write(struct mux *m, uint32_t channel, uint32_t extended, struct bytes data)
{
	struct channel *c = find_sending(m, channel);

	if (c == NULL)
		return E_STATE;
	if (data.len > c->send.left) {
		c->is_starved = true;
		return E_AGAIN;
	}
	while (data.len > 0) {
		size_t n = data.len < piece_max(c) ? data.len : piece_max(c);
		enum err e = write_piece(m, c, extended, bytes_of(data.ptr, n));

		if (e != E_OK)
			return e;
		send_window_spend(&c->send, (uint32_t)n);
		c->bytes_out += n;
		data = bytes_of(data.ptr + n, data.len - n);
	}
	return E_OK;
}

static enum err send_adjust(struct mux *m, const struct channel *c, uint32_t n)
{
	struct writer w;
	enum err e = m->cfg.port.begin(m->cfg.port.ctx, 1 + 4 + 4, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_CHANNEL_WINDOW_ADJUST);
	wr_u32(&w, c->peer_id);
	wr_u32(&w, n);
	return m->cfg.port.end(m->cfg.port.ctx, &w);
}

enum err mux_consumed(struct mux *m, uint32_t channel, uint32_t n)
{
	struct channel *c = mux_find(m, channel);
	uint32_t grant;

	if (c == NULL || n > c->recv.held)
		return E_STATE;
	credit_consume(&m->credit, &c->recv, n);
	/* Nobody will use credit past an EOF, and none may be given past our CLOSE. */
	if (c->in != IN_FLOWS || c->out == OUT_CLOSED)
		return E_OK;
	grant = credit_grant(&m->credit, &c->recv, mux_channel_count(m));
	return grant > 0 ? send_adjust(m, c, grant) : E_OK;
}

/* --- the two ends of a channel ---------------------------------------------------------------- */

enum err mux_eof(struct mux *m, uint32_t channel)
{
	struct channel *c = mux_find(m, channel);
	enum err e;

	if (c == NULL)
		return E_STATE;
	if (c->out == OUT_EOF || c->out == OUT_CLOSED)
		return E_OK;
	e = channel_set_out(c, OUT_EOF);
	return e == E_OK ? mux_send_plain(m, MSG_CHANNEL_EOF, c) : e;
}

enum err mux_close(struct mux *m, uint32_t channel)
{
	struct channel *c = mux_find(m, channel);
	enum err e;

	if (c == NULL)
		return E_STATE;
	if (c->out == OUT_CLOSED)
		return E_OK;
	if (c->is_ours && c->out == OUT_WAITS) {
		/* There is no number to close it by yet; the confirmation will bring it. */
		c->is_unwanted = true;
		return E_OK;
	}
	e = channel_set_out(c, OUT_CLOSED);
	return e == E_OK ? mux_send_plain(m, MSG_CHANNEL_CLOSE, c) : e;
}

/* --- requests --------------------------------------------------------------------------------- */

enum err mux_request(
	struct mux *m, uint32_t channel, const char *name, bool want_reply, struct bytes data)
{
	struct channel *c = mux_find(m, channel);
	struct bytes type = bytes_str(name);
	struct writer w;
	enum err e;

	if (c == NULL || c->out == OUT_WAITS || c->out == OUT_CLOSED)
		return E_STATE;
	if (type.len > LIMIT_NAME || data.len > DATA_MAX ||
		(want_reply && c->asked >= CHANNEL_REPLIES_MAX))
		return E_LIMIT;
	e = m->cfg.port.begin(m->cfg.port.ctx, 1 + 4 + 4 + type.len + 1 + data.len, &w);
	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_CHANNEL_REQUEST);
	wr_u32(&w, c->peer_id);
	wr_string(&w, type);
	wr_bool(&w, want_reply);
	wr_raw(&w, data);
	e = m->cfg.port.end(m->cfg.port.ctx, &w);
	if (e == E_OK && want_reply)
		c->asked++;
	return e;
}

enum err mux_request_reply(struct mux *m, uint32_t channel, bool is_ok)
{
	struct channel *c = mux_find(m, channel);
	enum err e;

	if (c == NULL || !channel_pay(c))
		return E_STATE;
	if (c->out == OUT_CLOSED) { /* RFC 4254 5.3: nothing follows our CLOSE */
		while (channel_pay_refused(c))
			;
		return E_OK;
	}
	e = mux_send_plain(m, is_ok ? MSG_CHANNEL_SUCCESS : MSG_CHANNEL_FAILURE, c);
	return e == E_OK ? mux_send_refused(m, c) : e;
}

enum err mux_global(
	struct mux *m, const char *name, bool want_reply, struct bytes data, uint32_t token)
{
	struct global_request q = {.name = bytes_str(name), .want_reply = want_reply, .data = data};

	return global_ask(&m->global, &m->cfg.port, &q, token);
}

enum err mux_global_reply(
	struct mux *m, uint32_t token, bool is_ok, struct bytes data, const char *reason)
{
	return global_reply(&m->global, &m->cfg.port, token, is_ok, data, reason);
}

enum err mux_keepalive(struct mux *m)
{
	return global_keepalive(&m->global, &m->cfg.port);
}
