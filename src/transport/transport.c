/* SPDX-License-Identifier: ISC */
/*
 * The coordinator: version lines, packets in, what is asked and told, and when keys are to be
 * renewed. The steps of an exchange are in transport_kex.c; everything else is left to the small
 * machines.
 *
 * Invariants: t->kex lives from the first KEXINIT of either side until the peer's NEWKEYS; our
 * NEWKEYS is always out before the peer's is taken; t->out.is_holding exactly from our KEXINIT to
 * our NEWKEYS; session id and host key never change once they are set.
 */
#include "transport/transport.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "transport/transport_impl.h"

enum { TRACE_MAX = 1024 };

void transport_trace(const struct transport *t, int level, const char *fmt, ...)
{
	char raw[TRACE_MAX], line[TRACE_MAX];
	va_list ap;
	int n;

	if (t->cfg.trace == NULL)
		return;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	text_escape(line, sizeof(line), bytes_str(raw));
	t->cfg.trace(t->cfg.trace_ctx, level, line);
}

/* --- life ----------------------------------------------------------------------------------- */

struct transport *transport_alloc(const struct transport_config *cfg)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->cfg = *cfg;
	t->version.is_server = cfg->is_server;
	t->in.max_length = LIMIT_PACKET_LOGIN;
	sender_init(&t->out, cfg->pool, cfg->rng);
	rekey_init(&t->rekey, cfg->rekey_bytes, cfg->rekey_ms);
	buf_init(&t->host_key, LIMIT_BLOB);
	buf_init(&t->peer_sig_algs, LIMIT_NAMELIST);
	return t;
}

enum err transport_new(const struct transport_config *cfg, struct transport **t)
{
	if (cfg->hostkey_count > TRANSPORT_HOSTKEYS_MAX)
		return E_VALUE;
	*t = transport_alloc(cfg);
	return *t == NULL ? E_NOMEM : E_OK;
}

void transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	kex_free(t->kex);
	packet_in_fini(&t->in);
	sender_fini(&t->out);
	buf_fini(&t->host_key);
	buf_fini(&t->peer_sig_algs);
	bytes_wipe(t, sizeof(*t));
	free(t);
}

enum err transport_start(struct transport *t, uint64_t now_ms)
{
	enum err e;

	if (t->kex != NULL || t->is_keyed)
		return E_STATE;
	transport_trace(t, 1, "Local version string %s", VERSION_OURS);
	e = sender_raw(&t->out, bytes_str(VERSION_OURS "\r\n"));
	return e == E_OK ? transport_open_exchange(t, now_ms) : e;
}

enum err transport_rekey(struct transport *t, bool is_forced, uint64_t now_ms)
{
	const char *reason = "request";

	if (t->kex != NULL)
		return E_OK;
	if (!t->is_keyed)
		return E_STATE;
	if (!is_forced)
		reason = rekey_reason(&t->rekey, &t->in, &t->out.packet, now_ms);
	if (reason == NULL)
		return E_OK;
	transport_trace(t, 1, "rekeying after %s: %llu bytes sent, %llu received", reason,
		(unsigned long long)t->out.packet.bytes, (unsigned long long)t->in.bytes);
	return transport_open_exchange(t, now_ms);
}

/* --- in ------------------------------------------------------------------------------------- */

static enum err next_line(struct transport *t, struct span data, size_t *used, struct fault *f)
{
	struct bytes line, protocol, software;
	bool is_ident;
	enum err e =
		version_next(&t->version, bytes_of(data.ptr, data.len), used, &line, &is_ident, f);

	if (e != E_OK)
		return e;
	if (!is_ident) {
		transport_trace(t, 1, "kex_exchange_identification: banner line %u: %.*s",
			t->version.skipped, (int)line.len, (const char *)line.ptr);
		return E_OK;
	}
	memcpy(t->peer_ident, line.ptr, line.len);
	t->peer_ident_len = line.len;
	if (version_split(line, &protocol, &software))
		transport_trace(t, 1, "Remote protocol version %.*s, remote software version %.*s",
			(int)protocol.len, (const char *)protocol.ptr, (int)software.len,
			(const char *)software.ptr);
	return E_OK;
}

enum err transport_next(
	struct transport *t, struct span data, size_t *used, struct span *payload, struct fault *f)
{
	uint32_t seq = t->in.seq;
	enum err e;

	*payload = (struct span){NULL, 0};
	*used = 0;
	if (t->need != TRANSPORT_NEEDS_NOTHING)
		return E_STATE;
	if (t->peer_ident_len == 0)
		return next_line(t, data, used, f);
	e = packet_next(&t->in, data, used, payload, f);
	if (e != E_OK)
		return e;
	t->last_seq = seq;
	if (t->in.has_wrapped)
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"the sequence number wrapped during the first key exchange");
	return E_OK;
}

bool transport_drops(struct transport *t, uint8_t msg)
{
	if (t->kex == NULL || !t->kex->is_guess_dropped || msg < MSG_KEX_FIRST ||
		msg > MSG_KEX_LAST)
		return false;
	t->kex->is_guess_dropped = false;
	transport_trace(t, 2, "dropped the peer's wrongly guessed key exchange packet");
	return true;
}

uint8_t transport_expects(const struct transport *t)
{
	if (t->peer_ident_len == 0 || t->need != TRANSPORT_NEEDS_NOTHING)
		return 0;
	if (t->kex == NULL || !kex_has_peer_offer(t->kex))
		return MSG_KEXINIT;
	if (t->kex->is_replied)
		return MSG_NEWKEYS;
	return t->cfg.is_server ? MSG_KEX_ECDH_INIT : MSG_KEX_ECDH_REPLY;
}

enum transport_phase transport_phase_of(const struct transport *t)
{
	if (t->peer_ident_len == 0)
		return TRANSPORT_IDENT;
	if (!t->is_keyed)
		return TRANSPORT_KEX;
	return t->kex != NULL && kex_has_peer_offer(t->kex) ? TRANSPORT_REKEY : TRANSPORT_READY;
}

bool transport_is_strict(const struct transport *t)
{
	return t->is_strict;
}

uint32_t transport_last_seq(const struct transport *t)
{
	return t->last_seq;
}

void transport_set_max_packet(struct transport *t, uint32_t packet_length)
{
	t->in.max_length = packet_length < LIMIT_PACKET_OPEN ? packet_length : LIMIT_PACKET_OPEN;
}

/* --- questions and answers ------------------------------------------------------------------ */

enum transport_need transport_need(const struct transport *t)
{
	return t->need;
}

struct bytes transport_host_signature(const struct transport *t)
{
	return t->kex != NULL ? buf_bytes(&t->kex->signature) : bytes_of(NULL, 0);
}

struct bytes transport_host_key(const struct transport *t)
{
	if (buf_bytes(&t->host_key).len == 0 && t->kex != NULL)
		return buf_bytes(&t->kex->host_key);
	return buf_bytes(&t->host_key);
}

struct bytes transport_hash(const struct transport *t)
{
	return t->kex == NULL ? bytes_of(NULL, 0) : bytes_of(t->kex->hash, t->kex->hash_len);
}

size_t transport_sign_index(const struct transport *t)
{
	return t->sign_index;
}

const struct sig_alg *transport_sign_alg(const struct transport *t)
{
	return t->kex == NULL ? NULL : t->kex->choice.host_key;
}

struct bytes transport_session_id(const struct transport *t)
{
	return bytes_of(t->session_id, t->session_id_len);
}

struct bytes transport_peer_ident(const struct transport *t)
{
	return bytes_of(t->peer_ident, t->peer_ident_len);
}

unsigned transport_peer_ext(const struct transport *t)
{
	return t->peer_ext;
}

struct bytes transport_peer_sig_algs(const struct transport *t)
{
	return buf_bytes(&t->peer_sig_algs);
}

uint64_t transport_packets_out(const struct transport *t)
{
	return t->out.packet.total;
}

static const char *cipher_name(const struct cipher *c)
{
	return c == NULL ? "" : cipher_alg_of(c)->name;
}

static const char *mac_name(const struct cipher *c)
{
	return c == NULL || cipher_mac_of(c) == NULL ? "" : cipher_mac_of(c)->name;
}

void transport_names(const struct transport *t, struct transport_names *out)
{
	*out = (struct transport_names){
		.kex = t->kex_name != NULL ? t->kex_name : "",
		.host_key = t->host_key_name != NULL ? t->host_key_name : "",
		.cipher_in = cipher_name(t->in.cipher),
		.cipher_out = cipher_name(t->out.packet.cipher),
		.mac_in = mac_name(t->in.cipher),
		.mac_out = mac_name(t->out.packet.cipher),
	};
}

/* --- out and time --------------------------------------------------------------------------- */

void transport_port(struct transport *t, struct port *port)
{
	sender_port(&t->out, port);
}

struct outbox *transport_outbox(struct transport *t)
{
	return &t->out.outbox;
}

bool transport_is_open(const struct transport *t)
{
	return sender_is_open(&t->out);
}

uint64_t transport_deadline(const struct transport *t)
{
	return rekey_deadline(&t->rekey);
}

bool transport_is_overdue(const struct transport *t, uint64_t now_ms)
{
	return rekey_is_overdue(&t->rekey, now_ms);
}
