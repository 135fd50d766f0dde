/* SPDX-License-Identifier: ISC */
/*
 * Login, agent's side (RFC 4252 4 to 7). The states below, one setter, and a walk over the
 * identities; each turn of the walk asks about a key or signs with it, and a FAILURE starts the
 * next one.
 *
 * SUCCESS counts only as the answer to a signature of ours (CVE-2021-36367). Without a usable key
 * one "none" request is sent, so that the user can be told which methods the server would take.
 */
#include "auth/client.h"

#include "auth/publickey.h"
#include "wire/msgs.h"
#include "wire/namelist.h"
#include "wire/reader.h"

#include <assert.h>
#include <stdlib.h>

enum { BANNERS_MAX = 16 };

enum client_state {
	CLIENT_NEW,
	CLIENT_AWAITS_SERVICE,
	CLIENT_AWAITS_PK_OK,  /* a query is open */
	CLIENT_SIGNS,	      /* the program is */
	CLIENT_AWAITS_RESULT, /* a signature was sent */
	CLIENT_AWAITS_LIST,   /* "none" was sent */
	CLIENT_DONE,
	CLIENT_STATES
};

#define TO(state) (1U << (state))

static const unsigned allowed_moves[CLIENT_STATES] = {
	[CLIENT_NEW] = TO(CLIENT_AWAITS_SERVICE),
	[CLIENT_AWAITS_SERVICE] =
		TO(CLIENT_AWAITS_PK_OK) | TO(CLIENT_SIGNS) | TO(CLIENT_AWAITS_LIST),
	[CLIENT_AWAITS_PK_OK] = TO(CLIENT_AWAITS_PK_OK) | TO(CLIENT_SIGNS) | TO(CLIENT_DONE),
	/* An identity that cannot sign is passed over, with the server none the wiser. */
	[CLIENT_SIGNS] = TO(CLIENT_AWAITS_RESULT) | TO(CLIENT_AWAITS_PK_OK) |
			 TO(CLIENT_AWAITS_LIST) | TO(CLIENT_DONE),
	[CLIENT_AWAITS_RESULT] = TO(CLIENT_AWAITS_PK_OK) | TO(CLIENT_DONE),
	[CLIENT_AWAITS_LIST] = TO(CLIENT_DONE),
};

struct auth_client {
	struct auth_client_config cfg;
	enum client_state state;
	size_t next;  /* identity to try next */
	size_t index; /* identity under way */
	const struct sig_alg *alg;
	struct span to_sign;	 /* owned; while CLIENT_SIGNS */
	struct span server_algs; /* owned; empty while not known */
	struct span methods;	 /* owned; of the last FAILURE */
	bool has_methods;
	struct bytes banner; /* borrows the payload */
	unsigned banners;
};

static void move_to(struct auth_client *a, enum client_state to)
{
	assert(allowed_moves[a->state] & TO(to));
	a->state = to;
}

static void drop(struct span *owned)
{
	free(owned->ptr);
	*owned = (struct span){0};
}

static enum err keep(struct span *owned, struct bytes data)
{
	struct span fresh = {malloc(data.len > 0 ? data.len : 1), data.len};

	if (fresh.ptr == NULL)
		return E_NOMEM;
	if (data.len > 0)
		memcpy(fresh.ptr, data.ptr, data.len);
	drop(owned);
	*owned = fresh;
	return E_OK;
}

enum err auth_client_new(const struct auth_client_config *cfg, struct auth_client **out)
{
	struct auth_client *a;

	if (strlen(cfg->user) > LIMIT_STRING)
		return E_VALUE;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return E_NOMEM;
	a->cfg = *cfg;
	*out = a;
	return E_OK;
}

void auth_client_free(struct auth_client *a)
{
	if (a == NULL)
		return;
	drop(&a->to_sign);
	drop(&a->server_algs);
	drop(&a->methods);
	free(a);
}

/* --- what leaves ------------------------------------------------------------------------------ */

enum err auth_client_start(struct auth_client *a)
{
	struct writer w;
	enum err e;

	if (a->state != CLIENT_NEW)
		return E_STATE;
	e = a->cfg.port.begin(a->cfg.port.ctx, 1 + 4 + strlen("ssh-userauth"), &w);
	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_SERVICE_REQUEST);
	wr_cstring(&w, "ssh-userauth");
	e = a->cfg.port.end(a->cfg.port.ctx, &w);
	if (e == E_OK)
		move_to(a, CLIENT_AWAITS_SERVICE);
	return e;
}

static struct publickey request_of(const struct auth_client *a, bool is_signed)
{
	return (struct publickey){
		.user = bytes_str(a->cfg.user),
		.service = bytes_str("ssh-connection"),
		.alg = bytes_str(a->alg->name),
		.blob = a->cfg.identities[a->index].blob,
		.is_signed = is_signed,
	};
}

static enum err send_query(struct auth_client *a)
{
	struct publickey p = request_of(a, false);
	struct writer w;
	enum err e = a->cfg.port.begin(a->cfg.port.ctx, publickey_len(&p), &w);

	if (e != E_OK)
		return e;
	publickey_write(&w, &p);
	return a->cfg.port.end(a->cfg.port.ctx, &w);
}

/* The request is what was signed, less the session id in front (RFC 4252 7). */
static enum err send_signed(struct auth_client *a, struct bytes signature)
{
	size_t skip = 4 + a->cfg.session_id.len;
	struct bytes request = bytes_of(a->to_sign.ptr + skip, a->to_sign.len - skip);
	struct writer w;
	enum err e = a->cfg.port.begin(a->cfg.port.ctx, request.len + 4 + signature.len, &w);

	if (e != E_OK)
		return e;
	wr_raw(&w, request);
	wr_string(&w, signature);
	return a->cfg.port.end(a->cfg.port.ctx, &w);
}

static enum err send_none(struct auth_client *a)
{
	struct bytes user = bytes_str(a->cfg.user);
	struct writer w;
	enum err e = a->cfg.port.begin(a->cfg.port.ctx,
		1 + 4 + user.len + 4 + strlen("ssh-connection") + 4 + strlen("none"), &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_USERAUTH_REQUEST);
	wr_string(&w, user);
	wr_cstring(&w, "ssh-connection");
	wr_cstring(&w, "none");
	return a->cfg.port.end(a->cfg.port.ctx, &w);
}

/* --- the walk over the identities ------------------------------------------------------------- */

/* The first of our algorithms for a key that the server takes; NULL when there is none. While its
 * list is not known any will do (RFC 8332 3.3). It counts only where a key has several: OpenSSH 7.4
 * names the ones of RSA there and nothing else, whatever keys it takes. */
static const struct sig_alg *alg_for(const struct auth_client *a, enum pk_type type)
{
	struct bytes rest = bytes_str(a->cfg.sig_algs);
	struct bytes theirs = bytes_of(a->server_algs.ptr, a->server_algs.len);
	struct bytes name;

	while (namelist_next(&rest, &name)) {
		const struct sig_alg *alg = sig_alg_find(name);

		if (alg == NULL || alg->type != type)
			continue;
		if (type != PK_RSA || theirs.len == 0 || namelist_has(theirs, alg->name))
			return alg;
	}
	return NULL;
}

static bool next_identity(struct auth_client *a)
{
	while (a->next < a->cfg.identity_count) {
		a->index = a->next++;
		a->alg = alg_for(a, a->cfg.identities[a->index].type);
		if (a->alg != NULL)
			return true;
	}
	return false;
}

static enum err want_signature(struct auth_client *a, enum auth_client_event *ev)
{
	struct publickey p = request_of(a, true);
	enum err e = publickey_to_sign(a->cfg.session_id, &p, 0, &a->to_sign);

	if (e != E_OK)
		return e;
	move_to(a, CLIENT_SIGNS);
	*ev = AUTH_CLIENT_SIGNS;
	return E_OK;
}

static void give_up(struct auth_client *a, enum auth_client_event *ev)
{
	move_to(a, CLIENT_DONE);
	*ev = AUTH_CLIENT_REFUSED;
}

static enum err try_next(struct auth_client *a, enum auth_client_event *ev)
{
	enum err e;

	if (next_identity(a)) {
		if (a->cfg.identity_count == 1)
			return want_signature(a, ev);
		e = send_query(a);
		if (e == E_OK)
			move_to(a, CLIENT_AWAITS_PK_OK);
		return e;
	}
	if (a->has_methods) {
		give_up(a, ev);
		return E_OK;
	}
	e = send_none(a);
	if (e == E_OK)
		move_to(a, CLIENT_AWAITS_LIST);
	return e;
}

/* --- what comes ------------------------------------------------------------------------------- */

static enum err malformed(struct fault *f, const char *what)
{
	return fault_set(f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "malformed %s", what);
}

static enum err unexpected(struct fault *f, const char *what)
{
	return fault_set(
		f, E_PROTO, DISCONNECT_PROTOCOL_ERROR, "the server sent %s out of turn", what);
}

static enum err on_accept(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	struct reader r;
	struct bytes name;

	rd_init(&r, payload);
	rd_u8(&r);
	name = rd_string(&r, LIMIT_NAME);
	if (!rd_end(&r))
		return malformed(f, "service accept");
	if (a->state != CLIENT_AWAITS_SERVICE || !bytes_is(name, "ssh-userauth"))
		return unexpected(f, "a service accept");
	return try_next(a, ev);
}

static enum err on_failure(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	struct reader r;
	struct bytes methods;
	enum err e;

	rd_init(&r, payload);
	rd_u8(&r);
	methods = rd_string(&r, LIMIT_NAMELIST);
	/* Partial success: the list then names what is needed on top; the walk goes on alike. */
	rd_bool(&r);
	if (!rd_end(&r) || !namelist_is_valid(methods))
		return malformed(f, "authentication failure");
	if (a->state != CLIENT_AWAITS_PK_OK && a->state != CLIENT_AWAITS_RESULT &&
		a->state != CLIENT_AWAITS_LIST)
		return unexpected(f, "an authentication failure");
	e = keep(&a->methods, methods);
	if (e != E_OK)
		return e;
	a->has_methods = true;
	if (!namelist_has(methods, "publickey") || a->state == CLIENT_AWAITS_LIST) {
		give_up(a, ev);
		return E_OK;
	}
	return try_next(a, ev);
}

static enum err on_success(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	if (payload.len != 1)
		return malformed(f, "authentication success");
	if (a->state == CLIENT_AWAITS_RESULT) {
		move_to(a, CLIENT_DONE);
		*ev = AUTH_CLIENT_LOGIN;
		return E_OK;
	}
	return fault_set(f, E_AUTH, DISCONNECT_AUTH_CANCELLED,
		"the server let us in without checking our key, which no honest server does");
}

static enum err on_banner(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	struct reader r;
	struct bytes text;

	rd_init(&r, payload);
	rd_u8(&r);
	text = rd_string(&r, LIMIT_PACKET_LOGIN);
	rd_string(&r, LIMIT_NAME); /* language tag */
	if (!rd_end(&r))
		return malformed(f, "banner");
	if (a->state == CLIENT_AWAITS_SERVICE)
		return unexpected(f, "a banner");
	if (++a->banners > BANNERS_MAX)
		return fault_set(f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR,
			"the server sent more than %d banners", BANNERS_MAX);
	/* A long notice is cut, not fatal: there are servers with pages of it. */
	if (text.len > LIMIT_BANNER)
		text.len = LIMIT_BANNER;
	a->banner = text;
	*ev = AUTH_CLIENT_BANNER;
	return E_OK;
}

static enum err on_pk_ok(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	struct bytes alg, blob;

	if (a->state != CLIENT_AWAITS_PK_OK)
		return unexpected(f, "an answer about a key");
	if (publickey_read_ok(payload, &alg, &blob) != E_OK)
		return malformed(f, "answer about a key");
	if (!bytes_is(alg, a->alg->name) || !bytes_eq(blob, a->cfg.identities[a->index].blob))
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"the server answered about another key than the one it was asked about");
	return want_signature(a, ev);
}

static enum err dispatch(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	switch (payload.len > 0 ? payload.ptr[0] : 0) {
	case MSG_SERVICE_ACCEPT:
		return on_accept(a, payload, ev, f);
	case MSG_USERAUTH_FAILURE:
		return on_failure(a, payload, ev, f);
	case MSG_USERAUTH_SUCCESS:
		return on_success(a, payload, ev, f);
	case MSG_USERAUTH_BANNER:
		return on_banner(a, payload, ev, f);
	case MSG_USERAUTH_PK_OK:
		return on_pk_ok(a, payload, ev, f);
	default:
		return unexpected(f, "a message that login does not know");
	}
}

enum err auth_client_on(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	enum err e;

	*ev = AUTH_CLIENT_GOES_ON;
	a->banner = (struct bytes){0};
	if (a->state == CLIENT_NEW || a->state == CLIENT_DONE)
		return fault_set(f, E_STATE, 0, "login takes no message now");
	e = dispatch(a, payload, ev, f);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "login failed: %s", err_text(e));
	return E_OK;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* Whoever signed (a key agent, too) must have used the algorithm that the request names. */
static bool is_usable(const struct auth_client *a, struct bytes signature)
{
	struct reader r;
	struct bytes name;

	rd_init(&r, signature);
	name = rd_string(&r, LIMIT_NAME);
	rd_string(&r, PK_SIGNATURE_MAX);
	return rd_end(&r) && bytes_is(name, a->alg->name);
}

enum err auth_client_answer(
	struct auth_client *a, struct bytes signature, enum auth_client_event *ev, struct fault *f)
{
	enum err e;

	*ev = AUTH_CLIENT_GOES_ON;
	if (a->state != CLIENT_SIGNS)
		return fault_set(f, E_STATE, 0, "no signature was asked for");
	if (is_usable(a, signature)) {
		e = send_signed(a, signature);
		if (e == E_OK)
			move_to(a, CLIENT_AWAITS_RESULT);
		drop(&a->to_sign);
	} else {
		drop(&a->to_sign);
		e = try_next(a, ev);
	}
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "login failed: %s", err_text(e));
	return E_OK;
}

enum err auth_client_learn(struct auth_client *a, struct bytes server_sig_algs)
{
	if (!namelist_is_valid(server_sig_algs))
		return E_FORMAT;
	return keep(&a->server_algs, server_sig_algs);
}

/* --- looking ---------------------------------------------------------------------------------- */

struct bytes auth_client_to_sign(const struct auth_client *a)
{
	return bytes_of(a->to_sign.ptr, a->to_sign.len);
}

const struct sig_alg *auth_client_sig_alg(const struct auth_client *a)
{
	return a->alg;
}

size_t auth_client_index(const struct auth_client *a)
{
	return a->index;
}

struct bytes auth_client_banner(const struct auth_client *a)
{
	return a->banner;
}

struct bytes auth_client_methods(const struct auth_client *a)
{
	return bytes_of(a->methods.ptr, a->methods.len);
}

uint8_t auth_client_expects(const struct auth_client *a)
{
	return a->state == CLIENT_AWAITS_PK_OK ? MSG_USERAUTH_PK_OK : 0;
}

bool auth_client_has_service(const struct auth_client *a)
{
	return a->state > CLIENT_AWAITS_SERVICE;
}
