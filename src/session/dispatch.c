/* SPDX-License-Identifier: ISC */
/*
 * One packet: is it legal now (legal.c), which machine is it for, and does what came of it concern
 * the program. Nothing is dispatched past the table.
 */
#include <assert.h>
#include "session/session_impl.h"
#include "wire/reader.h"

static void end_proto(struct session *s, const char *what, uint8_t msg)
{
	struct fault f = {0};

	fault_set(&f, E_PROTO, DISCONNECT_PROTOCOL_ERROR, "%s message %u %s", what, msg,
		legal_phase_name(session_phase(s)));
	session_end(s, &f);
}

static unsigned noise_max(const struct session *s)
{
	if (s->is_logged_in)
		return NOISE_A_SECOND;
	return session_phase(s) == PHASE_AUTH ? NOISE_LOGIN : NOISE_EARLY;
}

/* Harmless messages are taken, but a peer that sends nothing else is shown the door. */
static bool noise_is_bearable(struct session *s)
{
	struct noise *n = &s->noise;

	if (s->is_logged_in && s->now_ms - n->since_ms >= 1000) {
		n->since_ms = s->now_ms;
		n->count = 0;
	}
	n->count++;
	return n->count <= noise_max(s);
}

static void answer_unimplemented(struct session *s)
{
	struct writer w;
	struct fault f = {0};
	enum err e;

	if (++s->noise.unknown > LIMIT_STRAY) {
		fault_set(&f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR, "too many unknown messages");
		session_end(s, &f);
		return;
	}
	e = s->port.begin(s->port.ctx, 5, &w);
	if (e == E_OK) {
		wr_u8(&w, MSG_UNIMPLEMENTED);
		wr_u32(&w, transport_last_seq(s->transport));
		e = s->port.end(s->port.ctx, &w);
	}
	if (e != E_OK)
		session_fail(s, e, "answering an unknown message");
}

/* --- messages of the transport that carry words
 * ---------------------------------------------------- */

static void on_disconnect(struct session *s, struct bytes payload)
{
	struct reader r;
	struct fault f = {0};
	uint32_t code;
	struct bytes words;

	rd_init(&r, payload);
	rd_u8(&r);
	code = rd_u32(&r);
	words = rd_string(&r, LIMIT_STRING);
	/* A malformed goodbye is a goodbye; the language tag is not even looked at. */
	s->said_goodbye = code == DISCONNECT_BY_APPLICATION;
	fault_set(&f, E_CLOSED, 0, "the peer disconnected: %.*s (reason %u)", (int)words.len,
		(const char *)words.ptr, code);
	session_end(s, &f);
}

static bool on_debug(struct session *s, struct bytes payload, struct event *ev)
{
	struct reader r;
	struct bytes text;
	bool always;

	rd_init(&r, payload);
	rd_u8(&r);
	always = rd_bool(&r);
	text = rd_string(&r, LIMIT_PACKET_LOGIN);
	rd_string(&r, LIMIT_STRING);
	if (!rd_end(&r)) {
		end_proto(s, "malformed", MSG_DEBUG);
		return false;
	}
	/* Before login nobody listens: text of an unproven peer is not passed on. */
	if (!s->is_logged_in)
		return false;
	*ev = (struct event){.kind = EV_DEBUG, .data = text, .code = always};
	return true;
}

/* ping@openssh.com: echo, bounded. */
static void on_ping(struct session *s, struct bytes payload)
{
	struct reader r;
	struct writer w;
	struct bytes data;
	enum err e;

	rd_init(&r, payload);
	rd_u8(&r);
	data = rd_string(&r, PING_MAX);
	if (!rd_end(&r) || !noise_is_bearable(s)) {
		end_proto(s, "malformed or endless", MSG_PING);
		return;
	}
	e = s->port.begin(s->port.ctx, 5 + data.len, &w);
	if (e == E_OK) {
		wr_u8(&w, MSG_PONG);
		wr_string(&w, data);
		e = s->port.end(s->port.ctx, &w);
	}
	if (e != E_OK)
		session_fail(s, e, "answering a ping");
}

/* --- the machines
 * --------------------------------------------------------------------------------- */

void dispatch_start_login(struct session *s)
{
	enum err e;

	if (s->cfg->is_server) {
		struct auth_server_config ac = {
			.sig_algs = s->cfg->sig_algs,
			.failures_max = s->cfg->auth_failures_max,
			.session_id = transport_session_id(s->transport),
			.port = s->port,
		};
		e = auth_server_new(&ac, &s->auth_server);
	} else {
		struct auth_client_config ac = {
			.user = s->cfg->user,
			.sig_algs = s->cfg->sig_algs,
			.identities = s->cfg->identities,
			.identity_count = s->cfg->identity_count,
			.methods = s->cfg->auth_methods,
			.prompts_max = s->cfg->auth_prompts_max,
			.session_id = transport_session_id(s->transport),
			.port = s->port,
		};
		e = auth_client_new(&ac, &s->auth_client);
		if (e == E_OK)
			e = auth_client_start(s->auth_client);
	}
	if (e != E_OK)
		session_fail(s, e, "starting the login");
}

/* The login machine hears what the server says it takes. */
static void on_ext_info(struct session *s)
{
	enum err e = auth_client_learn(s->auth_client, transport_peer_sig_algs(s->transport));

	if (e == E_OK && !s->cfg->auth_unbound &&
		(transport_peer_ext(s->transport) & TRANSPORT_EXT_HOSTBOUND))
		e = auth_client_bind(s->auth_client, transport_host_key(s->transport));
	if (e != E_OK)
		session_fail(s, e, "keeping what the relay announced");
}

static void on_transport(struct session *s, struct bytes payload)
{
	enum transport_phase before = transport_phase_of(s->transport);
	struct fault f = {0};
	enum err e = transport_handle(s->transport, payload, s->now_ms, &f);

	if (e != E_OK) {
		fault_set(&f, e, DISCONNECT_KEX_FAILED, "key exchange: %s", err_text(e));
		session_end(s, &f);
		return;
	}
	if (transport_phase_of(s->transport) == TRANSPORT_READY && before != TRANSPORT_READY) {
		if (before == TRANSPORT_KEX)
			dispatch_start_login(s);
		else
			s->counts.rekeys++;
	}
	if (payload.ptr[0] == MSG_EXT_INFO && s->auth_client != NULL)
		on_ext_info(s);
}

static bool on_auth(struct session *s, struct bytes payload, struct event *ev)
{
	struct fault f = {0};
	enum auth_server_event at_server = AUTH_SERVER_GOES_ON;
	enum auth_client_event at_client = AUTH_CLIENT_GOES_ON;
	enum err e;

	if (s->cfg->is_server)
		e = auth_server_on(s->auth_server, payload, &at_server, &f);
	else
		e = auth_client_on(s->auth_client, payload, &at_client, &f);
	if (e != E_OK) {
		fault_set(&f, e, DISCONNECT_PROTOCOL_ERROR, "login: %s", err_text(e));
		session_end(s, &f);
		return false;
	}
	if (!s->cfg->is_server)
		return answers_on_client(s, at_client, ev);
	answers_on_server(s, at_server);
	return false;
}

static bool on_mux(struct session *s, struct bytes payload, struct event *ev)
{
	struct fault f = {0};
	enum err e;

	*ev = (struct event){.kind = EV_MUX};
	/* AsyncSSH sends an IGNORE ahead of each: noise is what goes beyond that. */
	if (s->noise.count > 0)
		s->noise.count--;
	e = mux_on(s->mux, payload, &ev->mux, &f);
	if (e != E_OK) {
		fault_set(&f, e, DISCONNECT_PROTOCOL_ERROR, "channels: %s", err_text(e));
		session_end(s, &f);
		return false;
	}
	return ev->mux.kind != MUX_NOTHING;
}

static bool dispatch_legal(struct session *s, struct bytes payload, struct event *ev)
{
	uint8_t msg = payload.ptr[0];

	switch (msg) {
	case MSG_DISCONNECT:
		on_disconnect(s, payload);
		return false;
	case MSG_IGNORE:
	case MSG_UNIMPLEMENTED:
		return false;
	case MSG_DEBUG:
		return on_debug(s, payload, ev);
	case MSG_SERVICE_REQUEST:
	case MSG_SERVICE_ACCEPT:
		return on_auth(s, payload, ev);
	case MSG_PING:
		on_ping(s, payload);
		return false;
	default:
		break;
	}
	if (msg < MSG_USERAUTH_REQUEST)
		on_transport(s, payload);
	else if (msg < MSG_GLOBAL_REQUEST)
		return on_auth(s, payload, ev);
	else
		return on_mux(s, payload, ev);
	return false;
}

/* The one number that is legal where the table says "expected". */
static uint8_t expected(const struct session *s, uint8_t msg)
{
	if (msg >= MSG_USERAUTH_PK_OK)
		return s->auth_client != NULL ? auth_client_expects(s->auth_client) : 0;
	return transport_expects(s->transport);
}

bool dispatch_packet(struct session *s, struct bytes payload, struct event *ev)
{
	enum role role = s->cfg->is_server ? ROLE_SERVER : ROLE_CLIENT;
	uint8_t msg = payload.ptr[0];

	assert(payload.len > 0);
	/* A wrong guess of the first exchange is dropped unseen, whatever it says (RFC 4253 7). */
	if (transport_drops(s->transport, msg))
		return false;
	switch (legal_verdict(role, session_phase(s), msg)) {
	case LEGAL_YES:
		return dispatch_legal(s, payload, ev);
	case LEGAL_EXPECTED:
		if (msg == expected(s, msg))
			return dispatch_legal(s, payload, ev);
		break;
	case LEGAL_BOUNDED:
		if (noise_is_bearable(s))
			return dispatch_legal(s, payload, ev);
		end_proto(s, "too many of", msg);
		return false;
	case LEGAL_IGNORE:
		return false;
	case LEGAL_UNKNOWN:
		answer_unimplemented(s);
		return false;
	case LEGAL_NO:
		break;
	}
	end_proto(s, "illegal", msg);
	return false;
}
