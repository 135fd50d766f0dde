/* SPDX-License-Identifier: ISC */
/*
 * The order inside one exchange: our KEXINIT is stored before the peer's is taken; public values
 * are proven by the primitive before anything is hashed; a client's hash counts only with the host
 * key's signature over it.
 */
#include "transport/kex.h"

#include <stdlib.h>

#include "keys/cert.h"
#include "keys/pubkey.h"
#include "wire/reader.h"

struct kex *kex_new(bool is_server)
{
	struct kex *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->is_server = is_server;
	buf_init(&k->ours, KEXINIT_MAX);
	buf_init(&k->theirs, KEXINIT_MAX);
	buf_init(&k->host_key, LIMIT_BLOB);
	buf_init(&k->signature, LIMIT_BLOB);
	return k;
}

void kex_free(struct kex *k)
{
	if (k == NULL)
		return;
	exchange_key_free(k->key);
	cipher_free(k->next_in);
	buf_fini(&k->ours);
	buf_fini(&k->theirs);
	buf_fini(&k->host_key);
	buf_fini(&k->signature);
	bytes_wipe(k, sizeof(*k));
	free(k);
}

enum err kex_offer(struct kex *k, struct bytes payload)
{
	return buf_append(&k->ours, payload);
}

bool kex_has_peer_offer(const struct kex *k)
{
	return buf_bytes(&k->theirs).len > 0;
}

enum err kex_take_offer(
	struct kex *k, struct bytes payload, bool is_first, bool *is_strict, struct fault *f)
{
	struct kexinit ours, theirs;
	struct kexinit_choice choice;
	bool strict = *is_strict;
	enum err e = kexinit_parse(payload, &theirs);

	if (e == E_OK)
		e = kexinit_parse(buf_bytes(&k->ours), &ours);
	if (e != E_OK)
		return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "malformed KEXINIT");
	if (is_first)
		strict = kexinit_has_strict(&theirs, !k->is_server);
	e = kexinit_negotiate(&ours, &theirs, k->is_server, strict, &choice, f);
	if (e == E_OK)
		e = buf_append(&k->theirs, payload);
	if (e != E_OK)
		return e;
	k->choice = choice;
	k->is_guess_dropped = theirs.first_follows && kexinit_is_guess_wrong(&ours, &theirs);
	k->wants_ext_info = is_first && kexinit_has_ext_info(&theirs, !k->is_server);
	*is_strict = strict;
	return E_OK;
}

enum err kex_init(struct kex *k, struct writer *w)
{
	enum err e =
		k->choice.kex->start(&k->key, (struct span){k->pub, sizeof(k->pub)}, &k->pub_len);

	if (e != E_OK)
		return e;
	wr_u8(w, MSG_KEX_ECDH_INIT);
	wr_string(w, bytes_of(k->pub, k->pub_len));
	return E_OK;
}

/* RFC 4253 8 and RFC 8731 3.1: K is an mpint; hybrid exchanges give a string. */
static void encode_secret(struct kex *k, const struct exchange_secret *secret)
{
	struct writer w;
	struct bytes raw = bytes_of(secret->data, secret->len);

	wr_init(&w, (struct span){k->secret, sizeof(k->secret)});
	if (k->choice.kex->secret_is_string)
		wr_string(&w, raw);
	else
		wr_mpint(&w, raw);
	k->secret_len = wr_bytes(&w).len;
}

static enum err hash_all(
	struct kex *k, const struct kex_idents *v, struct bytes q_peer, struct fault *f)
{
	struct bytes i_ours = buf_bytes(&k->ours), i_theirs = buf_bytes(&k->theirs);
	struct bytes q_ours = bytes_of(k->pub, k->pub_len);
	struct kex_transcript t = {
		.v_c = v->client,
		.v_s = v->server,
		.i_c = k->is_server ? i_theirs : i_ours,
		.i_s = k->is_server ? i_ours : i_theirs,
		.k_s = buf_bytes(&k->host_key),
		.q_c = k->is_server ? q_peer : q_ours,
		.q_s = k->is_server ? q_ours : q_peer,
		.k = bytes_of(k->secret, k->secret_len),
	};
	enum err e = kex_hash(k->choice.kex->hash, &t, k->hash);

	if (e != E_OK)
		return fault_set(
			f, e, DISCONNECT_KEX_FAILED, "the exchange hash could not be made");
	k->hash_len = digest_len(k->choice.kex->hash);
	return E_OK;
}

static enum err value_fault(enum err e, struct fault *f)
{
	return fault_set(f, e, DISCONNECT_KEX_FAILED, "%s",
		e == E_VALUE ? "the peer's key exchange value is not valid" : err_text(e));
}

/* RFC 4253 8: the signature under the agreed algorithm, by the key in the message. */
static enum err verify(struct kex *k, struct bytes signature, struct fault *f)
{
	struct pk *key = NULL;
	struct bytes blob = buf_bytes(&k->host_key);
	enum err e = cert_key_from_blob(blob, &key);

	if (e != E_OK)
		return fault_set(
			f, e, DISCONNECT_KEX_FAILED, "the host key is not usable: %s", err_text(e));
	if (!bytes_is(pubkey_blob_type(blob), k->choice.host_alg->key_name))
		e = fault_set(f, E_VALUE, DISCONNECT_KEX_FAILED,
			"the host key is not of the type agreed on");
	else if (pk_verify(key, k->choice.host_key, bytes_of(k->hash, k->hash_len), signature) !=
		 VERDICT_GOOD)
		e = fault_set(f, E_SIG, DISCONNECT_KEX_FAILED,
			"the host key's signature over the key exchange is not good");
	pk_free(key);
	return e;
}

enum err kex_on_reply(
	struct kex *k, struct bytes payload, const struct kex_idents *v, struct fault *f)
{
	struct exchange_secret secret;
	struct bytes host_key, q_s, signature;
	struct reader r;
	enum err e;

	if (k->key == NULL)
		return E_STATE;
	rd_init(&r, payload);
	rd_u8(&r);
	host_key = rd_string(&r, LIMIT_BLOB);
	q_s = rd_string(&r, EXCHANGE_PUB_MAX);
	signature = rd_string(&r, LIMIT_BLOB);
	if (!rd_end(&r) || host_key.len == 0)
		return fault_set(
			f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "malformed key exchange reply");
	e = buf_append(&k->host_key, host_key);
	if (e != E_OK)
		return e;
	e = k->choice.kex->finish(k->key, q_s, &secret);
	exchange_key_free(k->key);
	k->key = NULL;
	if (e != E_OK)
		return value_fault(e, f);
	encode_secret(k, &secret);
	exchange_secret_wipe(&secret);
	e = hash_all(k, v, q_s, f);
	if (e == E_OK)
		e = verify(k, signature, f);
	if (e == E_OK)
		e = buf_append(&k->signature, signature);
	k->is_replied = e == E_OK;
	return e;
}

enum err kex_on_init(struct kex *k, struct bytes payload, struct bytes host_key,
	const struct kex_idents *v, struct fault *f)
{
	struct exchange_secret secret;
	struct bytes q_c;
	struct reader r;
	enum err e;

	rd_init(&r, payload);
	rd_u8(&r);
	q_c = rd_string(&r, EXCHANGE_PUB_MAX);
	if (!rd_end(&r))
		return fault_set(
			f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "malformed key exchange message");
	e = buf_append(&k->host_key, host_key);
	if (e != E_OK)
		return e;
	e = k->choice.kex->respond(
		q_c, (struct span){k->pub, sizeof(k->pub)}, &k->pub_len, &secret);
	if (e != E_OK)
		return value_fault(e, f);
	encode_secret(k, &secret);
	exchange_secret_wipe(&secret);
	e = hash_all(k, v, q_c, f);
	k->is_replied = e == E_OK;
	return e;
}

size_t kex_reply_room(const struct kex *k, struct bytes signature)
{
	return 1 + 3 * 4 + buf_bytes(&k->host_key).len + k->pub_len + signature.len;
}

void kex_reply(struct kex *k, struct bytes signature, struct writer *w)
{
	wr_u8(w, MSG_KEX_ECDH_REPLY);
	wr_string(w, buf_bytes(&k->host_key));
	wr_string(w, bytes_of(k->pub, k->pub_len));
	wr_string(w, signature);
}

/* --- keys ------------------------------------------------------------------------------------- */

enum err kex_hash(
	enum digest_alg alg, const struct kex_transcript *t, uint8_t out[static DIGEST_MAX])
{
	const struct bytes strings[] = {t->v_c, t->v_s, t->i_c, t->i_s, t->k_s, t->q_c, t->q_s};
	enum { STRINGS = sizeof(strings) / sizeof(strings[0]) };
	uint8_t length[STRINGS][4];
	struct bytes pieces[2 * STRINGS + 1];
	size_t n = 0;

	for (size_t i = 0; i < STRINGS; i++) {
		store_be32(length[i], (uint32_t)strings[i].len);
		pieces[n++] = bytes_of(length[i], sizeof(length[i]));
		pieces[n++] = strings[i];
	}
	pieces[n++] = t->k;
	return digest_pieces(alg, pieces, n, out);
}

enum err kex_expand(enum digest_alg alg, struct bytes k, struct bytes h, char letter,
	struct bytes session_id, uint8_t *out, size_t len)
{
	uint8_t made[2 * DIGEST_MAX]; /* K1 || K2 || ... */
	size_t step = digest_len(alg), n = 0;
	struct bytes first[] = {k, h, bytes_of(&letter, 1), session_id};
	enum err e = E_OK;

	if (len > sizeof(made))
		return E_LIMIT;
	while (n < len && e == E_OK) {
		uint8_t block[DIGEST_MAX];
		struct bytes more[] = {k, h, bytes_of(made, n)};
		size_t part = sizeof(made) - n < step ? sizeof(made) - n : step;

		e = n == 0 ? digest_pieces(alg, first, 4, block)
			   : digest_pieces(alg, more, 3, block);
		if (e == E_OK)
			memcpy(made + n, block, part);
		bytes_wipe(block, sizeof(block));
		n += part;
	}
	if (e == E_OK)
		memcpy(out, made, len);
	bytes_wipe(made, sizeof(made));
	return e;
}

/* RFC 4253 7.2: the letters of iv, key and integrity key. */
static const char letters_cs[] = "ACE", letters_sc[] = "BDF";

static enum err make_cipher(struct kex *k, const struct kexinit_way *way, const char *letters,
	struct bytes session_id, enum cipher_dir dir, struct cipher **made)
{
	enum digest_alg alg = k->choice.kex->hash;
	struct bytes secret = bytes_of(k->secret, k->secret_len);
	struct bytes h = bytes_of(k->hash, k->hash_len);
	struct cipher_keys keys;
	enum err e =
		kex_expand(alg, secret, h, letters[0], session_id, keys.iv, way->cipher->iv_len);

	if (e == E_OK)
		e = kex_expand(
			alg, secret, h, letters[1], session_id, keys.key, way->cipher->key_len);
	if (e == E_OK && way->mac != NULL)
		e = kex_expand(
			alg, secret, h, letters[2], session_id, keys.mac_key, way->mac->key_len);
	if (e == E_OK) {
		*made = cipher_new(dir, way->cipher, way->mac, &keys);
		if (*made == NULL)
			e = E_CRYPTO;
	}
	bytes_wipe(&keys, sizeof(keys));
	return e;
}

enum err kex_make_ciphers(struct kex *k, struct bytes session_id, struct cipher **out)
{
	const struct kexinit_way *cs = &k->choice.cs, *sc = &k->choice.sc;
	enum err e;

	*out = NULL;
	if (k->is_server) {
		e = make_cipher(k, cs, letters_cs, session_id, CIPHER_OPEN, &k->next_in);
		if (e == E_OK)
			e = make_cipher(k, sc, letters_sc, session_id, CIPHER_SEAL, out);
	} else {
		e = make_cipher(k, sc, letters_sc, session_id, CIPHER_OPEN, &k->next_in);
		if (e == E_OK)
			e = make_cipher(k, cs, letters_cs, session_id, CIPHER_SEAL, out);
	}
	bytes_wipe(k->secret, sizeof(k->secret));
	k->secret_len = 0;
	return e;
}
