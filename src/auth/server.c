/* SPDX-License-Identifier: ISC */
/*
 * Login, relay's side (RFC 4252 4 to 7). One place counts, one place refuses, one place admits.
 *
 * A request is parsed as a whole, then judged by what does not depend on who exists (user name,
 * names of algorithms, the key's own numbers), and only then shown to the program: whether a user
 * is known changes neither the order nor the wording of what is sent (CVE-2018-15473). A key that
 * was only asked about is forgotten with its answer; the identity is a slice of the bytes the
 * signature covered.
 */
#include "auth/server.h"

#include "auth/publickey.h"
#include "keys/cert.h"
#include "keys/keyalg.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"
#include "wire/namelist.h"
#include "wire/reader.h"

#include <stdlib.h>

struct asked { /* a request that waits for the program's word; mem.ptr is NULL when there is none */
	struct span mem; /* what is or would be signed; the signature stands right behind it */
	size_t signature_len;
	struct bytes blob; /* inside mem */
	const struct keyalg *alg;
	struct pk *key;
	bool is_query;
	struct auth_terms terms;
};

struct auth_server {
	struct auth_server_config cfg;
	bool has_service, has_user, is_user_valid, is_done;
	unsigned services, requests, queries, failures;
	char *user; /* of the first request; whatever bytes it had, then a terminator */
	size_t user_len;
	struct asked asked;    /* kept after login: it holds the identity */
	struct bytes identity; /* set by admit() alone */
	const char *flaw;
	char banner[AUTH_BANNER_MAX + 1];
};

static void forget_asked(struct auth_server *a)
{
	pk_free(a->asked.key);
	free(a->asked.mem.ptr);
	a->asked = (struct asked){0};
}

enum err auth_server_new(const struct auth_server_config *cfg, struct auth_server **out)
{
	struct auth_server *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return E_NOMEM;
	a->cfg = *cfg;
	*out = a;
	return E_OK;
}

void auth_server_free(struct auth_server *a)
{
	if (a == NULL)
		return;
	forget_asked(a);
	free(a->user);
	free(a);
}

/* --- what leaves ------------------------------------------------------------------------------ */

static enum err send_byte_and_string(
	struct auth_server *a, uint8_t msg, const char *text, bool has_partial)
{
	struct writer w;
	enum err e = a->cfg.port.begin(a->cfg.port.ctx, 1 + 4 + strlen(text) + 1, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, msg);
	wr_cstring(&w, text);
	if (has_partial)
		wr_bool(&w, false);
	return a->cfg.port.end(a->cfg.port.ctx, &w);
}

/* Nothing but publickey can be gone on with, and one method is always enough (RFC 4252 5.1). */
static enum err send_failure(struct auth_server *a)
{
	return send_byte_and_string(a, MSG_USERAUTH_FAILURE, "publickey", true);
}

static enum err send_banner(struct auth_server *a)
{
	struct writer w;
	enum err e;

	if (!a->banner[0])
		return E_OK;
	e = a->cfg.port.begin(a->cfg.port.ctx, 1 + 4 + strlen(a->banner) + 4, &w);
	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_USERAUTH_BANNER);
	wr_cstring(&w, a->banner);
	wr_cstring(&w, "");
	return a->cfg.port.end(a->cfg.port.ctx, &w);
}

static enum err send_success(struct auth_server *a)
{
	struct writer w;
	enum err e = a->cfg.port.begin(a->cfg.port.ctx, 1, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, MSG_USERAUTH_SUCCESS);
	return a->cfg.port.end(a->cfg.port.ctx, &w);
}

static enum err send_pk_ok(struct auth_server *a)
{
	struct bytes alg = bytes_str(a->asked.alg->name);
	struct writer w;
	enum err e =
		a->cfg.port.begin(a->cfg.port.ctx, 1 + 4 + alg.len + 4 + a->asked.blob.len, &w);

	if (e != E_OK)
		return e;
	publickey_write_ok(&w, alg, a->asked.blob);
	return a->cfg.port.end(a->cfg.port.ctx, &w);
}

/* The refusal of anything but a query. At the limit the connection ends without another FAILURE, as
 * OpenSSH does it. */
static enum err refuse(struct auth_server *a, struct fault *f)
{
	a->failures++;
	if (a->failures >= a->cfg.failures_max)
		return fault_set(f, E_LIMIT, DISCONNECT_NO_MORE_AUTH_METHODS,
			"Too many authentication failures");
	return send_failure(a);
}

/* --- what comes ------------------------------------------------------------------------------- */

static enum err on_service(struct auth_server *a, struct bytes payload, struct fault *f)
{
	struct reader r;
	struct bytes name;

	rd_init(&r, payload);
	rd_u8(&r);
	name = rd_string(&r, LIMIT_NAME);
	if (!rd_end(&r))
		return fault_set(
			f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "malformed service request");
	if (!bytes_is(name, "ssh-userauth"))
		return fault_set(f, E_UNKNOWN, DISCONNECT_SERVICE_NOT_AVAILABLE,
			"there is no service \"%.*s\"", (int)name.len, (const char *)name.ptr);
	/* paramiko asks again before every try. */
	if (++a->services > LIMIT_AUTH_REQUESTS)
		return fault_set(
			f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR, "too many service requests");
	a->has_service = true;
	return send_byte_and_string(a, MSG_SERVICE_ACCEPT, "ssh-userauth", false);
}

static bool is_user_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static bool is_valid_user(struct bytes user)
{
	if (user.len == 0 || user.len > AUTH_USER_MAX)
		return false;
	for (size_t i = 0; i < user.len; i++) {
		if (!is_user_char(user.ptr[i]))
			return false;
	}
	return true;
}

/* The first request names the user and the service; no later one may name others. */
static enum err settle_user(
	struct auth_server *a, struct bytes user, struct bytes service, struct fault *f)
{
	if (!bytes_is(service, "ssh-connection")) {
		if (a->has_user)
			return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
				"Change of username or service not allowed");
		return fault_set(f, E_UNKNOWN, DISCONNECT_SERVICE_NOT_AVAILABLE,
			"there is no service \"%.*s\"", (int)service.len,
			(const char *)service.ptr);
	}
	if (a->has_user) {
		if (!bytes_eq(user, bytes_of(a->user, a->user_len)))
			return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
				"Change of username or service not allowed");
		return E_OK;
	}
	a->user = malloc(user.len + 1);
	if (a->user == NULL)
		return E_NOMEM;
	if (user.len > 0)
		memcpy(a->user, user.ptr, user.len);
	a->user[user.len] = '\0';
	a->user_len = user.len;
	a->has_user = true;
	a->is_user_valid = is_valid_user(user);
	return E_OK;
}

/* The algorithm and the key of a request when they may be used here at all, in a certificate the
 * one that it is about. E_OK with *key NULL: they may not. */
static enum err usable_key(struct auth_server *a, const struct publickey *p,
	const struct keyalg **alg, struct pk **key)
{
	const struct keyalg *found = keyalg_find(p->alg);
	struct pk *got = NULL;
	enum err e;

	*key = NULL;
	if (found == NULL || !namelist_has(bytes_str(a->cfg.sig_algs), found->name))
		return E_OK;
	if (p->blob.len > LIMIT_BLOB || p->signature.len > PK_SIGNATURE_MAX ||
		!bytes_is(pubkey_blob_type(p->blob), found->key_name))
		return E_OK;
	e = cert_key_from_blob(p->blob, &got);
	if (e != E_OK)
		return e == E_NOMEM ? e : E_OK;
	*alg = found;
	*key = got;
	return E_OK;
}

/* Copies the request, since the answer may come after the packet is gone. Takes key over. */
static enum err ask(
	struct auth_server *a, const struct publickey *p, const struct keyalg *alg, struct pk *key)
{
	struct publickey signed_form = *p;
	struct asked *q = &a->asked;
	enum err e;

	signed_form.is_signed = true;
	e = publickey_to_sign(a->cfg.session_id, &signed_form, p->signature.len, &q->mem);
	if (e != E_OK) {
		pk_free(key);
		return e;
	}
	if (p->signature.len > 0)
		memcpy(q->mem.ptr + q->mem.len, p->signature.ptr, p->signature.len);
	q->signature_len = p->signature.len;
	q->blob = bytes_of(q->mem.ptr + q->mem.len - p->blob.len, p->blob.len);
	q->alg = alg;
	q->key = key;
	q->is_query = !p->is_signed;
	return E_OK;
}

static enum err on_publickey(struct auth_server *a, const struct publickey *p,
	enum auth_server_event *ev, struct fault *f)
{
	const struct keyalg *alg = NULL;
	struct pk *key = NULL;
	enum err e;

	if (!p->is_signed && ++a->queries > LIMIT_AUTH_QUERIES)
		return fault_set(f, E_LIMIT, DISCONNECT_NO_MORE_AUTH_METHODS,
			"Too many authentication failures: too many keys were offered");
	e = usable_key(a, p, &alg, &key);
	if (e != E_OK)
		return e;
	if (key == NULL || !a->is_user_valid) {
		pk_free(key);
		/* A refused query costs a query only: holders of many keys get through. */
		return p->is_signed ? refuse(a, f) : send_failure(a);
	}
	e = ask(a, p, alg, key);
	if (e == E_OK)
		*ev = AUTH_SERVER_ASKS;
	return e;
}

enum method { METHOD_NONE, METHOD_PUBLICKEY, METHOD_OTHER };

struct request {
	enum method method;
	struct publickey key; /* user and service always; the rest for METHOD_PUBLICKEY */
};

static enum err read_request(struct bytes payload, struct request *q)
{
	struct reader r;
	struct bytes method;

	rd_init(&r, payload);
	rd_u8(&r);
	q->key.user = rd_string(&r, LIMIT_STRING);
	q->key.service = rd_string(&r, LIMIT_NAME);
	method = rd_string(&r, LIMIT_NAME);
	if (bytes_is(method, "publickey")) {
		q->method = METHOD_PUBLICKEY;
		return publickey_read(&r, &q->key);
	}
	if (bytes_is(method, "none")) {
		q->method = METHOD_NONE;
	} else {
		q->method = METHOD_OTHER;
		rd_rest(&r); /* of a shape we do not know */
	}
	return rd_end(&r) ? E_OK : E_FORMAT;
}

static enum err on_request(
	struct auth_server *a, struct bytes payload, enum auth_server_event *ev, struct fault *f)
{
	struct request q = {0};
	enum err e = read_request(payload, &q);

	if (e != E_OK)
		return fault_set(
			f, e, DISCONNECT_PROTOCOL_ERROR, "malformed authentication request");
	if (!a->has_service)
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"authentication request before its service was asked for");
	if (++a->requests > LIMIT_AUTH_REQUESTS)
		return fault_set(f, E_LIMIT, DISCONNECT_NO_MORE_AUTH_METHODS,
			"Too many authentication failures: too many requests");
	e = settle_user(a, q.key.user, q.key.service, f);
	if (e != E_OK)
		return e;
	switch (q.method) {
	case METHOD_PUBLICKEY:
		return on_publickey(a, &q.key, ev, f);
	case METHOD_NONE: /* how clients ask what there is (RFC 4252 5.2); no failure */
		return send_failure(a);
	case METHOD_OTHER:
		break;
	}
	return refuse(a, f);
}

enum err auth_server_on(
	struct auth_server *a, struct bytes payload, enum auth_server_event *ev, struct fault *f)
{
	enum err e;

	*ev = AUTH_SERVER_GOES_ON;
	if (a->is_done || a->asked.mem.ptr != NULL)
		return fault_set(f, E_STATE, 0, "login takes no message now");
	if (payload.len > 0 && payload.ptr[0] == MSG_SERVICE_REQUEST)
		e = on_service(a, payload, f);
	else if (payload.len > 0 && payload.ptr[0] == MSG_USERAUTH_REQUEST)
		e = on_request(a, payload, ev, f);
	else
		e = fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR, "not a message of login");
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "login failed: %s", err_text(e));
	return E_OK;
}

/* --- the answer ------------------------------------------------------------------------------- */

/* The one place that makes an identity (CVE-2024-45337): the signature has just been found good,
 * and the key is read out of the bytes it covers. */
static enum err admit(struct auth_server *a, enum auth_server_event *ev)
{
	enum err e = send_banner(a);

	if (e == E_OK)
		e = send_success(a);
	if (e != E_OK)
		return e;
	a->identity = a->asked.blob;
	a->is_done = true;
	*ev = AUTH_SERVER_LOGIN;
	return E_OK;
}

/* NULL: the signature is good, and says what it has to. */
static const char *find_flaw(const struct asked *q)
{
	struct bytes signature = bytes_of(q->mem.ptr + q->mem.len, q->signature_len);

	return proof_flaw(q->key, q->alg, bytes_of(q->mem.ptr, q->mem.len), signature, q->terms);
}

void auth_server_terms(struct auth_server *a, struct auth_terms terms)
{
	a->asked.terms = terms;
}

const char *auth_server_flaw(const struct auth_server *a)
{
	return a->flaw;
}

enum err auth_server_answer(
	struct auth_server *a, bool is_allowed, enum auth_server_event *ev, struct fault *f)
{
	enum err e;

	*ev = AUTH_SERVER_GOES_ON;
	if (a->is_done || a->asked.mem.ptr == NULL)
		return fault_set(f, E_STATE, 0, "nothing was asked");
	a->flaw = is_allowed && !a->asked.is_query ? find_flaw(&a->asked) : NULL;
	if (a->asked.is_query)
		e = is_allowed ? send_pk_ok(a) : send_failure(a);
	else if (is_allowed && a->flaw == NULL)
		e = admit(a, ev);
	else
		e = refuse(a, f);
	if (!a->is_done)
		forget_asked(a);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "login failed: %s", err_text(e));
	return E_OK;
}

void auth_server_banner(struct auth_server *a, const char *text)
{
	size_t len = strlen(text);

	if (len > AUTH_BANNER_MAX)
		len = AUTH_BANNER_MAX;
	memcpy(a->banner, text, len);
	a->banner[len] = '\0';
}

/* --- looking ---------------------------------------------------------------------------------- */

const char *auth_server_user(const struct auth_server *a)
{
	return a->is_user_valid ? a->user : "";
}

struct bytes auth_server_key(const struct auth_server *a)
{
	return a->is_done ? a->identity : a->asked.blob;
}

bool auth_server_is_query(const struct auth_server *a)
{
	return a->asked.is_query;
}

bool auth_server_has_service(const struct auth_server *a)
{
	return a->has_service;
}

void auth_server_proof(const struct auth_server *a, struct bytes *text, struct bytes *signature)
{
	const struct asked *q = &a->asked;
	bool is_there = q->mem.ptr != NULL && !q->is_query;

	*text = bytes_of(q->mem.ptr, is_there ? q->mem.len : 0);
	*signature = bytes_of(
		is_there ? q->mem.ptr + q->mem.len : NULL, is_there ? q->signature_len : 0);
}

unsigned auth_server_failures(const struct auth_server *a)
{
	return a->failures;
}

unsigned auth_server_tries(const struct auth_server *a)
{
	return a->failures + a->queries;
}
