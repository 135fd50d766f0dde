/* SPDX-License-Identifier: ISC */
#include "relay/ipckey.h"

#include <stdlib.h>

#include "wire/msgs.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { PROOF_MAX = 2 * LIMIT_BLOB, RULE_TEXT_MAX = 300, PATH_TEXT_MAX = 4096 };

static bool rd_into(struct reader *r, char *out, size_t cap)
{
	return bytes_to_cstr(rd_text(r, cap - 1), out, cap);
}

/* NULL when memory is short, or nothing was read: rd_ok tells. */
static char *rd_new(struct reader *r, size_t max)
{
	struct bytes text = rd_text(r, max);
	char *out = malloc(text.len + 1);

	if (out)
		(void)bytes_to_cstr(text, out, text.len + 1);
	return out;
}

/* --- the question ----------------------------------------------------------------------------- */

struct bytes ipckey_wr(struct span room, const struct ipc_key *k)
{
	struct writer w;

	wr_init(&w, room);
	wr_u32(&w, k->session);
	wr_cstring(&w, k->user);
	wr_string(&w, k->blob);
	wr_string(&w, k->proof);
	wr_string(&w, k->signature);
	wr_cstring(&w, k->peer);
	wr_cstring(&w, k->local);
	wr_u32(&w, k->local_port);
	return wr_bytes(&w);
}

enum err ipckey_rd(struct bytes payload, struct ipc_key *k)
{
	struct reader r;
	uint32_t port;
	bool fits;

	rd_init(&r, payload);
	k->session = rd_u32(&r);
	fits = rd_into(&r, k->user, sizeof(k->user));
	k->blob = rd_string(&r, LIMIT_BLOB);
	k->proof = rd_string(&r, PROOF_MAX);
	k->signature = rd_string(&r, PK_SIGNATURE_MAX);
	fits = rd_into(&r, k->peer, sizeof(k->peer)) && fits;
	fits = rd_into(&r, k->local, sizeof(k->local)) && fits;
	port = rd_u32(&r);
	k->local_port = (uint16_t)port;
	return rd_end(&r) && fits && port <= UINT16_MAX ? E_OK : E_FORMAT;
}

/* --- the answer ------------------------------------------------------------------------------- */

static void wr_permits(struct writer *w, const struct identity *id)
{
	char text[RULE_TEXT_MAX];

	wr_bool(w, id->is_limited);
	wr_u32(w, (uint32_t)id->permit_count);
	for (size_t i = 0; i < id->permit_count; i++) {
		permit_rule_text(&id->permit[i], text, sizeof(text));
		wr_cstring(w, text);
	}
}

struct bytes ipckey_wr_identity(struct span room, const struct identity *id)
{
	struct writer w;

	wr_init(&w, room);
	wr_cstring(&w, id->user);
	wr_cstring(&w, id->fingerprint);
	wr_cstring(&w, id->key_name);
	wr_bool(&w, id->is_named);
	wr_string(&w, bytes_of(id->blob, id->blob_len));
	wr_bool(&w, id->is_cert);
	wr_cstring(&w, id->cert.id);
	wr_u64(&w, id->cert.serial);
	wr_cstring(&w, id->cert.authority);
	wr_u64(&w, (uint64_t)id->since);
	wr_bool(&w, id->no_touch);
	wr_bool(&w, id->verify_required);
	wr_bool(&w, id->may_forward);
	wr_bool(&w, id->may_tunnel);
	wr_u32(&w, id->tunnel_unit);
	wr_permits(&w, id);
	wr_u32(&w, id->max_visitors);
	wr_u32(&w, id->max_forwards);
	wr_u64(&w, id->rate_bytes);
	wr_bool(&w, id->visitors_from != NULL);
	wr_cstring(&w, id->visitors_from ? id->visitors_from : "");
	wr_u32(&w, id->takeover);
	wr_u64(&w, (uint64_t)id->expires);
	wr_cstring(&w, id->path);
	wr_u32(&w, id->line);
	return wr_bytes(&w);
}

static enum err rd_permits(struct reader *r, struct identity *id)
{
	char text[RULE_TEXT_MAX];
	uint32_t count;

	id->is_limited = rd_bool(r);
	count = rd_u32(r);
	if (!rd_ok(r) || count > AUTHKEYS_PERMITS_MAX)
		return E_FORMAT;
	id->permit = calloc(count + 1, sizeof(id->permit[0]));
	if (!id->permit)
		return E_NOMEM;
	for (uint32_t i = 0; i < count; i++) {
		enum err e = E_FORMAT;

		if (rd_into(r, text, sizeof(text)) && rd_ok(r))
			e = permit_rule_parse(text, &id->permit[i], NULL);
		if (e != E_OK)
			return e;
		id->permit_count = i + 1;
	}
	return E_OK;
}

static enum err rd_limits(struct reader *r, struct identity *id)
{
	bool is_from_limited;
	uint32_t takeover;
	char *from;

	id->max_visitors = rd_u32(r);
	id->max_forwards = rd_u32(r);
	id->rate_bytes = rd_u64(r);
	is_from_limited = rd_bool(r);
	from = rd_new(r, AUTHKEYS_LINE_MAX);
	if (!from)
		return E_NOMEM;
	if (is_from_limited)
		id->visitors_from = from;
	else
		free(from);
	takeover = rd_u32(r);
	if (takeover > AUTHKEY_TAKEOVER_STANDBY)
		return E_VALUE;
	id->takeover = (enum authkey_takeover)takeover;
	id->expires = (time_t)rd_u64(r);
	id->path = rd_new(r, PATH_TEXT_MAX);
	id->line = rd_u32(r);
	return id->path ? E_OK : E_NOMEM;
}

static enum err rd_identity(struct reader *r, struct identity *id)
{
	bool fits = rd_into(r, id->user, sizeof(id->user));
	struct bytes blob;
	enum err e;

	fits = rd_into(r, id->fingerprint, sizeof(id->fingerprint)) && fits;
	fits = rd_into(r, id->key_name, sizeof(id->key_name)) && fits;
	id->is_named = rd_bool(r);
	blob = rd_string(r, LIMIT_BLOB);
	id->is_cert = rd_bool(r);
	fits = rd_into(r, id->cert.id, sizeof(id->cert.id)) && fits;
	id->cert.serial = rd_u64(r);
	fits = rd_into(r, id->cert.authority, sizeof(id->cert.authority)) && fits;
	id->since = (time_t)rd_u64(r);
	if (!rd_ok(r) || !fits || blob.len == 0)
		return E_FORMAT;
	id->blob = malloc(blob.len);
	if (!id->blob)
		return E_NOMEM;
	memcpy(id->blob, blob.ptr, blob.len);
	id->blob_len = blob.len;
	id->no_touch = rd_bool(r);
	id->verify_required = rd_bool(r);
	id->may_forward = rd_bool(r);
	id->may_tunnel = rd_bool(r);
	id->tunnel_unit = rd_u32(r);
	e = rd_permits(r, id);
	if (e == E_OK)
		e = rd_limits(r, id);
	return e == E_OK && !rd_end(r) ? E_FORMAT : e;
}

enum err ipckey_rd_identity(struct bytes payload, struct identity **out)
{
	struct identity *id = calloc(1, sizeof(*id));
	struct reader r;
	enum err e;

	if (!id)
		return E_NOMEM;
	rd_init(&r, payload);
	e = rd_identity(&r, id);
	if (e == E_OK)
		*out = id;
	else
		identity_free(id);
	return e;
}
