/* SPDX-License-Identifier: ISC */
/*
 * Questions to the program and what it answers. One is open at a time; while it is, no packet is
 * taken that could overtake a verdict.
 */
#include <assert.h>
#include "session/session_impl.h"

static void open_question(struct session *s, enum ask ask)
{
	assert(s->ask == ASK_NOTHING);
	s->ask = ask;
	s->ask_told = false;
}

static bool close_question(struct session *s, enum ask ask)
{
	if (s->is_dead || s->ask != ask || !s->ask_told)
		return false;
	s->ask = ASK_NOTHING;
	return true;
}

/* --- login
 * ---------------------------------------------------------------------------------------- */

/* From here on packets may be large, channels exist, silence is watched. */
static void log_in(struct session *s)
{
	struct mux_config mc = session_mux_config(s);
	enum err e = mux_new(&mc, &s->mux);

	if (e != E_OK) {
		session_fail(s, e, "making room for channels");
		return;
	}
	transport_set_max_packet(s->transport, LIMIT_PACKET_OPEN);
	s->noise = (struct noise){.since_ms = s->now_ms};
	alive_heard(&s->alive, s->now_ms);
	s->is_logged_in = true;
	s->login_due = true;
}

static void refuse(struct session *s)
{
	struct fault f = {0};
	struct bytes methods = auth_client_methods(s->auth_client);

	fault_set(&f, E_AUTH, DISCONNECT_NO_MORE_AUTH_METHODS, "Permission denied (%.*s)",
		(int)(methods.len > 128 ? 128 : methods.len), (const char *)methods.ptr);
	session_end(s, &f);
}

bool answers_on_client(struct session *s, enum auth_client_event what, struct event *ev)
{
	switch (what) {
	case AUTH_CLIENT_GOES_ON:
		return false;
	case AUTH_CLIENT_SIGNS:
		open_question(s, ASK_SIGN_USER);
		return false;
	case AUTH_CLIENT_LOADS:
		open_question(s, ASK_LOAD);
		return false;
	case AUTH_CLIENT_ASKS:
		open_question(s, ASK_PROMPT);
		return false;
	case AUTH_CLIENT_BANNER:
		*ev = (struct event){.kind = EV_BANNER, .data = auth_client_banner(s->auth_client)};
		return true;
	case AUTH_CLIENT_LOGIN:
		log_in(s);
		return false;
	case AUTH_CLIENT_REFUSED:
		refuse(s);
		return false;
	}
	return false;
}

void answers_on_server(struct session *s, enum auth_server_event what)
{
	switch (what) {
	case AUTH_SERVER_GOES_ON:
		return;
	case AUTH_SERVER_ASKS:
		open_question(s, ASK_KEY);
		return;
	case AUTH_SERVER_LOGIN:
		log_in(s);
		return;
	}
}

/* --- questions out
 * -------------------------------------------------------------------------------- */

static void tell_login(struct session *s, struct event *ev)
{
	s->login_due = false;
	*ev = (struct event){.kind = EV_LOGIN};
	if (s->cfg->is_server) {
		ev->text = auth_server_user(s->auth_server);
		ev->data = auth_server_key(s->auth_server);
	} else {
		ev->text = auth_client_method(s->auth_client);
		ev->index = auth_client_index(s->auth_client);
	}
}

/* The login machines are of no use once EV_LOGIN was told; its slices held until this call. */
static void drop_login_machines(struct session *s)
{
	if (!s->is_logged_in || s->login_due)
		return;
	auth_server_free(s->auth_server);
	auth_client_free(s->auth_client);
	s->auth_server = NULL;
	s->auth_client = NULL;
}

static void tell_question(struct session *s, struct event *ev)
{
	s->ask_told = true;
	switch (s->ask) {
	case ASK_HOSTKEY:
		*ev = (struct event){.kind = EV_HOSTKEY, .data = transport_host_key(s->transport)};
		return;
	case ASK_SIGN_HOST:
		*ev = (struct event){.kind = EV_SIGN_HOST,
			.data = transport_hash(s->transport),
			.index = transport_sign_index(s->transport),
			.alg = transport_sign_alg(s->transport)};
		return;
	case ASK_SIGN_USER:
		*ev = (struct event){.kind = EV_SIGN_USER,
			.data = auth_client_to_sign(s->auth_client),
			.index = auth_client_index(s->auth_client),
			.text = auth_client_alg(s->auth_client)->sig_name};
		ev->alg = sig_alg_find(bytes_str(ev->text));
		return;
	case ASK_LOAD:
		*ev = (struct event){.kind = EV_LOAD, .index = auth_client_index(s->auth_client)};
		return;
	case ASK_PROMPT:
		*ev = (struct event){
			.kind = EV_PROMPT, .prompt = auth_client_prompt(s->auth_client)};
		return;
	case ASK_KEY:
		*ev = (struct event){.kind = EV_KEY,
			.text = auth_server_user(s->auth_server),
			.data = auth_server_key(s->auth_server)};
		auth_server_proof(s->auth_server, &ev->proof, &ev->signature);
		return;
	case ASK_NOTHING:
		break;
	}
}

bool answers_due(struct session *s, struct event *ev)
{
	drop_login_machines(s);
	if (s->login_due) {
		tell_login(s, ev);
		return true;
	}
	if (s->ask == ASK_NOTHING) {
		switch (transport_need(s->transport)) {
		case TRANSPORT_NEEDS_NOTHING:
			return false;
		case TRANSPORT_NEEDS_VERDICT:
			open_question(s, ASK_HOSTKEY);
			break;
		case TRANSPORT_NEEDS_SIGNATURE:
			open_question(s, ASK_SIGN_HOST);
			break;
		}
	}
	if (s->ask_told)
		return false;
	tell_question(s, ev);
	return true;
}

/* --- answers in
 * ----------------------------------------------------------------------------------- */

void session_answer_hostkey(struct session *s, enum verdict v, uint64_t now_ms)
{
	struct fault f = {0};
	enum err e;

	s->now_ms = now_ms;
	if (!close_question(s, ASK_HOSTKEY))
		return;
	e = transport_answer_verdict(s->transport, v, now_ms, &f);
	if (e == E_OK)
		return;
	fault_set(&f, e, DISCONNECT_HOST_KEY_NOT_VERIFIABLE, "Host key verification failed");
	session_end(s, &f);
}

static void answer_sign_host(struct session *s, struct bytes signature, uint64_t now_ms)
{
	struct fault f = {0};
	enum err e;

	if (signature.len == 0) {
		fault_set(&f, E_HOSTKEY, DISCONNECT_KEX_FAILED,
			"the relay could not sign the key exchange");
		session_end(s, &f);
		return;
	}
	e = transport_answer_signature(s->transport, signature, now_ms, &f);
	if (e == E_OK)
		return;
	fault_set(&f, e, DISCONNECT_KEX_FAILED, "key exchange: %s", err_text(e));
	session_end(s, &f);
}

/* What the login machine made of an answer. */
static void after_answer(
	struct session *s, enum err e, enum auth_client_event what, struct fault *f)
{
	struct event none;

	if (e == E_OK) {
		answers_on_client(s, what, &none);
		return;
	}
	fault_set(f, e, DISCONNECT_AUTH_CANCELLED, "login: %s", err_text(e));
	session_end(s, f);
}

static void answer_sign_user(struct session *s, struct bytes signature)
{
	enum auth_client_event what = AUTH_CLIENT_GOES_ON;
	struct fault f = {0};
	enum err e = auth_client_answer(s->auth_client, signature, &what, &f);

	after_answer(s, e, what, &f);
}

void session_answer_load(struct session *s, uint64_t now_ms)
{
	enum auth_client_event what = AUTH_CLIENT_GOES_ON;
	struct fault f = {0};
	enum err e;

	s->now_ms = now_ms;
	if (!close_question(s, ASK_LOAD))
		return;
	e = auth_client_loaded(s->auth_client, &what, &f);
	after_answer(s, e, what, &f);
}

void session_answer_sign(struct session *s, struct bytes signature, uint64_t now_ms)
{
	s->now_ms = now_ms;
	if (close_question(s, ASK_SIGN_HOST))
		answer_sign_host(s, signature, now_ms);
	else if (close_question(s, ASK_SIGN_USER))
		answer_sign_user(s, signature);
}

void session_answer_prompt(struct session *s, struct bytes answer, bool is_given, uint64_t now_ms)
{
	enum auth_client_event what = AUTH_CLIENT_GOES_ON;
	struct fault f = {0};
	enum err e;

	s->now_ms = now_ms;
	if (!close_question(s, ASK_PROMPT))
		return;
	e = auth_client_reply(s->auth_client, answer, is_given, &what, &f);
	after_answer(s, e, what, &f);
}

void session_banner(struct session *s, const char *text)
{
	if (!s->is_dead && s->ask == ASK_KEY)
		auth_server_banner(s->auth_server, text);
}

void session_key_terms(struct session *s, struct auth_terms terms)
{
	if (!s->is_dead && s->ask == ASK_KEY)
		auth_server_terms(s->auth_server, terms);
}

const char *session_key_flaw(const struct session *s)
{
	return s->auth_server != NULL ? auth_server_flaw(s->auth_server) : NULL;
}

void session_answer_key(struct session *s, bool is_allowed)
{
	enum auth_server_event what = AUTH_SERVER_GOES_ON;
	struct fault f = {0};
	enum err e;

	if (!close_question(s, ASK_KEY))
		return;
	e = auth_server_answer(s->auth_server, is_allowed, &what, &f);
	if (e != E_OK) {
		fault_set(&f, e, DISCONNECT_PROTOCOL_ERROR, "login: %s", err_text(e));
		session_end(s, &f);
		return;
	}
	answers_on_server(s, what);
}
