/* SPDX-License-Identifier: ISC */
/*
 * RFC 4252 7. A field longer than LIMIT_BLOB still reads well here: a certificate of a kind we do
 * not speak is a key to refuse, not a reason to hang up.
 */
#include "auth/publickey.h"

#include "wire/msgs.h"

#include <stdlib.h>

enum err publickey_read(struct reader *r, struct publickey *p)
{
	bool is_signed = rd_bool(r);
	struct bytes alg = rd_string(r, LIMIT_PACKET_LOGIN);
	struct bytes blob = rd_string(r, LIMIT_PACKET_LOGIN);
	struct bytes signature = {0};

	if (is_signed)
		signature = rd_string(r, LIMIT_PACKET_LOGIN);
	if (!rd_end(r))
		return E_FORMAT;
	p->is_signed = is_signed;
	p->alg = alg;
	p->blob = blob;
	p->signature = signature;
	return E_OK;
}

static const char *method_of(const struct publickey *p)
{
	return p->host_key.len > 0 ? "publickey-hostbound-v00@openssh.com" : "publickey";
}

void publickey_write(struct writer *w, const struct publickey *p)
{
	wr_u8(w, MSG_USERAUTH_REQUEST);
	wr_string(w, p->user);
	wr_string(w, p->service);
	wr_cstring(w, method_of(p));
	wr_bool(w, p->is_signed);
	wr_string(w, p->alg);
	wr_string(w, p->blob);
	if (p->host_key.len > 0)
		wr_string(w, p->host_key);
}

size_t publickey_len(const struct publickey *p)
{
	return 1 + 4 + p->user.len + 4 + p->service.len + 4 + strlen(method_of(p)) + 1 + 4 +
	       p->alg.len + 4 + p->blob.len + (p->host_key.len > 0 ? 4 + p->host_key.len : 0);
}

enum err publickey_read_ok(struct bytes payload, struct bytes *alg, struct bytes *blob)
{
	struct reader r;
	struct bytes got_alg, got_blob;

	rd_init(&r, payload);
	if (rd_u8(&r) != MSG_USERAUTH_PK_OK)
		rd_fail(&r);
	got_alg = rd_string(&r, LIMIT_NAME);
	got_blob = rd_string(&r, LIMIT_BLOB);
	if (!rd_end(&r))
		return E_FORMAT;
	*alg = got_alg;
	*blob = got_blob;
	return E_OK;
}

void publickey_write_ok(struct writer *w, struct bytes alg, struct bytes blob)
{
	wr_u8(w, MSG_USERAUTH_PK_OK);
	wr_string(w, alg);
	wr_string(w, blob);
}

enum err publickey_to_sign(
	struct bytes session_id, const struct publickey *p, size_t spare, struct span *out)
{
	struct writer w;
	struct span mem;

	if (session_id.len > PUBLICKEY_SESSION_ID_MAX || p->user.len > LIMIT_STRING ||
		p->service.len > LIMIT_NAME || p->alg.len > LIMIT_NAME ||
		p->blob.len > LIMIT_BLOB || p->host_key.len > LIMIT_BLOB || spare > LIMIT_BLOB)
		return E_LIMIT;
	mem.len = 4 + session_id.len + publickey_len(p);
	mem.ptr = malloc(mem.len + spare);
	if (mem.ptr == NULL)
		return E_NOMEM;
	wr_init(&w, mem);
	wr_string(&w, session_id);
	publickey_write(&w, p);
	if (!wr_ok(&w) || wr_bytes(&w).len != mem.len) {
		free(mem.ptr);
		return E_LIMIT;
	}
	*out = mem;
	return E_OK;
}
