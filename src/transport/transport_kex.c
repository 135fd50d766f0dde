/* SPDX-License-Identifier: ISC */
/*
 * The steps of a key exchange between its messages (RFC 4253 7 and 8, RFC 8308 2.4, strict key
 * exchange in PROTOCOL of OpenSSH 1.10): what is sent when, and when each direction changes its
 * key. The calculations are in kex.c.
 */
#include "keys/keyalg.h"
#include "keys/pubkey.h"
#include "transport/extinfo.h"
#include "transport/transport_impl.h"
#include "wire/namelist.h"

/* The offered list; all that pk.h knows is a quarter of it. */
enum { HOST_KEY_ALGS_MAX = 512 };

/* --- our KEXINIT ---------------------------------------------------------------------------- */

/* Which of our host keys signs with this algorithm; hostkey_count when none does. */
static size_t find_host_key(const struct transport *t, const struct sig_alg *alg)
{
	size_t i = 0;

	while (i < t->cfg.hostkey_count && (alg == NULL || t->cfg.hostkeys[i].type != alg->type))
		i++;
	return i;
}

/* A server offers what it has a key for; an RSA key stands for both of its algorithms. */
static enum err own_host_key_algs(const struct transport *t, char out[static HOST_KEY_ALGS_MAX])
{
	struct bytes rest = bytes_str(t->cfg.host_key_algs), name;
	struct writer w;

	wr_init(&w, (struct span){(uint8_t *)out, HOST_KEY_ALGS_MAX});
	while (namelist_next(&rest, &name)) {
		if (find_host_key(t, sig_alg_find(name)) == t->cfg.hostkey_count)
			continue;
		if (wr_bytes(&w).len > 0)
			wr_u8(&w, ',');
		wr_raw(&w, name);
	}
	wr_u8(&w, '\0');
	return wr_ok(&w) ? E_OK : E_LIMIT;
}

static enum err send_kexinit(struct transport *t)
{
	char algs[HOST_KEY_ALGS_MAX];
	struct kexinit_offer offer = {
		.is_server = t->cfg.is_server,
		.is_first = !t->is_keyed,
		.kex = t->cfg.kex,
		.host_key_algs = t->cfg.host_key_algs,
		.ciphers = t->cfg.ciphers,
		.macs = t->cfg.macs,
	};
	struct writer w;
	enum err e = rng_bytes(t->cfg.rng, offer.cookie, sizeof(offer.cookie));

	if (e == E_OK && t->cfg.is_server) {
		e = own_host_key_algs(t, algs);
		offer.host_key_algs = algs;
	}
	if (e == E_OK)
		e = sender_begin(&t->out, kexinit_room(&offer), &w);
	if (e != E_OK)
		return e;
	kexinit_build(&w, &offer);
	if (wr_ok(&w))
		e = kex_offer(t->kex, wr_bytes(&w));
	if (e == E_OK)
		e = sender_end(&t->out, &w);
	if (e != E_OK)
		return e;
	t->out.is_holding = true;
	transport_trace(t, 1, "SSH2_MSG_KEXINIT sent");
	transport_trace(t, 2, "our KEX algorithms: %s", offer.kex);
	transport_trace(t, 2, "our host key algorithms: %s", offer.host_key_algs);
	transport_trace(t, 2, "our ciphers: %s", offer.ciphers);
	transport_trace(t, 2, "our MACs: %s", offer.macs);
	return E_OK;
}

enum err transport_open_exchange(struct transport *t, uint64_t now_ms)
{
	t->kex = kex_new(t->cfg.is_server);
	if (t->kex == NULL)
		return E_NOMEM;
	if (t->is_keyed)
		rekey_opened(&t->rekey, now_ms);
	return send_kexinit(t);
}

/* --- the peer's messages -------------------------------------------------------------------- */

static void trace_offer(const struct transport *t)
{
	static const char *const names[KEXINIT_LANG_CS] = {"KEX algorithms", "host key algorithms",
		"ciphers ctos", "ciphers stoc", "MACs ctos", "MACs stoc", "compression ctos",
		"compression stoc"};
	struct kexinit k;

	if (t->cfg.trace == NULL || kexinit_parse(buf_bytes(&t->kex->theirs), &k) != E_OK)
		return;
	for (int i = 0; i < KEXINIT_LANG_CS; i++)
		transport_trace(t, 2, "peer %s: %.*s", names[i], (int)k.list[i].len,
			(const char *)k.list[i].ptr);
}

static void trace_way(const struct transport *t, const char *arrow, const struct kexinit_way *way)
{
	transport_trace(t, 1, "kex: %s cipher: %s MAC: %s compression: none", arrow,
		way->cipher->name, way->mac == NULL ? "<implicit>" : way->mac->name);
}

static void trace_choice(const struct transport *t)
{
	const struct kexinit_choice *c = &t->kex->choice;

	transport_trace(t, 1, "kex: algorithm: %s", c->kex->name);
	transport_trace(t, 1, "kex: host key algorithm: %s", c->host_alg->name);
	if (t->cfg.is_server) {
		trace_way(t, "client->server", &c->cs);
		trace_way(t, "server->client", &c->sc);
	} else {
		trace_way(t, "server->client", &c->sc);
		trace_way(t, "client->server", &c->cs);
	}
}

static enum err send_init(struct transport *t)
{
	struct writer w;
	enum err e = sender_begin(&t->out, 1 + 4 + t->kex->choice.kex->pub_len, &w);

	if (e == E_OK)
		e = kex_init(t->kex, &w);
	if (e == E_OK)
		e = sender_end(&t->out, &w);
	if (e == E_OK)
		transport_trace(t, 1, "expecting SSH2_MSG_KEX_ECDH_REPLY");
	return e;
}

static enum err on_kexinit(
	struct transport *t, struct bytes payload, uint64_t now_ms, struct fault *f)
{
	enum err e = E_OK;

	transport_trace(t, 1, "SSH2_MSG_KEXINIT received");
	if (t->kex == NULL)
		e = transport_open_exchange(t, now_ms);
	if (e == E_OK)
		e = kex_take_offer(t->kex, payload, !t->is_keyed, &t->is_strict, f);
	if (e != E_OK)
		return e;
	trace_offer(t);
	/* PROTOCOL of OpenSSH 1.10: KEXINIT must have been the first packet of all */
	if (!t->is_keyed && t->is_strict && t->last_seq != 0)
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"strict key exchange: KEXINIT was not the first packet");
	if (!t->is_keyed && t->is_strict)
		transport_trace(t, 3, "will use strict KEX ordering");
	trace_choice(t);
	if (!t->cfg.is_server)
		return send_init(t);
	transport_trace(t, 1, "expecting SSH2_MSG_KEX_ECDH_INIT");
	return E_OK;
}

static struct kex_idents idents(const struct transport *t)
{
	struct bytes ours = bytes_str(VERSION_OURS);
	struct bytes theirs = bytes_of(t->peer_ident, t->peer_ident_len);

	return t->cfg.is_server ? (struct kex_idents){.client = theirs, .server = ours}
				: (struct kex_idents){.client = ours, .server = theirs};
}

/* RFC 4253 7.2: the first exchange hash, for ever. */
static void keep_session_id(struct transport *t)
{
	if (t->session_id_len > 0)
		return;
	memcpy(t->session_id, t->kex->hash, t->kex->hash_len);
	t->session_id_len = t->kex->hash_len;
}

static enum err on_init(struct transport *t, struct bytes payload, struct fault *f)
{
	struct kex_idents v = idents(t);
	size_t index = find_host_key(t, t->kex->choice.host_key);
	enum err e;

	transport_trace(t, 1, "SSH2_MSG_KEX_ECDH_INIT received");
	if (index == t->cfg.hostkey_count)
		return E_STATE;
	e = kex_on_init(t->kex, payload, t->cfg.hostkeys[index].blob, &v, f);
	if (e != E_OK)
		return e;
	keep_session_id(t);
	t->sign_index = index;
	t->need = TRANSPORT_NEEDS_SIGNATURE;
	return E_OK;
}

/* The answers are given: our NEWKEYS, then the new key out. What follows it may leave. */
static enum err switch_out(struct transport *t)
{
	struct cipher *out;
	struct writer w;
	enum err e = kex_make_ciphers(t->kex, bytes_of(t->session_id, t->session_id_len), &out);

	if (e == E_OK && buf_bytes(&t->host_key).len == 0)
		e = buf_append(&t->host_key, buf_bytes(&t->kex->host_key));
	if (e == E_OK)
		e = sender_begin(&t->out, 1, &w);
	if (e == E_OK) {
		wr_u8(&w, MSG_NEWKEYS);
		e = sender_end(&t->out, &w);
	}
	if (e != E_OK) {
		cipher_free(out);
		return e;
	}
	packet_out_rekey(&t->out.packet, out, t->is_strict);
	transport_trace(t, 1, "SSH2_MSG_NEWKEYS sent");
	transport_trace(t, 1, "expecting SSH2_MSG_NEWKEYS");
	return E_OK;
}

/* RFC 8308 2.4: the packet right behind the first NEWKEYS. */
static enum err send_ext_info(struct transport *t)
{
	const char *extensions = t->cfg.extensions != NULL ? t->cfg.extensions : "";
	char sig_algs[KEYALG_SIG_LIST_MAX];
	struct writer w;
	/* Each name=value of the list becomes two strings: 8 bytes of lengths at most a name. */
	size_t room = 64 + 8 * (strlen(extensions) + 1) + sizeof(sig_algs);
	enum err e = sender_begin(&t->out, room, &w);

	if (e != E_OK)
		return e;
	if (t->cfg.sig_algs != NULL)
		keyalg_sig_list(t->cfg.sig_algs, sig_algs);
	extinfo_build(&w, t->cfg.sig_algs != NULL ? sig_algs : NULL, extensions);
	transport_trace(t, 3, "SSH2_MSG_EXT_INFO sent");
	return sender_end(&t->out, &w);
}

static void trace_host_key(const struct transport *t)
{
	char print[FINGERPRINT_MAX];
	struct bytes blob = buf_bytes(&t->kex->host_key), type = pubkey_blob_type(blob);

	if (t->cfg.trace != NULL && pubkey_fingerprint(blob, print) == E_OK)
		transport_trace(t, 1, "Server host key: %.*s %s", (int)type.len,
			(const char *)type.ptr, print);
}

static enum err on_reply(struct transport *t, struct bytes payload, struct fault *f)
{
	struct kex_idents v = idents(t);
	struct bytes known = buf_bytes(&t->host_key);
	enum err e = kex_on_reply(t->kex, payload, &v, f);

	if (e != E_OK)
		return e;
	transport_trace(t, 1, "SSH2_MSG_KEX_ECDH_REPLY received");
	trace_host_key(t);
	keep_session_id(t);
	if (!t->is_keyed) {
		t->need = TRANSPORT_NEEDS_VERDICT;
		return E_OK;
	}
	if (!bytes_eq(known, buf_bytes(&t->kex->host_key)))
		return fault_set(f, E_HOSTKEY, DISCONNECT_HOST_KEY_NOT_VERIFIABLE,
			"the host key changed during the connection");
	e = switch_out(t);
	return e == E_OK ? sender_release(&t->out) : e;
}

static enum err on_newkeys(
	struct transport *t, struct bytes payload, uint64_t now_ms, struct fault *f)
{
	if (payload.len != 1)
		return fault_set(f, E_TRAILING, DISCONNECT_PROTOCOL_ERROR, "malformed NEWKEYS");
	transport_trace(t, 1, "SSH2_MSG_NEWKEYS received");
	packet_in_rekey(&t->in, t->kex->next_in, t->is_strict);
	t->kex->next_in = NULL;
	t->kex_name = t->kex->choice.kex->name;
	t->host_key_name = t->kex->choice.host_alg->name;
	kex_free(t->kex);
	t->kex = NULL;
	t->is_keyed = true;
	rekey_done(&t->rekey, now_ms);
	return E_OK;
}

static enum err on_ext_info(struct transport *t, struct bytes payload, struct fault *f)
{
	struct extinfo info;
	enum err e = extinfo_parse(payload, &info);

	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "malformed EXT_INFO");
	transport_trace(t, 1, "SSH2_MSG_EXT_INFO received");
	t->peer_ext |= info.bits;
	if (!info.has_sig_algs)
		return E_OK;
	transport_trace(t, 1, "kex_input_ext_info: server-sig-algs=<%.*s>", (int)info.sig_algs.len,
		(const char *)info.sig_algs.ptr);
	/* RFC 8308 2.4: of two messages the later one counts */
	buf_consume(&t->peer_sig_algs, buf_bytes(&t->peer_sig_algs).len);
	return buf_append(&t->peer_sig_algs, info.sig_algs);
}

static enum err dispatch(
	struct transport *t, struct bytes payload, uint64_t now_ms, struct fault *f)
{
	uint8_t msg = payload.ptr[0];

	if (msg == MSG_EXT_INFO && t->is_keyed)
		return on_ext_info(t, payload, f);
	if (msg != transport_expects(t))
		return fault_set(f, E_PROTO, DISCONNECT_PROTOCOL_ERROR,
			"message %u is not expected in this step of the key exchange", msg);
	switch (msg) {
	case MSG_KEXINIT:
		return on_kexinit(t, payload, now_ms, f);
	case MSG_KEX_ECDH_INIT:
		return on_init(t, payload, f);
	case MSG_KEX_ECDH_REPLY:
		return on_reply(t, payload, f);
	default:
		return on_newkeys(t, payload, now_ms, f);
	}
}

/* Whatever failed below without words of its own. */
static enum err explained(enum err e, struct fault *f)
{
	return e == E_OK ? E_OK
			 : fault_set(f, e, DISCONNECT_KEX_FAILED, "key exchange failed: %s",
				   err_text(e));
}

enum err transport_handle(
	struct transport *t, struct bytes payload, uint64_t now_ms, struct fault *f)
{
	if (payload.len == 0 || t->need != TRANSPORT_NEEDS_NOTHING)
		return E_STATE;
	return explained(dispatch(t, payload, now_ms, f), f);
}

/* --- answers -------------------------------------------------------------------------------- */

enum err transport_answer_verdict(
	struct transport *t, enum verdict v, uint64_t now_ms, struct fault *f)
{
	enum err e;

	if (t->need != TRANSPORT_NEEDS_VERDICT)
		return E_STATE;
	if (v != VERDICT_GOOD)
		return fault_set(f, E_HOSTKEY, DISCONNECT_HOST_KEY_NOT_VERIFIABLE,
			"the host key was not accepted");
	t->need = TRANSPORT_NEEDS_NOTHING;
	e = switch_out(t);
	if (e == E_OK)
		e = sender_release(&t->out);
	return explained(e, f);
}

static enum err send_reply(struct transport *t, struct bytes signature)
{
	struct writer w;
	enum err e = sender_begin(&t->out, kex_reply_room(t->kex, signature), &w);

	if (e != E_OK)
		return e;
	kex_reply(t->kex, signature, &w);
	return sender_end(&t->out, &w);
}

enum err transport_answer_signature(
	struct transport *t, struct bytes signature, uint64_t now_ms, struct fault *f)
{
	enum err e;

	if (t->need != TRANSPORT_NEEDS_SIGNATURE)
		return E_STATE;
	if (signature.len == 0 || signature.len > LIMIT_BLOB)
		return fault_set(f, E_CRYPTO, DISCONNECT_KEX_FAILED,
			"the host key could not sign the key exchange");
	t->need = TRANSPORT_NEEDS_NOTHING;
	e = send_reply(t, signature);
	if (e == E_OK)
		e = switch_out(t);
	if (e == E_OK && t->kex->wants_ext_info)
		e = send_ext_info(t);
	if (e == E_OK)
		e = sender_release(&t->out);
	return explained(e, f);
}
