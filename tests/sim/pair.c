/* SPDX-License-Identifier: ISC */
/* See pair.h. Checks of content are made here, so that every test that runs a pair makes them. */
#include "sim/pair.h"

#include <assert.h>
#include <stdlib.h>
#include "forward/tcpip.h"
#include "keys/pubkey.h"
#include "support/harness.h"
#include "wire/msgs.h"

static uint8_t pattern(bool from_server, uint32_t stream, uint64_t at)
{
	uint64_t x = at * 0x9e3779b97f4a7c15u + stream * 7919u + (from_server ? 31 : 0);

	return (uint8_t)(x >> 32);
}

static enum err fill_seeded(void *ctx, uint8_t *dst, size_t n)
{
	seed_fill(ctx, dst, n);
	return E_OK;
}

/* --- setting up
 * ------------------------------------------------------------------------------------ */

static bool side_init(struct pair *p, struct side *d, bool is_server)
{
	*d = (struct side){.is_server = is_server};
	seed_init(&d->seed, p->o.seed * 2 + is_server);
	rng_init(&d->rng, fill_seeded, &d->seed);
	d->env.rng = &d->rng;
	d->env.pool = pool_new(p->o.pool_budget);
	d->env.in = (struct span){malloc(SESSION_IN_AREA), SESSION_IN_AREA};
	d->env.out = (struct span){malloc(SESSION_OUT_AREA), SESSION_OUT_AREA};
	d->queue = malloc(PAIR_QUEUE);
	d->cfg = (struct session_config){
		.is_server = is_server,
		.kex = p->o.kex,
		.ciphers = p->o.ciphers,
		.macs = p->o.macs,
		.host_key_algs = sig_default_list(),
		.sig_algs = sig_default_list(),
		.rekey_bytes = p->o.rekey_bytes,
		.ident_ms = 5000,
		.kex_ms = 10000,
		.login_ms = 30000,
		.alive_interval_ms = 15000,
		.alive_count_max = 3,
		.auth_failures_max = 6,
	};
	if (is_server) {
		d->cfg.hostkeys[0] = (struct transport_hostkey){
			pk_type_of(p->host_key), {p->host_blob, p->host_len}};
		d->cfg.hostkey_count = 1;
	} else {
		d->cfg.user = "inner";
		d->cfg.identities = &p->identity;
		d->cfg.identity_count = 1;
	}
	return d->env.pool != NULL && d->env.in.ptr != NULL && d->env.out.ptr != NULL &&
	       d->queue != NULL;
}

bool pair_init(struct pair *p, const struct pair_options *o)
{
	*p = (struct pair){.o = *o, .now_ms = 1000};
	if (p->o.kex == NULL)
		p->o.kex = exchange_default_list();
	if (p->o.ciphers == NULL)
		p->o.ciphers = cipher_default_list();
	if (p->o.macs == NULL)
		p->o.macs = mac_default_list();
	assert(p->o.channels <= PAIR_CHANNELS_MAX);
	seed_init(&p->seed, o->seed);
	if (pk_generate(&p->host_key, PK_ED25519, 0) != E_OK ||
		pk_generate(&p->user_key, PK_ED25519, 0) != E_OK ||
		pubkey_to_blob(p->host_key, (struct span){p->host_blob, sizeof(p->host_blob)},
			&p->host_len) != E_OK ||
		pubkey_to_blob(p->user_key, (struct span){p->user_blob, sizeof(p->user_blob)},
			&p->user_len) != E_OK)
		return false;
	p->identity = (struct auth_identity){.blob = {p->user_blob, p->user_len}};
	if (!side_init(p, &p->client, false) || !side_init(p, &p->server, true))
		return false;
	return session_new(&p->client.cfg, &p->client.env, p->now_ms, &p->client.s) == E_OK &&
	       session_new(&p->server.cfg, &p->server.env, p->now_ms, &p->server.s) == E_OK;
}

static void side_fini(struct side *d)
{
	session_free(d->s);
	if (d->env.pool != NULL)
		CHECK_EQ(pool_out(d->env.pool),
			0); /* whatever happened, no packet memory stays out */
	pool_free(d->env.pool);
	free(d->env.in.ptr);
	free(d->env.out.ptr);
	free(d->queue);
}

void pair_fini(struct pair *p)
{
	side_fini(&p->client);
	side_fini(&p->server);
	pk_free(p->host_key);
	pk_free(p->user_key);
}

/* What is sent each way on a stream. */
static uint64_t bytes_of_stream(const struct pair *p, uint32_t index)
{
	return p->o.bytes_last > 0 && index + 1 == p->o.channels ? p->o.bytes_last : p->o.bytes;
}

/* --- what the programs would do
 * --------------------------------------------------------------------- */

static struct stream *stream_of(struct side *d, uint32_t channel)
{
	for (unsigned i = 0; i < PAIR_CHANNELS_MAX; i++)
		if (d->streams[i].is_live && d->streams[i].channel == channel)
			return &d->streams[i];
	return NULL;
}

static void must(struct side *d, enum err e, const char *what)
{
	if (e != E_OK && !session_is_dead(d->s))
		session_fail(d->s, e, what);
}

static void ask_forward(struct side *d)
{
	uint8_t mem[64];
	size_t len;
	struct tcpip_listen want = {bytes_str("localhost"), 2222};

	REQUIRE_EQ(tcpip_write_listen((struct span){mem, sizeof(mem)}, &want, &len), E_OK);
	must(d, mux_global(session_mux(d->s), "tcpip-forward", true, bytes_of(mem, len), 7),
		"asking for a forward");
}

/* As many as may be unanswered at a time. */
static void open_channels(struct pair *p, struct side *d)
{
	uint8_t mem[128];
	size_t len;
	struct tcpip_open o = {bytes_str("localhost"), 2222, bytes_str("192.0.2.1"), 40000};

	while (d->opened < p->o.channels && d->opened - d->answered < LIMIT_OPENING &&
		!session_is_dead(d->s)) {
		struct stream *st = &d->streams[d->opened];

		o.originator_port = 40000 + d->opened;
		REQUIRE_EQ(tcpip_write_open((struct span){mem, sizeof(mem)}, &o, &len), E_OK);
		must(d,
			mux_open(session_mux(d->s), "forwarded-tcpip", bytes_of(mem, len), NULL,
				&st->channel),
			"opening a channel");
		st->is_live = true;
		d->opened++;
	}
}

static void on_open(struct pair *p, struct side *d, const struct mux_event *m)
{
	struct tcpip_open o;
	struct stream *st;

	CHECK(bytes_is(m->name, "forwarded-tcpip"));
	REQUIRE_EQ(tcpip_read_open(m->data, &o), E_OK);
	CHECK(bytes_is(o.host, "localhost"));
	CHECK_EQ(o.port, 2222);
	CHECK(bytes_is(o.originator, "192.0.2.1"));
	/* Stream i here is stream i there, also when one between them was refused for want of
	 * memory. */
	REQUIRE(o.originator_port >= 40000 && o.originator_port < 40000 + p->o.channels);
	st = &d->streams[o.originator_port - 40000];
	CHECK(!st->is_live && !st->is_closed);
	if (d->opened < o.originator_port - 40000 + 1)
		d->opened = o.originator_port - 40000 + 1;
	*st = (struct stream){.is_live = true, .is_confirmed = true, .channel = m->channel};
	must(d, mux_accept(session_mux(d->s), m->channel, NULL), "accepting a channel");
}

static void on_data(struct side *d, const struct mux_event *m)
{
	struct stream *st = stream_of(d, m->channel);
	uint32_t index;

	REQUIRE(st != NULL);
	index = (uint32_t)(st - d->streams);
	for (size_t i = 0; i < m->data.len; i++)
		if (m->data.ptr[i] != pattern(!d->is_server, index, st->got + i)) {
			FAIL("stream %u differs at byte %llu", index,
				(unsigned long long)(st->got + i));
			break;
		}
	CHECK(!st->got_eof);
	st->got += m->data.len;
	st->owed += (uint32_t)m->data.len;
}

static void on_closed(struct pair *p, struct side *d, const struct mux_event *m)
{
	struct stream *st = stream_of(d, m->channel);

	REQUIRE(st != NULL);
	CHECK(st->got_eof);
	CHECK_EQ(st->got, bytes_of_stream(p, (uint32_t)(st - d->streams)));
	CHECK_EQ(st->sent, bytes_of_stream(p, (uint32_t)(st - d->streams)));
	st->is_live = false;
	st->is_closed = true;
	d->closed++;
}

static void on_mux(struct pair *p, struct side *d, const struct mux_event *m)
{
	struct stream *st = stream_of(d, m->channel);

	switch (m->kind) {
	case MUX_GLOBAL_REQUEST:
		if (!bytes_is(m->name, "tcpip-forward")) {
			if (m->want_reply)
				must(d,
					mux_global_reply(session_mux(d->s), m->token, false,
						bytes_of("", 0), "unknown"),
					"refusing a request");
			return;
		}
		CHECK(d->is_server && m->want_reply);
		must(d, mux_global_reply(session_mux(d->s), m->token, true, bytes_of("", 0), NULL),
			"granting a forward");
		open_channels(p, d);
		d->forward_up = true;
		return;
	case MUX_GLOBAL_REPLY:
		CHECK_EQ(m->token, 7);
		CHECK(m->is_ok);
		d->forward_up = true;
		return;
	case MUX_OPEN:
		on_open(p, d, m);
		return;
	case MUX_REFUSED:
		REQUIRE(st != NULL);
		st->is_live = false;
		d->answered++;
		return;
	case MUX_OPENED:
		REQUIRE(st != NULL);
		st->is_confirmed = true;
		d->answered++;
		return;
	case MUX_DATA:
		on_data(d, m);
		return;
	case MUX_EOF:
		REQUIRE(st != NULL);
		CHECK_EQ(st->got, bytes_of_stream(p, (uint32_t)(st - d->streams)));
		st->got_eof = true;
		return;
	case MUX_CLOSED:
		on_closed(p, d, m);
		return;
	default:
		return;
	}
}

static void sign(struct side *d, const struct pk *key, const struct event *ev, uint64_t now_ms)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len = 0;

	if (pk_sign(key, ev->alg, ev->data, (struct span){sig, sizeof(sig)}, &len) != E_OK)
		len = 0;
	session_answer_sign(d->s, bytes_of(sig, len), now_ms);
}

static void on_event(struct pair *p, struct side *d, const struct event *ev)
{
	switch (ev->kind) {
	case EV_HOSTKEY:
		session_answer_hostkey(d->s,
			bytes_eq(ev->data, bytes_of(p->host_blob, p->host_len)) ? VERDICT_GOOD
										: VERDICT_BAD,
			p->now_ms);
		return;
	case EV_SIGN_HOST:
		sign(d, p->host_key, ev, p->now_ms);
		return;
	case EV_SIGN_USER:
		sign(d, p->user_key, ev, p->now_ms);
		return;
	case EV_KEY:
		CHECK_STR(ev->text, "inner");
		session_answer_key(d->s, bytes_eq(ev->data, bytes_of(p->user_blob, p->user_len)));
		return;
	case EV_LOGIN:
		d->logged_in = true;
		if (!d->is_server && p->o.channels > 0)
			ask_forward(d);
		return;
	case EV_MUX:
		on_mux(p, d, &ev->mux);
		return;
	case EV_DEAD:
		d->dead = true;
		d->fault = *ev->fault;
		return;
	default:
		return;
	}
}

/* --- a turn
 * ----------------------------------------------------------------------------------------- */

static void give_back(struct pair *p, struct side *d, struct stream *st)
{
	if (!p->is_draining && st - d->streams < p->o.stuck)
		return;
	if (st->owed == 0 || (p->o.slow_one_in > 1 && !seed_one_in(&p->seed, p->o.slow_one_in)))
		return;
	must(d, mux_consumed(session_mux(d->s), st->channel, st->owed), "giving credit");
	st->owed = 0;
}

static void send_some(struct pair *p, struct side *d, struct stream *st)
{
	uint32_t index = (uint32_t)(st - d->streams);
	struct span pieces[32];
	uint64_t bytes = bytes_of_stream(p, index), want = bytes - st->sent;
	size_t n, moved = 0;

	if (want > 0 && session_is_writable(d->s)) {
		n = mux_lend(session_mux(d->s), st->channel, (size_t)want, pieces, 32);
		for (size_t i = 0; i < n && moved < want; i++) {
			size_t k = 0;

			for (; k < pieces[i].len && moved < want; k++, moved++)
				pieces[i].ptr[k] = pattern(d->is_server, index, st->sent + moved);
			if (k < pieces[i].len)
				break;
		}
		if (n > 0)
			must(d, mux_commit(session_mux(d->s), st->channel, moved), "sending");
		st->sent += moved;
	}
	if (st->sent == bytes && !st->sent_eof && !session_is_dead(d->s)) {
		st->sent_eof = true;
		must(d, mux_eof(session_mux(d->s), st->channel), "ending a stream");
	}
	if (st->sent_eof && st->got_eof && st->owed == 0 && !session_is_dead(d->s))
		must(d, mux_close(session_mux(d->s), st->channel), "closing a channel");
}

static void work(struct pair *p, struct side *d)
{
	if (d->is_server && d->forward_up)
		open_channels(p, d);
	for (unsigned i = 0; i < d->opened && !session_is_dead(d->s); i++) {
		struct stream *st = &d->streams[i];

		if (!st->is_live || !st->is_confirmed)
			continue;
		give_back(p, d, st);
		if (!session_is_dead(d->s))
			send_some(p, d, st);
	}
}

static void drain_out(struct side *d)
{
	struct span pieces[64];
	size_t n;

	while ((n = session_out_pieces(d->s, pieces, 64)) > 0)
		for (size_t i = 0; i < n; i++) {
			size_t k = pieces[i].len;

			if (k > PAIR_QUEUE - d->queue_len)
				k = PAIR_QUEUE - d->queue_len;
			memcpy(d->queue + d->queue_len, pieces[i].ptr, k);
			d->queue_len += k;
			d->wire_bytes += k;
			session_out_sent(d->s, k);
			if (k < pieces[i].len)
				return;
			if (i + 1 < n)
				continue;
		}
}

static void take_events(struct pair *p, struct side *d)
{
	struct event ev;

	while (session_next(d->s, p->now_ms, &ev))
		on_event(p, d, &ev);
}

void pair_turn(struct pair *p, struct side *to, struct side *from, size_t n)
{
	struct span room;

	session_turn_begin(to->s);
	do {
		take_events(p, to);
		room = session_recv_room(to->s);
		if (room.len > n)
			room.len = n;
		memcpy(room.ptr, from->queue, room.len);
		memmove(from->queue, from->queue + room.len, from->queue_len - room.len);
		from->queue_len -= room.len;
		n -= room.len;
		session_recv_done(to->s, room.len, p->now_ms);
		take_events(p, to);
	} while (n > 0 && room.len > 0);
	if (to->logged_in && session_mux(to->s) != NULL)
		work(p, to);
	take_events(p, to);
	drain_out(to);
	if (session_turn_end(to->s) != E_OK)
		to->dead = true;
	take_events(p, to);
}

enum err pair_refreeze(struct pair *p, struct side *d)
{
	struct session *thawed = NULL;
	struct buf frozen;
	enum err e;

	buf_init(&frozen, FREEZE_MAX);
	e = session_freeze(d->s, p->now_ms, &frozen);
	if (e == E_OK) {
		REQUIRE_EQ(session_thaw(&d->cfg, &d->env, buf_bytes(&frozen), p->now_ms, &thawed),
			E_OK);
		session_free(d->s);
		d->s = thawed;
		p->freezes++;
	} else {
		/* The one reason to wait is an open key exchange. */
		CHECK_EQ(e, E_AGAIN);
		CHECK(!transport_is_open(session_transport(d->s)) ||
			transport_phase_of(session_transport(d->s)) == TRANSPORT_REKEY);
		p->freezes_refused++;
	}
	buf_fini(&frozen);
	return e;
}

static void step_side(struct pair *p, struct side *to, struct side *from)
{
	size_t n = from->queue_len;

	if (p->o.cut > 0 && n > p->o.cut)
		n = p->o.cut;
	if (p->o.rekey_one_in > 0 && to->logged_in && seed_one_in(&p->seed, p->o.rekey_one_in))
		session_rekey(to->s, p->now_ms);
	if (p->o.freeze_one_in > 0 && to->logged_in && seed_one_in(&p->seed, p->o.freeze_one_in))
		pair_refreeze(p, to);
	pair_turn(p, to, from, n);
}

bool pair_is_done(const struct pair *p)
{
	if (!p->client.logged_in || !p->server.logged_in)
		return false;
	if (p->o.channels == 0)
		return true;
	return p->client.closed == p->o.channels && p->server.closed == p->o.channels;
}

bool pair_step(struct pair *p)
{
	p->now_ms++;
	step_side(p, &p->server, &p->client);
	step_side(p, &p->client, &p->server);
	return !(p->client.dead || p->server.dead) && !pair_is_done(p);
}

bool pair_run(struct pair *p, unsigned max_steps)
{
	for (unsigned i = 0; i < max_steps && pair_step(p); i++)
		;
	return pair_is_done(p) && !p->client.dead && !p->server.dead;
}

void pair_open(struct pair *p, const struct pair_options *o)
{
	REQUIRE(pair_init(p, o));
	REQUIRE(pair_run(p, 100));
	for (unsigned i = 0; i < 4; i++)
		pair_step(p);
	REQUIRE_EQ(p->client.queue_len + p->server.queue_len, 0);
}

void pair_inject(struct side *from, struct bytes payload)
{
	struct port port;
	struct writer w;

	transport_port((struct transport *)session_transport(from->s), &port);
	REQUIRE_EQ(port.begin(port.ctx, payload.len, &w), E_OK);
	wr_raw(&w, payload);
	REQUIRE_EQ(port.end(port.ctx, &w), E_OK);
}
