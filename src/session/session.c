/* SPDX-License-Identifier: ISC */
/*
 * Life of a session: turns with their areas, the loop that takes packets, deadlines, the end. What
 * a packet means is decided in dispatch.c.
 */
#include "session/session.h"

#include <assert.h>
#include <stdlib.h>
#include "session/session_impl.h"

struct transport_config session_transport_config(
	const struct session_config *cfg, const struct session_env *env)
{
	struct transport_config tc = {
		.is_server = cfg->is_server,
		.kex = cfg->kex,
		.ciphers = cfg->ciphers,
		.macs = cfg->macs,
		.host_key_algs = cfg->host_key_algs,
		.hostkey_count = cfg->hostkey_count,
		.rekey_bytes = cfg->rekey_bytes,
		.rekey_ms = cfg->rekey_ms,
		.sig_algs = cfg->sig_algs,
		.extensions = "forward-reason@sallyport.dev=0,tunnel-pool@sallyport.dev=0",
		.rng = env->rng,
		.pool = env->pool,
		.trace = cfg->trace,
		.trace_ctx = cfg->trace_ctx,
	};

	memcpy(tc.hostkeys, cfg->hostkeys, sizeof(tc.hostkeys));
	return tc;
}

struct mux_config session_mux_config(const struct session *s)
{
	return (struct mux_config){
		.is_server = s->cfg->is_server,
		.window = s->cfg->window != 0 ? s->cfg->window : WINDOW_START,
		.budget = s->cfg->window_budget != 0 ? s->cfg->window_budget : WINDOW_BUDGET,
		.packet_max = DATA_MAX,
		.channels_max = s->cfg->channels_max != 0 ? s->cfg->channels_max : LIMIT_CHANNELS,
		.port = s->port,
	};
}

enum err session_new(const struct session_config *cfg, struct session_env *env, uint64_t now_ms,
	struct session **out)
{
	struct transport_config tc = session_transport_config(cfg, env);
	struct session *s = calloc(1, sizeof(*s));
	enum err e;

	if (s == NULL)
		return E_NOMEM;
	s->cfg = cfg;
	s->env = env;
	s->start_ms = s->now_ms = now_ms;
	s->counts.last_heard_ms = now_ms;
	chunkq_init(&s->parked, env->pool, SESSION_IN_AREA);
	alive_init(&s->alive, cfg->alive_interval_ms, cfg->alive_count_max, now_ms);
	e = transport_new(&tc, &s->transport);
	if (e != E_OK)
		goto out;
	transport_port(s->transport, &s->port);
	e = transport_start(s->transport, now_ms);
	if (e != E_OK)
		goto out;
	*out = s;
	return E_OK;
out:
	session_free(s);
	return e;
}

void session_free(struct session *s)
{
	if (s == NULL)
		return;
	assert(s->env->busy != s);
	mux_free(s->mux);
	auth_server_free(s->auth_server);
	auth_client_free(s->auth_client);
	transport_free(s->transport);
	chunkq_fini(&s->parked);
	free(s);
}

/* --- turns and areas ----------------------------------------------------------------------------
 */

void session_turn_begin(struct session *s)
{
	struct span pieces[16];
	size_t n, at = 0;

	assert(s->env->busy == NULL);
	s->env->busy = s;
	if (s->mux != NULL)
		mux_press(s->mux, pool_is_half_out(s->env->pool));
	outbox_attach(transport_outbox(s->transport), s->env->out);
	/* An unfinished packet goes to the front of the area, where the rest of it will be read. */
	while ((n = chunkq_pieces(&s->parked, pieces, 16)) > 0) {
		for (size_t i = 0; i < n; i++) {
			memcpy(s->env->in.ptr + at, pieces[i].ptr, pieces[i].len);
			at += pieces[i].len;
			chunkq_consume(&s->parked, pieces[i].len);
		}
	}
	s->in_off = 0;
	s->in_len = at;
}

enum err session_turn_end(struct session *s)
{
	struct bytes rest = {s->env->in.ptr + s->in_off, s->in_len};
	enum err e = E_OK, e2;

	assert(s->env->busy == s);
	if (s->is_logged_in && !s->is_dead) {
		e = transport_rekey(s->transport, false, s->now_ms);
		if (e != E_OK)
			session_fail(s, e, "starting a key re-exchange");
	}
	s->env->busy = NULL;
	e = E_OK;
	if (rest.len > 0 && !s->is_dead)
		e = chunkq_append(&s->parked, rest);
	s->in_off = s->in_len = 0;
	e2 = outbox_park(transport_outbox(s->transport));
	return e != E_OK ? e : e2;
}

/* Not while a question is open, so that nothing overtakes a verdict. What a person may have to be
 * asked is different: it can take long, the end of the connection is noticed meanwhile, and the
 * login machine knows what may be said to it then (nothing that would let us in). */
static bool takes_packets(const struct session *s)
{
	switch (s->ask) {
	case ASK_NOTHING:
		return true;
	case ASK_SIGN_USER:
	case ASK_LOAD:
	case ASK_PROMPT:
		return s->ask_told;
	default:
		return false;
	}
}

struct span session_recv_room(struct session *s)
{
	size_t stall = pool_is_crowded(s->env->pool) ? OUT_STALL_CROWDED : OUT_STALL;
	struct span in = s->env->in;

	assert(s->env->busy == s);
	if (s->in_len == 0)
		s->in_off = 0;
	if (s->is_dead || !takes_packets(s) ||
		outbox_len(transport_outbox(s->transport)) > stall)
		return (struct span){in.ptr, 0};
	if (s->in_off > 0) {
		memmove(in.ptr, in.ptr + s->in_off, s->in_len);
		s->in_off = 0;
	}
	return (struct span){in.ptr + s->in_len, in.len - s->in_len};
}

void session_recv_done(struct session *s, size_t n, uint64_t now_ms)
{
	assert(s->env->busy == s && n <= s->env->in.len - s->in_off - s->in_len);
	s->in_len += n;
	s->now_ms = now_ms;
	s->counts.bytes_in += n;
	if (n > 0) {
		alive_heard(&s->alive, now_ms);
		s->counts.last_heard_ms = now_ms;
	}
}

size_t session_out_pieces(const struct session *s, struct span *pieces, size_t max)
{
	return outbox_pieces(transport_outbox(s->transport), pieces, max);
}

void session_out_sent(struct session *s, size_t n)
{
	outbox_sent(transport_outbox(s->transport), n);
	s->counts.bytes_out += n;
}

size_t session_out_len(const struct session *s)
{
	return outbox_len(transport_outbox(s->transport));
}

/* --- the loop over packets ----------------------------------------------------------------------
 */

enum phase session_phase(const struct session *s)
{
	switch (transport_phase_of(s->transport)) {
	case TRANSPORT_IDENT:
		return PHASE_IDENT;
	case TRANSPORT_KEX:
		/* Until the peer's KEXINIT is here it is held to the strict rules: nothing may come
		 * before it that strict key exchange forbids. */
		if (transport_expects(s->transport) == MSG_KEXINIT ||
			transport_is_strict(s->transport))
			return PHASE_KEX;
		return PHASE_KEX_LAX;
	case TRANSPORT_REKEY:
		return PHASE_REKEY;
	case TRANSPORT_READY:
		break;
	}
	if (s->is_logged_in)
		return PHASE_OPEN;
	if (s->cfg->is_server)
		return s->auth_server != NULL && auth_server_has_service(s->auth_server)
			       ? PHASE_AUTH
			       : PHASE_SERVICE;
	return s->auth_client != NULL && auth_client_has_service(s->auth_client) ? PHASE_AUTH
										 : PHASE_SERVICE;
}

/* The packet at the front of the input; false when there is no whole one. */
static bool take_packet(struct session *s, struct span *payload)
{
	struct fault f = {0};
	size_t used = 0;
	enum err e;

	while (s->in_len > 0) {
		struct span data = {s->env->in.ptr + s->in_off, s->in_len};

		*payload = (struct span){NULL, 0};
		e = transport_next(s->transport, data, &used, payload, &f);
		if (e == E_AGAIN)
			return false;
		if (e != E_OK) {
			fault_set(&f, e, DISCONNECT_PROTOCOL_ERROR, "%s", err_text(e));
			session_end(s, &f);
			return false;
		}
		s->in_off += used;
		s->in_len -= used;
		if (payload->len > 0) {
			s->counts.packets_in++;
			return true;
		}
	}
	return false;
}

static bool tell_death(struct session *s, struct event *ev)
{
	if (s->dead_told)
		return false;
	s->dead_told = true;
	*ev = (struct event){.kind = EV_DEAD, .fault = &s->fault};
	return true;
}

bool session_next(struct session *s, uint64_t now_ms, struct event *ev)
{
	struct span payload;

	s->now_ms = now_ms;
	for (;;) {
		if (s->is_dead)
			return tell_death(s, ev);
		if (answers_due(s, ev))
			return true;
		/* Packets are taken only inside a turn. */
		if (!takes_packets(s) || s->env->busy != s)
			return false;
		if (!take_packet(s, &payload)) {
			if (s->is_dead)
				continue;
			return false;
		}
		if (dispatch_packet(s, (struct bytes){payload.ptr, payload.len}, ev))
			return true;
	}
}

/* --- time ----------------------------------------------------------------------------------------
 */

/* The step before login that runs now: when it must be over, and its name. */
static uint64_t step_deadline(const struct session *s, const char **name)
{
	uint64_t limit_ms = s->cfg->login_ms;

	*name = "login";
	if (s->is_logged_in)
		return UINT64_MAX;
	if (transport_phase_of(s->transport) == TRANSPORT_IDENT && s->cfg->ident_ms != 0) {
		limit_ms = s->cfg->ident_ms;
		*name = "banner exchange";
	} else if (transport_phase_of(s->transport) == TRANSPORT_KEX && s->cfg->kex_ms != 0) {
		limit_ms = s->cfg->kex_ms;
		*name = "key exchange";
	}
	if (s->cfg->login_ms != 0 && limit_ms > s->cfg->login_ms)
		limit_ms = s->cfg->login_ms;
	return limit_ms == 0 ? UINT64_MAX : s->start_ms + limit_ms;
}

uint64_t session_deadline(const struct session *s)
{
	const char *name;
	uint64_t at = step_deadline(s, &name), t;

	if (s->is_dead)
		return UINT64_MAX;
	if (!s->is_logged_in) /* keys are not renewed and silence is not watched before */
		return at;
	t = transport_deadline(s->transport);
	if (t < at)
		at = t;
	t = alive_deadline(&s->alive);
	return t < at ? t : at;
}

static void tick_alive(struct session *s)
{
	struct fault f = {0};
	enum err e;

	switch (alive_tick(&s->alive, s->now_ms)) {
	case ALIVE_FINE:
		return;
	case ALIVE_PROBE:
		e = mux_keepalive(s->mux);
		if (e != E_OK)
			session_fail(s, e, "sending a keepalive");
		return;
	case ALIVE_DEAD:
		fault_set(&f, E_TIMEOUT, 0, "silent for %llu s, and a keepalive was not answered",
			(unsigned long long)((s->now_ms - s->alive.heard_ms) / 1000));
		session_end(s, &f);
		return;
	}
}

void session_tick(struct session *s, uint64_t now_ms)
{
	const char *name;
	struct fault f = {0};
	enum err e;

	s->now_ms = now_ms;
	if (s->is_dead)
		return;
	if (now_ms >= step_deadline(s, &name)) {
		fault_set(&f, E_TIMEOUT, DISCONNECT_BY_APPLICATION,
			"Connection timed out during %s", name);
		session_end(s, &f);
		return;
	}
	if (transport_is_overdue(s->transport, now_ms)) {
		fault_set(&f, E_TIMEOUT, DISCONNECT_KEX_FAILED,
			"the peer did not finish a key exchange");
		session_end(s, &f);
		return;
	}
	if (!s->is_logged_in)
		return;
	e = transport_rekey(s->transport, false, now_ms);
	if (e != E_OK)
		session_fail(s, e, "starting a key re-exchange");
	else
		tick_alive(s);
}

/* --- the end -------------------------------------------------------------------------------------
 */

/* DISCONNECT is for a peer that is there and did not say goodbye itself. Best effort. */
static void say_disconnect(struct session *s)
{
	struct writer w;
	size_t text_len = strlen(s->fault.text);

	if (s->fault.err == E_CLOSED || s->fault.code == 0 ||
		transport_phase_of(s->transport) == TRANSPORT_IDENT)
		return;
	if (s->port.begin(s->port.ctx, 16 + text_len, &w) != E_OK)
		return;
	wr_u8(&w, MSG_DISCONNECT);
	wr_u32(&w, s->fault.code);
	wr_string(&w, bytes_of(s->fault.text, text_len));
	wr_cstring(&w, "");
	(void)s->port.end(s->port.ctx, &w); /* it ends either way */
}

void session_end(struct session *s, const struct fault *f)
{
	if (s->is_dead)
		return;
	s->fault = *f;
	s->is_dead = true;
	s->ask = ASK_NOTHING;
	say_disconnect(s);
}

void session_fail(struct session *s, enum err e, const char *what)
{
	struct fault f = {0};

	fault_set(&f, e, DISCONNECT_BY_APPLICATION, "%s: %s", what, err_text(e));
	session_end(s, &f);
}

void session_disconnect(struct session *s, uint32_t code, const char *text)
{
	struct fault f = {0};

	/* Our own wish, said to the peer: not E_CLOSED, which means that the peer went. */
	fault_set(&f, E_OK, code, "%s", text);
	session_end(s, &f);
}

void session_recv_eof(struct session *s, const char *text)
{
	struct fault f = {0};

	fault_set(&f, E_CLOSED, 0, "%s", text != NULL ? text : "the peer closed the connection");
	session_end(s, &f);
}

/* --- small commands and looks --------------------------------------------------------------------
 */

struct mux *session_mux(struct session *s)
{
	return s->is_dead ? NULL : s->mux;
}

bool session_is_writable(const struct session *s)
{
	return s->is_logged_in && !s->is_dead && transport_is_open(s->transport);
}

void session_debug(struct session *s, const char *text)
{
	struct writer w;
	enum err e;

	if (!s->is_logged_in || s->is_dead)
		return;
	e = s->port.begin(s->port.ctx, 16 + strlen(text), &w);
	if (e == E_OK) {
		wr_u8(&w, MSG_DEBUG);
		wr_bool(&w, false);
		wr_cstring(&w, text);
		wr_cstring(&w, "");
		e = s->port.end(s->port.ctx, &w);
	}
	if (e != E_OK)
		session_fail(s, e, "sending a debug message");
}

void session_rekey(struct session *s, uint64_t now_ms)
{
	enum err e;

	if (!s->is_logged_in || s->is_dead)
		return;
	e = transport_rekey(s->transport, true, now_ms);
	if (e != E_OK)
		session_fail(s, e, "starting a key re-exchange");
}

bool session_is_logged_in(const struct session *s)
{
	return s->is_logged_in;
}

bool session_is_dead(const struct session *s)
{
	return s->is_dead;
}

bool session_said_goodbye(const struct session *s)
{
	return s->said_goodbye;
}

const struct transport *session_transport(const struct session *s)
{
	return s->transport;
}

const char *session_user(const struct session *s)
{
	return s->auth_server != NULL ? auth_server_user(s->auth_server) : NULL;
}

struct bytes session_key(const struct session *s)
{
	return s->auth_server != NULL ? auth_server_key(s->auth_server) : bytes_of(NULL, 0);
}

void session_counts(const struct session *s, struct session_counts *out)
{
	*out = s->counts;
	if (s->auth_server != NULL)
		out->login_tries = auth_server_tries(s->auth_server);
	out->packets_out += transport_packets_out(s->transport);
}
