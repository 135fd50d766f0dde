/* SPDX-License-Identifier: ISC */
/*
 * The walk over the identities: which algorithm a key is tried with, the query, the signature of
 * whoever holds the key, and its way to the server (RFC 4252 7).
 *
 * A query is plain publickey always; a signature is bound to the host key where the server can take
 * that, so that a key agent sees for whom it signs.
 */
#include "auth/client_impl.h"

#include "auth/publickey.h"
#include "keys/pubkey.h"
#include "wire/namelist.h"
#include "wire/msgs.h"

/* --- what leaves ------------------------------------------------------------------------------ */

static struct publickey request_of(const struct auth_client *a, bool is_signed)
{
	return (struct publickey){
		.user = bytes_str(a->cfg.user),
		.service = bytes_str("ssh-connection"),
		.alg = bytes_str(a->alg->name),
		.blob = a->cfg.identities[a->index].blob,
		.is_signed = is_signed,
		.host_key = bytes_of(a->host_key.ptr, is_signed ? a->host_key.len : 0),
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

/* --- the walk over the identities ------------------------------------------------------------- */

/* The first of our algorithms for a key that the server takes; NULL when there is none. While its
 * list is not known any will do (RFC 8332 3.3). It counts only where a key has several: OpenSSH 7.4
 * names the ones of RSA there and nothing else, whatever keys it takes. */
static const struct keyalg *alg_for(const struct auth_client *a, struct bytes blob)
{
	struct bytes rest = bytes_str(a->cfg.sig_algs), type = pubkey_blob_type(blob);
	struct bytes theirs = bytes_of(a->server_algs.ptr, a->server_algs.len);
	struct bytes name;

	while (namelist_next(&rest, &name)) {
		const struct keyalg *alg = keyalg_find(name);

		if (alg == NULL || !bytes_is(type, alg->key_name))
			continue;
		/* A server may name the plain algorithm only, for certificates as well. */
		if (strncmp(alg->sig_name, "rsa-", 4) != 0 || theirs.len == 0 ||
			namelist_has(theirs, alg->sig_name))
			return alg;
	}
	return NULL;
}

static enum err want_signature(struct auth_client *a, enum auth_client_event *ev)
{
	struct publickey p = request_of(a, true);
	enum err e = publickey_to_sign(a->cfg.session_id, &p, 0, &a->to_sign);

	if (e != E_OK)
		return e;
	client_move(a, CLIENT_SIGNS);
	*ev = AUTH_CLIENT_SIGNS;
	return E_OK;
}

static enum err want_key(struct auth_client *a, enum auth_client_event *ev)
{
	client_move(a, CLIENT_LOADS);
	*ev = AUTH_CLIENT_LOADS;
	return E_OK;
}

/* Whether it is signed with at once. One that had to be loaded has cost what a query would save. */
static bool is_asked_about(const struct auth_client *a)
{
	return !a->is_loaded &&
	       (a->cfg.identity_count > 1 || a->cfg.identities[a->index].asks_first);
}

static enum err try_identity(struct auth_client *a, enum auth_client_event *ev)
{
	enum err e;

	if (!is_asked_about(a))
		return want_signature(a, ev);
	e = send_query(a);
	if (e == E_OK)
		client_move(a, CLIENT_AWAITS_PK_OK);
	return e;
}

enum err client_try_key(struct auth_client *a, enum auth_client_event *ev)
{
	while (a->next < a->cfg.identity_count) {
		struct bytes blob = a->cfg.identities[a->next].blob;

		a->index = a->next++;
		a->method = METHOD_PUBLICKEY;
		a->is_loaded = false;
		if (blob.len == 0)
			return want_key(a, ev);
		a->alg = alg_for(a, blob);
		if (a->alg != NULL)
			return try_identity(a, ev);
	}
	return E_AGAIN;
}

enum err auth_client_loaded(struct auth_client *a, enum auth_client_event *ev, struct fault *f)
{
	struct bytes blob = a->cfg.identities[a->index].blob;
	enum err e;

	*ev = AUTH_CLIENT_GOES_ON;
	if (a->state != CLIENT_LOADS)
		return fault_set(f, E_STATE, 0, "no key was to be loaded");
	a->alg = blob.len > 0 ? alg_for(a, blob) : NULL;
	a->is_loaded = a->alg != NULL;
	e = a->is_loaded ? try_identity(a, ev) : client_try_next(a, ev);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "login failed: %s", err_text(e));
	return E_OK;
}

/* --- what comes ------------------------------------------------------------------------------- */

enum err client_on_pk_ok(
	struct auth_client *a, struct bytes payload, enum auth_client_event *ev, struct fault *f)
{
	struct bytes alg, blob;

	if (a->state != CLIENT_AWAITS_PK_OK)
		return client_unexpected(f, "an answer about a key");
	if (publickey_read_ok(payload, &alg, &blob) != E_OK)
		return client_malformed(f, "answer about a key");
	if (!bytes_is(alg, a->alg->name) || !bytes_eq(blob, a->cfg.identities[a->index].blob))
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"the server answered about another key than the one it was asked about");
	return want_signature(a, ev);
}

/* --- the answer ------------------------------------------------------------------------------- */

enum err auth_client_answer(
	struct auth_client *a, struct bytes signature, enum auth_client_event *ev, struct fault *f)
{
	enum err e;

	*ev = AUTH_CLIENT_GOES_ON;
	if (a->state != CLIENT_SIGNS)
		return fault_set(f, E_STATE, 0, "no signature was asked for");
	/* Whoever signed (a key agent, too) must have used the algorithm that was asked for. */
	if (signature.len > 0 && bytes_is(keyalg_of_signature(signature), a->alg->sig_name)) {
		e = send_signed(a, signature);
		if (e == E_OK) {
			a->has_proof = true;
			client_move(a, CLIENT_AWAITS_RESULT);
		}
		client_drop(&a->to_sign);
	} else {
		client_drop(&a->to_sign);
		e = client_try_next(a, ev);
	}
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "login failed: %s", err_text(e));
	return E_OK;
}

enum err auth_client_bind(struct auth_client *a, struct bytes host_key)
{
	return client_keep(&a->host_key, host_key);
}
