/* SPDX-License-Identifier: ISC */
#include "keys/agent.h"

#include "wire/msgs.h"

enum { /* draft-ietf-sshm-ssh-agent 7.1 */
	AGENT_FAILURE = 5,
	AGENT_SUCCESS = 6,
	AGENT_REQUEST_IDENTITIES = 11,
	AGENT_IDENTITIES_ANSWER = 12,
	AGENT_SIGN_REQUEST = 13,
	AGENT_SIGN_RESPONSE = 14,
	AGENT_EXTENSION = 27,
	AGENT_EXTENSION_FAILURE = 28
};

enum { /* 7.3: without them an RSA key signs with SHA-1 */
	AGENT_RSA_SHA2_256 = 2,
	AGENT_RSA_SHA2_512 = 4
};

enum { LENGTH = 4 };

void agent_write_list(struct writer *w)
{
	wr_u32(w, 1);
	wr_u8(w, AGENT_REQUEST_IDENTITIES);
}

static uint32_t flags_for(const char *alg)
{
	if (strcmp(alg, "rsa-sha2-256") == 0)
		return AGENT_RSA_SHA2_256;
	if (strcmp(alg, "rsa-sha2-512") == 0)
		return AGENT_RSA_SHA2_512;
	return 0;
}

void agent_write_sign(struct writer *w, struct bytes blob, struct bytes data, const char *alg)
{
	wr_u32(w, (uint32_t)(agent_sign_len(blob, data) - LENGTH));
	wr_u8(w, AGENT_SIGN_REQUEST);
	wr_string(w, blob);
	wr_string(w, data);
	wr_u32(w, flags_for(alg));
}

size_t agent_sign_len(struct bytes blob, struct bytes data)
{
	return LENGTH + 1 + 4 + blob.len + 4 + data.len + 4;
}

static const char bind_name[] = "session-bind@openssh.com";

void agent_write_bind(struct writer *w, const struct agent_bind *b)
{
	wr_u32(w, (uint32_t)(agent_bind_len(b) - LENGTH));
	wr_u8(w, AGENT_EXTENSION);
	wr_cstring(w, bind_name);
	wr_string(w, b->host_key);
	wr_string(w, b->session_id);
	wr_string(w, b->signature);
	wr_bool(w, false); /* for a login of our own, not one of somebody behind us */
}

size_t agent_bind_len(const struct agent_bind *b)
{
	return LENGTH + 1 + 4 + strlen(bind_name) + 4 + b->host_key.len + 4 + b->session_id.len +
	       4 + b->signature.len + 1;
}

enum err agent_next(struct bytes in, struct bytes *message, size_t *want)
{
	uint32_t len;

	*want = LENGTH;
	if (in.len < LENGTH)
		return E_AGAIN;
	len = load_be32(in.ptr);
	if (len == 0)
		return E_FORMAT;
	if (len > AGENT_MESSAGE_MAX)
		return E_LIMIT;
	*want = LENGTH + (size_t)len;
	if (in.len < *want)
		return E_AGAIN;
	*message = bytes_of(in.ptr + LENGTH, len);
	return E_OK;
}

/* E_OK: of the type that was asked for, its contents come next in r. */
static enum err start(struct reader *r, struct bytes message, uint8_t wanted)
{
	uint8_t type;

	rd_init(r, message);
	type = rd_u8(r);
	if (rd_ok(r) && type == wanted)
		return E_OK;
	return type == AGENT_FAILURE || type == AGENT_EXTENSION_FAILURE ? E_DENIED : E_FORMAT;
}

enum err agent_list_init(struct agent_list *l, struct bytes message)
{
	struct agent_list check;
	struct bytes blob, comment;
	struct reader r;
	uint32_t count;
	enum err e = start(&r, message, AGENT_IDENTITIES_ANSWER);

	if (e != E_OK)
		return e;
	count = rd_u32(&r);
	if (!rd_ok(&r))
		return E_FORMAT;
	if (count > AGENT_KEYS_MAX)
		return E_LIMIT;
	check = (struct agent_list){r, count};
	while (agent_list_next(&check, &blob, &comment))
		if (blob.len > LIMIT_BLOB || comment.len > AGENT_COMMENT_MAX)
			return E_LIMIT;
	if (!rd_end(&check.r))
		return E_FORMAT;
	*l = (struct agent_list){r, count};
	return E_OK;
}

bool agent_list_next(struct agent_list *l, struct bytes *blob, struct bytes *comment)
{
	if (l->left == 0)
		return false;
	l->left--;
	*blob = rd_string(&l->r, rd_left(&l->r));
	*comment = rd_string(&l->r, rd_left(&l->r));
	return rd_ok(&l->r);
}

enum err agent_read_signature(struct bytes message, struct bytes *signature)
{
	struct reader r;
	struct bytes got;
	enum err e = start(&r, message, AGENT_SIGN_RESPONSE);

	if (e != E_OK)
		return e;
	got = rd_string(&r, LIMIT_BLOB);
	if (!rd_end(&r) || got.len == 0)
		return E_FORMAT;
	*signature = got;
	return E_OK;
}

enum err agent_read_done(struct bytes message)
{
	struct reader r;
	enum err e = start(&r, message, AGENT_SUCCESS);

	if (e != E_OK)
		return e;
	return rd_end(&r) ? E_OK : E_FORMAT;
}
