/* SPDX-License-Identifier: ISC */
#include "relay/ipc.h"

#include "wire/reader.h"
#include "wire/writer.h"

enum { ALG_MAX = 64, HASHES = 3 };

static const size_t hash_lens[HASHES] = {32, 48, 64}; /* SHA-256, SHA-384, SHA-512 */

#define KIND(...) \
	{ \
		.is_known = true, __VA_ARGS__ \
	}
#define KINDS(table) \
	{ \
		table, sizeof(table) / sizeof((table)[0]) \
	}

static const struct frame_kind to_signer[] = {
	[IPC_START] = KIND(.min = 13, .max = 13),
	[IPC_LOAD] = KIND(.min = 6, .max = IPC_SMALL_MAX),
	[IPC_GO] = KIND(.max = 0),
	[IPC_CLIENT] = KIND(.fds_min = 1, .fds_max = 1),
};
static const struct frame_kind from_signer[] = {
	[IPC_KEY] = KIND(.min = 1, .max = LIMIT_BLOB),
	[IPC_READY] = KIND(.max = 0),
	[IPC_FAILED] = KIND(.max = IPC_TEXT_MAX),
};
static const struct frame_kind to_client[] = {
	[IPC_SIGNED] = KIND(.max = IPC_SIGNATURE_MAX),
};
static const struct frame_kind from_client[] = {
	[IPC_SIGN] = KIND(.min = 12, .max = 12 + ALG_MAX + DIGEST_MAX),
	[IPC_PROVE] = KIND(.min = 12, .max = 12 + ALG_MAX + DIGEST_MAX),
};
static const struct frame_kind to_relay[] = {
	[IPC_START] = KIND(.min = 13, .max = 13),
	[IPC_GO] = KIND(.max = 0),
	[IPC_BRIEF] = KIND(.min = 17, .max = 17),
	[IPC_CONF] = KIND(.fds_min = 1, .fds_max = 1),
	[IPC_HOSTKEY] = KIND(.min = 1, .max = LIMIT_BLOB),
	[IPC_BOOK] = KIND(.fds_min = 1, .fds_max = 1),
	[IPC_LISTEN] = KIND(.fds_min = 1, .fds_max = 1),
	[IPC_LINE] = KIND(.fds_min = 1, .fds_max = 1),
	[IPC_ADMITTED] = KIND(.min = 1, .max = FRAME_PAYLOAD_MAX),
	[IPC_REFUSED] = KIND(.max = IPC_TEXT_MAX),
	[IPC_BOUND] = KIND(.min = 8, .max = 8, .fds_min = 1, .fds_max = FRAME_FDS_MAX),
	[IPC_NOT_BOUND] = KIND(.min = 8, .max = IPC_SMALL_MAX),
	[IPC_TUN_MADE] = KIND(.min = 16, .max = IPC_SMALL_MAX, .fds_min = 1, .fds_max = 1),
	[IPC_NO_TUN] = KIND(.max = IPC_TEXT_MAX),
	[IPC_COMMAND] = KIND(.max = IPC_SMALL_MAX, .fds_min = 1, .fds_max = 1),
	[IPC_REVIEWED] = KIND(.min = 1, .max = FRAME_PAYLOAD_MAX),
	[IPC_DENIED] = KIND(.max = IPC_TEXT_MAX),
	[IPC_AUDIENCE] = KIND(.min = 1, .max = 1),
	[IPC_DRAIN] = KIND(.max = IPC_TEXT_MAX),
	[IPC_END] = KIND(.max = IPC_TEXT_MAX),
};
static const struct frame_kind from_relay[] = {
	[IPC_READY] = KIND(.max = 0),
	[IPC_FAILED] = KIND(.max = IPC_TEXT_MAX),
	[IPC_KEY_ASKED] = KIND(.min = 1, .max = FRAME_PAYLOAD_MAX),
	[IPC_BIND] = KIND(.min = 8, .max = IPC_SMALL_MAX),
	[IPC_TUN] = KIND(.min = 12, .max = 12),
	[IPC_TUN_CLOSED] = KIND(.max = 0),
	[IPC_REVIEW] = KIND(.max = 0),
	[IPC_LEFT] = KIND(.max = 0),
	[IPC_RELEASE] = KIND(.max = 0),
	[IPC_NOTE] = KIND(.max = 0),
	[IPC_RECORD] = KIND(.min = 1, .max = FRAME_PAYLOAD_MAX),
	[IPC_ANSWERED] = KIND(.min = 1, .max = 1),
};

const struct frame_kinds ipc_to_signer = KINDS(to_signer);
const struct frame_kinds ipc_from_signer = KINDS(from_signer);
const struct frame_kinds ipc_to_client = KINDS(to_client);
const struct frame_kinds ipc_from_client = KINDS(from_client);
const struct frame_kinds ipc_to_relay = KINDS(to_relay);
const struct frame_kinds ipc_from_relay = KINDS(from_relay);

/* --- a start ---------------------------------------------------------------------------------- */

struct bytes ipc_wr_start(struct span room, const struct ipc_start *s)
{
	struct writer w;

	wr_init(&w, room);
	wr_u32(&w, s->level);
	wr_bool(&w, s->has_user);
	wr_u32(&w, s->uid);
	wr_u32(&w, s->gid);
	return wr_bytes(&w);
}

enum err ipc_rd_start(struct bytes payload, struct ipc_start *s)
{
	struct reader r;
	uint32_t level;

	rd_init(&r, payload);
	level = rd_u32(&r);
	*s = (struct ipc_start){.has_user = rd_bool(&r)};
	s->uid = rd_u32(&r);
	s->gid = rd_u32(&r);
	if (!rd_end(&r) || level > LOG_LEVEL_DEBUG3)
		return E_FORMAT;
	s->level = (enum log_level)level;
	return E_OK;
}

struct bytes ipc_wr_brief(struct span room, const struct ipc_brief *b)
{
	struct writer w;

	wr_init(&w, room);
	wr_u32(&w, b->low_end);
	wr_u32(&w, b->last_number);
	wr_u64(&w, b->started);
	wr_bool(&w, b->has_audience);
	return wr_bytes(&w);
}

enum err ipc_rd_brief(struct bytes payload, struct ipc_brief *b)
{
	struct reader r;

	rd_init(&r, payload);
	b->low_end = rd_u32(&r);
	b->last_number = rd_u32(&r);
	b->started = rd_u64(&r);
	b->has_audience = rd_bool(&r);
	return rd_end(&r) ? E_OK : E_FORMAT;
}

/* --- a host key ------------------------------------------------------------------------------- */

struct bytes ipc_wr_load(struct span room, const char *path, bool may_make)
{
	struct writer w;

	wr_init(&w, room);
	wr_bool(&w, may_make);
	wr_cstring(&w, path);
	return wr_bytes(&w);
}

enum err ipc_rd_load(struct bytes payload, struct ipc_load *l)
{
	struct reader r;
	struct bytes path;

	rd_init(&r, payload);
	l->may_make = rd_bool(&r);
	path = rd_string(&r, sizeof(l->path) - 1);
	return rd_end(&r) && bytes_to_cstr(path, l->path, sizeof(l->path)) ? E_OK : E_FORMAT;
}

/* --- a signature ------------------------------------------------------------------------------ */

struct bytes ipc_wr_sign(struct span room, const struct ipc_sign *s)
{
	struct writer w;

	wr_init(&w, room);
	wr_u32(&w, s->index);
	wr_string(&w, s->alg);
	wr_string(&w, s->hash);
	return wr_bytes(&w);
}

enum err ipc_rd_sign(struct bytes payload, struct ipc_sign *s)
{
	struct reader r;

	rd_init(&r, payload);
	s->index = rd_u32(&r);
	s->alg = rd_string(&r, ALG_MAX);
	s->hash = rd_string(&r, DIGEST_MAX);
	if (!rd_end(&r))
		return E_FORMAT;
	for (size_t i = 0; i < HASHES; i++)
		if (s->hash.len == hash_lens[i])
			return E_OK;
	return E_VALUE;
}
