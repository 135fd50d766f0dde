/* SPDX-License-Identifier: ISC */
/*
 * Login, agent's side (RFC 4252 4 to 8, RFC 4256). The states below, one setter, and a walk over
 * methods; each turn of the walk asks about a key or signs with it (client_keys.c), or asks the
 * person (client_person.c), and a FAILURE starts the next one.
 *
 * SUCCESS counts only as the answer to a signature or an answer of ours (CVE-2021-36367). Where no
 * key can be tried first one "none" request is sent, to learn which methods the server would take.
 */
#include "auth/client.h"

#include "auth/client_impl.h"
#include "wire/msgs.h"
#include "wire/namelist.h"
#include "wire/reader.h"

#include <assert.h>
#include <stdlib.h>

enum { BANNERS_MAX = 16 };

static const char *const method_names[METHODS] = {[METHOD_PUBLICKEY] = "publickey",
	[METHOD_KBDINT] = "keyboard-interactive",
	[METHOD_PASSWORD] = "password"};

#define TO(state) (1U << (state))

/* Where the next turn of the walk may lead once the server's list of methods is known. */
#define NEXT \
	(TO(CLIENT_AWAITS_PK_OK) | TO(CLIENT_SIGNS) | TO(CLIENT_LOADS) | TO(CLIENT_ASKS) | \
		TO(CLIENT_AWAITS_INFO) | TO(CLIENT_DONE))

static const unsigned allowed_moves[CLIENT_STATES] = {
	[CLIENT_NEW] = TO(CLIENT_AWAITS_SERVICE),
	[CLIENT_AWAITS_SERVICE] = TO(CLIENT_AWAITS_PK_OK) | TO(CLIENT_SIGNS) | TO(CLIENT_LOADS) |
				  TO(CLIENT_AWAITS_LIST),
	[CLIENT_AWAITS_PK_OK] = NEXT,
	/* An identity that cannot sign is passed over, with the server none the wiser. */
	[CLIENT_SIGNS] = NEXT | TO(CLIENT_AWAITS_RESULT) | TO(CLIENT_AWAITS_LIST),
	/* So is one that cannot be loaded. */
	[CLIENT_LOADS] = NEXT | TO(CLIENT_AWAITS_LIST),
	[CLIENT_ASKS] = NEXT | TO(CLIENT_AWAITS_PASSWORD),
	[CLIENT_AWAITS_RESULT] = NEXT,
	[CLIENT_AWAITS_PASSWORD] = NEXT,
	[CLIENT_AWAITS_INFO] = NEXT,
	[CLIENT_AWAITS_LIST] = NEXT,
};

void client_move(struct auth_client *a, enum client_state to)
{
	assert(allowed_moves[a->state] & TO(to));
	a->state = to;
}

void client_drop(struct span *owned)
{
	bytes_wipe(owned->ptr, owned->len);
	free(owned->ptr);
	*owned = (struct span){0};
}

enum err client_keep(struct span *owned, struct bytes data)
{
	struct span fresh = {malloc(data.len > 0 ? data.len : 1), data.len};

	if (fresh.ptr == NULL)
		return E_NOMEM;
	if (data.len > 0)
		memcpy(fresh.ptr, data.ptr, data.len);
	client_drop(owned);
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
	if (a->cfg.methods == NULL)
		a->cfg.methods = "publickey";
	*out = a;
	return E_OK;
}

void auth_client_free(struct auth_client *a)
{
	if (a == NULL)
		return;
	client_drop(&a->to_sign);
	client_drop(&a->host_key);
	client_drop(&a->server_algs);
	client_drop(&a->methods);
	client_drop(&a->asked);
	client_drop(&a->answers);
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
		client_move(a, CLIENT_AWAITS_SERVICE);
	return e;
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

/* --- the walk over the methods ---------------------------------------------------------------- */

static void give_up(struct auth_client *a, enum auth_client_event *ev)
{
	client_move(a, CLIENT_DONE);
	*ev = AUTH_CLIENT_REFUSED;
}

/* The server's list is not known: a key is tried at once where keys come first. */
static enum err try_first(struct auth_client *a, enum auth_client_event *ev)
{
	struct bytes rest = bytes_str(a->cfg.methods), name;
	enum err e = E_AGAIN;

	if (namelist_next(&rest, &name) && bytes_is(name, "publickey"))
		e = client_try_key(a, ev);
	if (e != E_AGAIN)
		return e;
	e = send_none(a);
	if (e == E_OK)
		client_move(a, CLIENT_AWAITS_LIST);
	return e;
}

/* The first of our methods that the server names and that is not spent. */
static bool choose_method(struct auth_client *a)
{
	struct bytes rest = bytes_str(a->cfg.methods), name;
	struct bytes theirs = bytes_of(a->methods.ptr, a->methods.len);

	while (namelist_next(&rest, &name))
		for (enum method m = 0; m < METHODS; m++)
			if (bytes_is(name, method_names[m]) && !a->is_spent[m] &&
				namelist_has(theirs, method_names[m])) {
				a->method = m;
				return true;
			}
	return false;
}

static enum err try_method(struct auth_client *a, enum auth_client_event *ev)
{
	switch (a->method) {
	case METHOD_PUBLICKEY:
		return client_try_key(a, ev);
	case METHOD_KBDINT:
		return client_try_kbdint(a);
	case METHOD_PASSWORD:
		return client_try_password(a, ev);
	case METHODS:
		break;
	}
	return E_STATE;
}

enum err client_try_next(struct auth_client *a, enum auth_client_event *ev)
{
	if (!a->has_methods)
		return try_first(a, ev);
	while (choose_method(a)) {
		enum err e = try_method(a, ev);

		if (e != E_AGAIN)
			return e;
		a->is_spent[a->method] = true;
	}
	give_up(a, ev);
	return E_OK;
}

/* --- what comes ------------------------------------------------------------------------------- */

enum err client_malformed(struct fault *f, const char *what)
{
	return fault_set(f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "malformed %s", what);
}

enum err client_unexpected(struct fault *f, const char *what)
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
		return client_malformed(f, "service accept");
	if (a->state != CLIENT_AWAITS_SERVICE || !bytes_is(name, "ssh-userauth"))
		return client_unexpected(f, "a service accept");
	return client_try_next(a, ev);
}

static enum err on_failure(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	struct reader r;
	struct bytes methods;
	bool is_partial;
	enum err e;

	rd_init(&r, payload);
	rd_u8(&r);
	methods = rd_string(&r, LIMIT_NAMELIST);
	/* The list then names what is needed on top; the walk goes on alike. */
	is_partial = rd_bool(&r);
	if (!rd_end(&r) || !namelist_is_valid(methods))
		return client_malformed(f, "authentication failure");
	if (a->state != CLIENT_AWAITS_PK_OK && a->state != CLIENT_AWAITS_RESULT &&
		a->state != CLIENT_AWAITS_PASSWORD && a->state != CLIENT_AWAITS_INFO &&
		a->state != CLIENT_AWAITS_LIST)
		return client_unexpected(f, "an authentication failure");
	e = client_keep(&a->methods, methods);
	if (e != E_OK)
		return e;
	a->has_methods = true;
	if (!is_partial)
		a->has_proof = false;
	return client_try_next(a, ev);
}

static enum err on_success(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	if (payload.len != 1)
		return client_malformed(f, "authentication success");
	if (a->has_proof &&
		(a->state == CLIENT_AWAITS_RESULT || a->state == CLIENT_AWAITS_PASSWORD ||
			a->state == CLIENT_AWAITS_INFO)) {
		client_move(a, CLIENT_DONE);
		*ev = AUTH_CLIENT_LOGIN;
		return E_OK;
	}
	return fault_set(f, E_AUTH, DISCONNECT_AUTH_CANCELLED,
		"the server let us in without checking our key or password, which no honest server "
		"does");
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
		return client_malformed(f, "banner");
	if (a->state == CLIENT_AWAITS_SERVICE)
		return client_unexpected(f, "a banner");
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
	case MSG_USERAUTH_PK_OK: /* and what the other methods have by this number */
		if (a->state == CLIENT_AWAITS_PASSWORD)
			return client_on_change(a, payload, f);
		if (a->state == CLIENT_AWAITS_INFO)
			return client_on_info(a, payload, ev, f);
		return client_on_pk_ok(a, payload, ev, f);
	default:
		return client_unexpected(f, "a message that login does not know");
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

enum err auth_client_learn(struct auth_client *a, struct bytes server_sig_algs)
{
	if (!namelist_is_valid(server_sig_algs))
		return E_FORMAT;
	return client_keep(&a->server_algs, server_sig_algs);
}

/* --- looking ---------------------------------------------------------------------------------- */

struct bytes auth_client_to_sign(const struct auth_client *a)
{
	return bytes_of(a->to_sign.ptr, a->to_sign.len);
}

const struct keyalg *auth_client_alg(const struct auth_client *a)
{
	return a->alg;
}

size_t auth_client_index(const struct auth_client *a)
{
	return a->index;
}

const char *auth_client_method(const struct auth_client *a)
{
	return method_names[a->method];
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
	switch (a->state) {
	case CLIENT_AWAITS_PK_OK:
		return MSG_USERAUTH_PK_OK;
	case CLIENT_AWAITS_PASSWORD:
		return MSG_USERAUTH_PASSWD_CHANGEREQ;
	case CLIENT_AWAITS_INFO:
		return MSG_USERAUTH_INFO_REQUEST;
	default:
		return 0;
	}
}

bool auth_client_has_service(const struct auth_client *a)
{
	return a->state > CLIENT_AWAITS_SERVICE;
}
