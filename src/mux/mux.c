/* SPDX-License-Identifier: ISC */
/*
 * The table of channels (RFC 4254 5): who is in it and how one leaves. A number is used again only
 * after both CLOSEs, since a channel stays in the table until the peer's has come and ours has
 * gone.
 */
#include "mux/mux.h"

#include "mux/mux_impl.h"
#include "wire/msgs.h"

#include <stdlib.h>

enum err mux_new(const struct mux_config *cfg, struct mux **out)
{
	struct mux *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return E_NOMEM;
	m->cfg = *cfg;
	idmap_init(&m->channels, cfg->channels_max);
	global_init(&m->global);
	credit_init(&m->credit, cfg->window, cfg->budget, cfg->channels_max);
	*out = m;
	return E_OK;
}

void mux_free(struct mux *m)
{
	struct channel *c;

	if (m == NULL)
		return;
	for (uint32_t id = 0; (c = idmap_next(&m->channels, &id)) != NULL; id++)
		free(c);
	idmap_fini(&m->channels);
	global_fini(&m->global);
	free(m);
}

void mux_narrow(struct mux *m, uint32_t window)
{
	credit_narrow(&m->credit, window);
}

void mux_narrow_next(struct mux *m, uint32_t window)
{
	credit_narrow_next(&m->credit, window);
}

struct channel *mux_find(const struct mux *m, uint32_t channel)
{
	return idmap_get(&m->channels, channel);
}

unsigned mux_opening_max(const struct mux *m)
{
	return m->cfg.is_server ? LIMIT_OPENING : LIMIT_OPENING_CLIENT;
}

static unsigned *opening_count(struct mux *m, const struct channel *c)
{
	return c->is_ours ? &m->opening_ours : &m->opening_theirs;
}

static void count_in(struct mux *m, uint32_t channel, const struct channel *c)
{
	if (c->in == IN_WAITS)
		++*opening_count(m, c);
	if (channel >= m->ids_given)
		m->ids_given = channel + 1;
}

enum err mux_add(struct mux *m, struct channel *c, uint32_t *channel)
{
	enum err e = idmap_add(&m->channels, c, channel);

	if (e == E_OK)
		count_in(m, *channel, c);
	return e;
}

enum err mux_add_at(struct mux *m, uint32_t channel, struct channel *c)
{
	enum err e;

	if (c->in == IN_WAITS && *opening_count(m, c) >= mux_opening_max(m))
		return E_FORMAT;
	e = idmap_add_at(&m->channels, channel, c);
	if (e != E_OK)
		return e == E_NOMEM ? e : E_FORMAT;
	count_in(m, channel, c);
	return E_OK;
}

void mux_drop(struct mux *m, uint32_t channel)
{
	struct channel *c = mux_find(m, channel);

	if (c->in == IN_WAITS)
		--*opening_count(m, c);
	idmap_drop(&m->channels, channel);
	credit_end(&m->credit, &c->recv);
	free(c);
	/* An idle tunnel holds no table. */
	if (idmap_count(&m->channels) == 0)
		idmap_fini(&m->channels);
}

enum err mux_on(struct mux *m, struct bytes payload, struct mux_event *ev, struct fault *f)
{
	struct reader r;
	uint8_t msg;
	enum err e;

	*ev = (struct mux_event){0};
	rd_init(&r, payload);
	msg = rd_u8(&r);
	e = mux_take(m, msg, &r, ev, f);
	if (e != E_OK) {
		ev->kind = MUX_NOTHING;
		return fault_set(
			f, e, DISCONNECT_PROTOCOL_ERROR, "message %u: %s", msg, err_text(e));
	}
	return E_OK;
}

/* --- looking ---------------------------------------------------------------------------------- */

void mux_set_user(struct mux *m, uint32_t channel, void *user)
{
	struct channel *c = mux_find(m, channel);

	if (c != NULL)
		c->user = user;
}

void *mux_user(const struct mux *m, uint32_t channel)
{
	const struct channel *c = mux_find(m, channel);

	return c != NULL ? c->user : NULL;
}

uint32_t mux_can_send(const struct mux *m, uint32_t channel)
{
	const struct channel *c = mux_find(m, channel);

	return c != NULL && c->out == OUT_FLOWS ? c->send.left : 0;
}

void mux_press(struct mux *m, bool is_pressed)
{
	m->credit.is_pressed = is_pressed;
}

bool mux_channel_info(const struct mux *m, uint32_t channel, struct mux_channel_info *out)
{
	const struct channel *c = mux_find(m, channel);

	if (c == NULL)
		return false;
	*out = (struct mux_channel_info){
		.id = channel,
		.peer_id = c->peer_id,
		.user = c->user,
		.is_open = c->in != IN_WAITS,
		.got_eof = c->in == IN_EOF,
		.sent_eof = c->out == OUT_EOF,
		.sent_close = c->out == OUT_CLOSED,
		.send_left = c->send.left,
		.send_most = c->send.most,
		.recv_size = c->recv.size,
		.recv_left = c->recv.left,
		.recv_max = m->cfg.window,
		.bytes_in = c->bytes_in,
		.bytes_out = c->bytes_out,
	};
	return true;
}

bool mux_channel_next(const struct mux *m, uint32_t *channel)
{
	return idmap_next(&m->channels, channel) != NULL;
}

uint32_t mux_channel_count(const struct mux *m)
{
	return idmap_count(&m->channels);
}

unsigned mux_opening_count(const struct mux *m)
{
	return m->opening_ours;
}

bool mux_keepalive_is_open(const struct mux *m)
{
	return m->global.is_keepalive_open;
}
