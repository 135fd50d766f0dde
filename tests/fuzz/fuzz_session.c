/* SPDX-License-Identifier: ISC */
/*
 * A whole session after login, either role, against a peer that has the keys and says anything.
 * Both ends log in once in memory and are frozen; each input thaws them and goes on from there. The
 * first byte chooses the role of the victim, then steps follow:
 *
 *     0..199     message: uint16 length, so many bytes, sealed with the peer's keys
 *     200..209   time: uint16 milliseconds pass, both ends look at the clock
 *     210..219   the peer starts a key exchange as it should
 *     220..229   the peer's own session takes what the victim has sent, and answers
 *     230..239   the victim is frozen and thawed
 *     240..244   the victim starts a key exchange
 *     245..249   the victim's frozen form is changed: uint8 how often, each uint16 where and uint8
 * to what; it is refused, or makes a session that can be frozen 250..255   the victim's program:
 * the next byte says what it does to a channel
 */
#include "fuzz.h"

#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "keys/pubkey.h"
#include "session/freeze.h"
#include "session/session.h"
#include "wire/msgs.h"

enum { BLOB = 128, QUEUE = 1024 * 1024, QUEUED_MAX = 8 * 1024 * 1024, CHANNELS = 8 };

struct end {
	struct session_config cfg;
	struct session *s;
	uint8_t queue[QUEUE]; /* to the other end */
	size_t queue_len;
	bool is_deaf; /* more was said than the queue holds: the other end hears no more of it */
	bool dead_told;
	unsigned events;
};

static uint8_t in_area[SESSION_IN_AREA], out_area[SESSION_OUT_AREA];
static struct session_env env;
static struct rng rng;
static struct pk *host_key, *user_key;
static uint8_t host_blob[BLOB], user_blob[BLOB];
static struct auth_identity identity;
static struct end ends[2]; /* 0: client, 1: server */
static struct buf frozen[2];
static uint64_t now_ms;

static enum err fill(void *ctx, uint8_t *dst, size_t n)
{
	memset(dst, 0x5a, n); /* cookies and padding alone come from here */
	return E_OK;
}

/* --- the programs ----------------------------------------------------------------------------- */

static void sign(struct end *d, const struct pk *key, const struct event *ev)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len = 0;

	PROMISE(pk_sign(key, ev->alg, ev->data, (struct span){sig, sizeof(sig)}, &len) == E_OK);
	session_answer_sign(d->s, bytes_of(sig, len), now_ms);
}

/* A command may be refused by the state of its channel; anything worse ends the session. */
static void must(struct end *d, enum err e)
{
	if (e != E_OK && e != E_STATE && e != E_AGAIN && e != E_LIMIT)
		session_fail(d->s, e, "a command");
}

static void on_mux(struct end *d, const struct mux_event *m)
{
	struct mux *mux = session_mux(d->s);

	PROMISE(mux != NULL);
	switch (m->kind) {
	case MUX_GLOBAL_REQUEST:
		if (m->want_reply && d->events % 4 != 0) /* some are never answered */
			must(d, mux_global_reply(mux, m->token, d->events % 2, m->data, "no"));
		return;
	case MUX_OPEN:
		if (d->events % 8 == 0)
			must(d, mux_refuse(mux, m->channel, 1, "no"));
		else
			must(d, mux_accept(mux, m->channel, NULL));
		return;
	case MUX_DATA:
		PROMISE(m->data.len > 0 && m->data.len <= DATA_MAX);
		must(d, mux_write(mux, m->channel, 0, m->data));
		must(d, mux_consumed(mux, m->channel, (uint32_t)m->data.len));
		return;
	case MUX_EOF:
		must(d, mux_eof(mux, m->channel));
		return;
	case MUX_REQUEST:
		if (m->want_reply)
			must(d, mux_request_reply(mux, m->channel, d->events % 2));
		return;
	case MUX_CLOSED:
	case MUX_REFUSED: {
		struct mux_channel_info info;

		PROMISE(!mux_channel_info(mux, m->channel, &info));
		return;
	}
	default:
		return;
	}
}

static void on_event(struct end *d, const struct event *ev)
{
	PROMISE(!d->dead_told);
	d->events++;
	switch (ev->kind) {
	case EV_HOSTKEY:
		session_answer_hostkey(d->s, VERDICT_GOOD, now_ms);
		return;
	case EV_SIGN_HOST:
		sign(d, host_key, ev);
		return;
	case EV_SIGN_USER:
		sign(d, user_key, ev);
		return;
	case EV_KEY:
		session_answer_key(d->s, true);
		return;
	case EV_MUX:
		on_mux(d, &ev->mux);
		return;
	case EV_DEAD:
		PROMISE(session_is_dead(d->s) && ev->fault->text[0] != '\0');
		d->dead_told = true;
		return;
	default:
		return;
	}
}

/* --- turns ------------------------------------------------------------------------------------ */

static void take_events(struct end *d)
{
	struct event ev;

	while (session_next(d->s, now_ms, &ev))
		on_event(d, &ev);
}

static void drain(struct end *d)
{
	struct span piece;

	PROMISE(session_out_len(d->s) <= QUEUED_MAX);
	while (session_out_pieces(d->s, &piece, 1) > 0) {
		if (piece.len > QUEUE - d->queue_len)
			d->is_deaf = true;
		if (!d->is_deaf) {
			memcpy(d->queue + d->queue_len, piece.ptr, piece.len);
			d->queue_len += piece.len;
		}
		session_out_sent(d->s, piece.len);
	}
}

/* The end takes all that the other one has said, and says what it has to. */
static void turn(struct end *d, struct end *other)
{
	size_t at = 0;
	bool is_taking;

	session_turn_begin(d->s);
	do {
		struct span room = session_recv_room(d->s);
		size_t n = other->queue_len - at < room.len ? other->queue_len - at : room.len;

		if (n > 0)
			memcpy(room.ptr, other->queue + at, n);
		at += n;
		session_recv_done(d->s, n, now_ms);
		take_events(d);
		drain(d);
		is_taking = n > 0;
	} while (is_taking && at < other->queue_len);
	PROMISE(at == other->queue_len || session_is_dead(d->s));
	other->queue_len = 0;
	PROMISE(session_turn_end(d->s) == E_OK);
	take_events(d);
	drain(d);
}

static void configure(struct end *d, bool is_server)
{
	d->cfg = (struct session_config){.is_server = is_server,
		.kex = exchange_default_list(),
		.ciphers = "aes128-gcm@openssh.com",
		.macs = mac_default_list(),
		.host_key_algs = "ssh-ed25519",
		.sig_algs = sig_default_list(),
		.rekey_ms = 3600 * 1000,
		.alive_interval_ms = 15000,
		.alive_count_max = 3,
		.window = 64 * 1024,
		.window_budget = 128 * 1024,
		.channels_max = CHANNELS,
		.auth_failures_max = 6,
		.user = "inner",
		.identities = &identity,
		.identity_count = 1};
	if (is_server) {
		d->cfg.hostkeys[0] =
			(struct transport_hostkey){PK_ED25519, bytes_of(host_blob, 51)};
		d->cfg.hostkey_count = 1;
	}
}

static void log_in_once(void)
{
	size_t len;

	if (env.pool != NULL)
		return;
	rng_init(&rng, fill, NULL);
	env = (struct session_env){
		pool_new(0), &rng, {in_area, sizeof(in_area)}, {out_area, sizeof(out_area)}, NULL};
	PROMISE(env.pool != NULL && pk_generate(&host_key, PK_ED25519, 0) == E_OK &&
		pk_generate(&user_key, PK_ED25519, 0) == E_OK &&
		pubkey_to_blob(host_key, (struct span){host_blob, BLOB}, &len) == E_OK &&
		pubkey_to_blob(user_key, (struct span){user_blob, BLOB}, &len) == E_OK);
	identity = (struct auth_identity){.blob = bytes_of(user_blob, len)};
	for (int i = 0; i < 2; i++) {
		configure(&ends[i], i == 1);
		PROMISE(session_new(&ends[i].cfg, &env, 0, &ends[i].s) == E_OK);
	}
	for (int i = 0; i < 20; i++) {
		turn(&ends[0], &ends[1]);
		turn(&ends[1], &ends[0]);
	}
	for (int i = 0; i < 2; i++) {
		PROMISE(session_is_logged_in(ends[i].s) && ends[i].queue_len == 0);
		buf_init(&frozen[i], FREEZE_MAX);
		PROMISE(session_freeze(ends[i].s, 0, &frozen[i]) == E_OK);
		session_free(ends[i].s);
	}
}

/* --- steps ------------------------------------------------------------------------------------ */

struct input {
	const uint8_t *at;
	size_t left;
};

static unsigned take(struct input *in, size_t bytes)
{
	unsigned v = 0;

	for (size_t i = 0; i < bytes; i++) {
		v = v << 8 | (in->left > 0 ? *in->at : 0);
		in->at += in->left > 0;
		in->left -= in->left > 0;
	}
	return v;
}

static void inject(struct end *peer, struct input *in)
{
	size_t len = take(in, 2);
	struct port port;
	struct writer w;

	if (len > in->left)
		len = in->left;
	transport_port((struct transport *)session_transport(peer->s), &port);
	if (len == 0 || port.begin(port.ctx, len, &w) != E_OK)
		return;
	wr_raw(&w, bytes_of(in->at, len));
	(void)port.end(port.ctx, &w);
	in->at += len;
	in->left -= len;
	drain(peer);
}

static void pass_time(struct end *victim, struct end *peer, unsigned ms)
{
	now_ms += ms;
	PROMISE(session_deadline(victim->s) > 0);
	session_tick(victim->s, now_ms);
	session_tick(peer->s, now_ms);
	take_events(victim);
	take_events(peer);
	/* Whatever was due is done: a loop that waits for the deadline does not spin. */
	PROMISE(session_deadline(victim->s) > now_ms);
	drain(victim);
	drain(peer);
}

static void refreeze(struct end *d)
{
	struct session *thawed;
	struct buf first, second;

	buf_init(&first, FREEZE_MAX);
	buf_init(&second, FREEZE_MAX);
	if (session_freeze(d->s, now_ms, &first) == E_OK) {
		PROMISE(session_thaw(&d->cfg, &env, buf_bytes(&first), now_ms, &thawed) == E_OK);
		PROMISE(session_freeze(thawed, now_ms, &second) == E_OK);
		PROMISE(bytes_eq(buf_bytes(&first), buf_bytes(&second)));
		session_free(d->s);
		d->s = thawed;
	}
	buf_fini(&first);
	buf_fini(&second);
}

static void thaw_spoilt(struct end *d, struct input *in)
{
	struct session *thawed;
	struct buf form, again;
	struct span room;
	size_t len;

	buf_init(&form, FREEZE_MAX);
	buf_init(&again, FREEZE_MAX);
	if (session_freeze(d->s, now_ms, &form) == E_OK) {
		len = buf_bytes(&form).len;
		PROMISE(buf_reserve(&again, len, &room) == E_OK);
		memcpy(room.ptr, buf_bytes(&form).ptr, len);
		for (unsigned n = 1 + take(in, 1) % 4; n > 0; n--) {
			size_t at = take(in, 2) % len;

			room.ptr[at] = (uint8_t)take(in, 1);
		}
		buf_commit(&again, len);
		if (session_thaw(&d->cfg, &env, buf_bytes(&again), now_ms, &thawed) == E_OK) {
			buf_consume(&form, len);
			PROMISE(session_freeze(thawed, now_ms, &form) == E_OK);
			session_free(thawed);
		}
	}
	buf_fini(&form);
	buf_fini(&again);
}

static void command(struct end *d, unsigned what)
{
	struct mux *mux = session_mux(d->s);
	uint32_t channel = what % CHANNELS;

	if (mux == NULL)
		return;
	switch (what / CHANNELS) {
	case 0:
		must(d, mux_eof(mux, channel));
		break;
	case 1:
		must(d, mux_close(mux, channel));
		break;
	case 2:
		must(d, mux_open(mux, "forwarded-tcpip", bytes_of(NULL, 0), NULL, &channel));
		break;
	case 3:
		must(d, mux_global(mux, "x", true, bytes_of(NULL, 0), what));
		break;
	case 4:
		must(d, mux_request(mux, channel, "x", true, bytes_of(NULL, 0)));
		break;
	case 5:
		must(d, mux_write(mux, channel, 1, bytes_str("hello")));
		break;
	default:
		session_debug(d->s, "words");
	}
	drain(d);
}

static void step(struct end *victim, struct end *peer, struct input *in)
{
	unsigned op = take(in, 1);

	if (op < 200)
		inject(peer, in);
	else if (op < 210)
		pass_time(victim, peer, take(in, 2));
	else if (op < 220)
		session_rekey(peer->s, now_ms);
	else if (op < 230)
		turn(peer, victim);
	else if (op < 240)
		refreeze(victim);
	else if (op < 245)
		session_rekey(victim->s, now_ms);
	else if (op < 250)
		thaw_spoilt(victim, in);
	else
		command(victim, take(in, 1));
	drain(peer);
	turn(victim, peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct end *victim, *peer;

	log_in_once();
	now_ms = 1000;
	for (int i = 0; i < 2; i++) {
		ends[i].queue_len = ends[i].events = 0;
		ends[i].is_deaf = ends[i].dead_told = false;
		PROMISE(session_thaw(&ends[i].cfg, &env, buf_bytes(&frozen[i]), now_ms,
				&ends[i].s) == E_OK);
	}
	victim = &ends[take(&in, 1) % 2];
	peer = victim == &ends[0] ? &ends[1] : &ends[0];
	while (in.left > 0 && !session_is_dead(victim->s) && !session_is_dead(peer->s) &&
		!peer->is_deaf)
		step(victim, peer, &in);
	PROMISE(session_is_dead(victim->s) == victim->dead_told);
	for (int i = 0; i < 2; i++)
		session_free(ends[i].s);
	PROMISE(pool_out(env.pool) == 0);
	return 0;
}
