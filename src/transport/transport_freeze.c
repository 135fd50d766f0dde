/* SPDX-License-Identifier: ISC */
/*
 * A transport at rest as bytes: no exchange open, nothing held, so what counts is keys, counters
 * and what was learned of the peer. The form has a version; times are relative to now, since clocks
 * of two processes need not agree. A packet of which only a part has come is not in it: its bytes
 * stay with the caller unchanged, and the key is given as it was before that packet.
 *
 * What is thawed may come from a hostile process: every field is checked before it is used.
 */
#include <stdlib.h>

#include "keys/cert.h"
#include "transport/transport_impl.h"
#include "wire/namelist.h"
#include "wire/reader.h"

enum { FORM = 1, PIECES = 16 };

/* --- writing ---------------------------------------------------------------------------------- */

struct counters {
	uint32_t seq;
	uint64_t bytes, packets, blocks;
};

static void put_name(struct writer *w, const char *name)
{
	wr_cstring(w, name != NULL ? name : "");
}

static void put_way(struct writer *w, const struct cipher *c, const struct cipher_keys *keys,
	const struct counters *n)
{
	const struct cipher_alg *alg = cipher_alg_of(c);
	const struct mac_alg *mac = cipher_mac_of(c);

	put_name(w, alg->name);
	put_name(w, mac != NULL ? mac->name : NULL);
	wr_string(w, bytes_of(keys->key, alg->key_len));
	wr_string(w, bytes_of(keys->iv, alg->iv_len));
	wr_string(w, bytes_of(keys->mac_key, mac != NULL ? mac->key_len : 0));
	wr_u32(w, n->seq);
	wr_u64(w, n->bytes);
	wr_u64(w, n->packets);
	wr_u64(w, n->blocks);
}

static void put_ways(struct writer *w, const struct transport *t)
{
	const struct packet_in *in = &t->in;
	const struct packet_out *out = &t->out.packet;
	struct cipher_keys keys;

	packet_in_export(in, &keys);
	put_way(w, in->cipher, &keys,
		&(struct counters){in->seq, in->bytes, in->packets, in->blocks});
	cipher_export(out->cipher, &keys);
	put_way(w, out->cipher, &keys,
		&(struct counters){out->seq, out->bytes, out->packets, out->blocks});
	bytes_wipe(&keys, sizeof(keys));
}

/* What the socket has not taken yet: any number of pieces. */
static enum err put_outbox(struct writer *w, const struct outbox *o)
{
	size_t cap = PIECES, n, mark = wr_mark(w);
	struct span *pieces = NULL;

	do { /* until they were not all of the room */
		free(pieces);
		cap *= 2;
		pieces = calloc(cap, sizeof(*pieces));
		if (pieces == NULL)
			return E_NOMEM;
		n = outbox_pieces(o, pieces, cap);
	} while (n == cap);
	for (size_t i = 0; i < n; i++)
		wr_raw(w, bytes_of(pieces[i].ptr, pieces[i].len));
	wr_close(w, mark);
	free(pieces);
	return E_OK;
}

enum err transport_freeze(const struct transport *t, uint64_t now_ms, struct writer *w)
{
	uint64_t due_ms = t->rekey.due_ms;
	enum err e;

	if (!t->is_keyed || t->kex != NULL)
		return E_AGAIN;
	wr_u8(w, FORM);
	wr_bool(w, t->cfg.is_server);
	wr_bool(w, t->is_strict);
	wr_string(w, bytes_of(t->peer_ident, t->peer_ident_len));
	wr_string(w, bytes_of(t->session_id, t->session_id_len));
	wr_string(w, buf_bytes(&t->host_key));
	put_name(w, t->kex_name);
	put_name(w, t->host_key_name);
	wr_u32(w, t->peer_ext);
	wr_string(w, buf_bytes(&t->peer_sig_algs));
	put_ways(w, t);
	wr_u32(w, t->in.max_length);
	wr_u32(w, t->last_seq);
	wr_u64(w, due_ms == UINT64_MAX ? UINT64_MAX : due_ms > now_ms ? due_ms - now_ms : 0);
	e = put_outbox(w, &t->out.outbox);
	if (e != E_OK)
		return e;
	return wr_ok(w) ? E_OK : E_LIMIT;
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool take_bool(struct reader *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		rd_fail(r);
	return v == 1;
}

/* A string of exactly so many bytes. */
static void take_exact(struct reader *r, uint8_t *to, size_t len)
{
	struct bytes b = rd_string(r, len);

	if (b.len != len)
		rd_fail(r);
	else if (len > 0)
		memcpy(to, b.ptr, len);
}

static struct counters take_counters(struct reader *r)
{
	struct counters n;

	n.seq = rd_u32(r);
	n.bytes = rd_u64(r);
	n.packets = rd_u64(r);
	n.blocks = rd_u64(r);
	return n;
}

/* *cipher stays NULL unless E_OK. */
static enum err take_way(struct reader *r, enum cipher_dir dir, bool is_strict,
	struct cipher **cipher, struct counters *n)
{
	struct bytes cipher_name = rd_string(r, LIMIT_NAME), mac_name = rd_string(r, LIMIT_NAME);
	const struct cipher_alg *alg = cipher_alg_find(cipher_name);
	const struct mac_alg *mac = mac_alg_find(mac_name);
	struct cipher_keys keys;

	*cipher = NULL;
	if (alg == NULL || alg->is_aead != (mac == NULL) || (mac == NULL && mac_name.len > 0) ||
		(alg->needs_strict && !is_strict))
		return E_FORMAT;
	take_exact(r, keys.key, alg->key_len);
	take_exact(r, keys.iv, alg->iv_len);
	take_exact(r, keys.mac_key, mac != NULL ? mac->key_len : 0);
	*n = take_counters(r);
	if (rd_ok(r))
		*cipher = cipher_new(dir, alg, mac, &keys);
	bytes_wipe(&keys, sizeof(keys));
	if (!rd_ok(r))
		return E_FORMAT;
	return *cipher != NULL ? E_OK : E_CRYPTO;
}

static enum err take_ways(struct transport *t, struct reader *r)
{
	struct counters n;
	enum err e = take_way(r, CIPHER_OPEN, t->is_strict, &t->in.cipher, &n);

	if (e != E_OK)
		return e;
	t->in.seq = n.seq;
	t->in.bytes = n.bytes;
	t->in.packets = n.packets;
	t->in.blocks = n.blocks;
	e = take_way(r, CIPHER_SEAL, t->is_strict, &t->out.packet.cipher, &n);
	if (e != E_OK)
		return e;
	t->out.packet.seq = n.seq;
	t->out.packet.bytes = n.bytes;
	t->out.packet.packets = n.packets;
	t->out.packet.blocks = n.blocks;
	return E_OK;
}

static bool is_usable_key(struct bytes blob)
{
	struct pk *key = NULL;
	bool is_usable = cert_key_from_blob(blob, &key) == E_OK;

	pk_free(key);
	return is_usable;
}

static bool is_digest_len(size_t len)
{
	return len == digest_len(DIGEST_SHA256) || len == digest_len(DIGEST_SHA384) ||
	       len == digest_len(DIGEST_SHA512);
}

/* Who the peer is: ident, session id, host key. */
static enum err take_peer(struct transport *t, struct reader *r)
{
	struct bytes ident = rd_text(r, LIMIT_IDENT), protocol, software;
	struct bytes session_id = rd_string(r, TRANSPORT_SESSION_ID_MAX);
	struct bytes host_key = rd_string(r, LIMIT_BLOB);

	if (!rd_ok(r) || !version_split(ident, &protocol, &software) ||
		!is_digest_len(session_id.len) || !is_usable_key(host_key))
		return E_FORMAT;
	memcpy(t->peer_ident, ident.ptr, ident.len);
	t->peer_ident_len = ident.len;
	memcpy(t->session_id, session_id.ptr, session_id.len);
	t->session_id_len = session_id.len;
	return buf_append(&t->host_key, host_key);
}

/* What was agreed on and announced. */
static enum err take_names(struct transport *t, struct reader *r)
{
	const struct exchange_alg *kex = exchange_alg_find(rd_string(r, LIMIT_NAME));
	const struct keyalg *host_key = keyalg_find(rd_string(r, LIMIT_NAME));
	uint32_t ext = rd_u32(r);
	struct bytes sig_algs = rd_string(r, LIMIT_NAMELIST);
	const uint32_t known = TRANSPORT_EXT_PING | TRANSPORT_EXT_HOSTBOUND |
			       TRANSPORT_EXT_FORWARD_REASON | TRANSPORT_EXT_TUNNEL_POOL;

	if (!rd_ok(r) || kex == NULL || host_key == NULL || (ext & ~known) != 0 ||
		!namelist_is_valid(sig_algs))
		return E_FORMAT;
	t->kex_name = kex->name;
	t->host_key_name = host_key->name;
	t->peer_ext = ext;
	return buf_append(&t->peer_sig_algs, sig_algs);
}

static enum err take_rest(struct transport *t, struct reader *r, uint64_t now_ms)
{
	uint32_t max_length = rd_u32(r), last_seq = rd_u32(r);
	uint64_t due_in_ms = rd_u64(r);
	struct bytes pending = rd_string(r, LIMIT_QUEUED);

	if (!rd_ok(r) || max_length < LIMIT_PACKET_LOGIN || max_length > LIMIT_PACKET_OPEN)
		return E_FORMAT;
	t->in.max_length = max_length;
	t->last_seq = last_seq;
	/* The settings of this process count; what is left of the old interval only shortens it. */
	rekey_done(&t->rekey, now_ms);
	if (due_in_ms < t->rekey.interval_ms)
		t->rekey.due_ms = now_ms + due_in_ms;
	return pending.len == 0 ? E_OK : chunkq_append(&t->out.outbox.cold, pending);
}

static enum err take_all(struct transport *t, struct reader *r, uint64_t now_ms)
{
	uint8_t form = rd_u8(r);
	bool is_server = take_bool(r);
	enum err e;

	t->is_strict = take_bool(r);
	t->is_keyed = true;
	if (!rd_ok(r) || form != FORM || is_server != t->cfg.is_server)
		return E_FORMAT;
	e = take_peer(t, r);
	if (e == E_OK)
		e = take_names(t, r);
	if (e == E_OK)
		e = take_ways(t, r);
	return e == E_OK ? take_rest(t, r, now_ms) : e;
}

enum err transport_thaw(
	const struct transport_config *cfg, struct reader *r, uint64_t now_ms, struct transport **t)
{
	struct transport *made;
	enum err e;

	if (cfg->hostkey_count > TRANSPORT_HOSTKEYS_MAX)
		return E_VALUE;
	made = transport_alloc(cfg);
	if (made == NULL)
		return E_NOMEM;
	e = take_all(made, r, now_ms);
	if (e != E_OK) {
		transport_free(made);
		return e;
	}
	*t = made;
	return E_OK;
}
