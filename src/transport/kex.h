/* SPDX-License-Identifier: ISC */
/*
 * One run of the key exchange (RFC 4253 7 and 8, RFC 5656 4, RFC 8731): both KEXINITs, the public
 * values, the hash, and the keys at its end. It exists only while an exchange is open and takes
 * everything along when it is freed. Who sends what and when is the transport's.
 */
#ifndef TRANSPORT_KEX_H
#define TRANSPORT_KEX_H

#include "base/buf.h"
#include "transport/kexinit.h"

enum { KEX_SECRET_MAX = 4 + 1 + EXCHANGE_SECRET_MAX }; /* K as it enters the hash */

struct kex {
	bool is_server;
	bool is_replied;	       /* the exchange hash is final and proven */
	bool is_guess_dropped;	       /* the next packet of the exchange is a wrong guess */
	bool wants_ext_info;	       /* the peer's KEXINIT asks for EXT_INFO */
	struct buf ours, theirs;       /* payloads of the KEXINITs, as sent and as received */
	struct kexinit_choice choice;  /* once theirs is there */
	struct exchange_key *key;      /* client: between INIT and REPLY; the one slot for it */
	uint8_t pub[EXCHANGE_PUB_MAX]; /* our public value */
	size_t pub_len;
	struct buf host_key;		/* K_S */
	struct buf signature;		/* client: over H, once it is good */
	uint8_t hash[DIGEST_MAX];	/* H */
	size_t hash_len;		/* 0 until it is known */
	uint8_t secret[KEX_SECRET_MAX]; /* K, encoded */
	size_t secret_len;
	struct cipher *next_in; /* waits for the peer's NEWKEYS */
};

struct kex_idents { /* V_C, V_S */
	struct bytes client, server;
};

struct kex *kex_new(bool is_server); /* NULL: no memory */
void kex_free(struct kex *k);	     /* NULL is fine; wipes */

/* The payload of our KEXINIT, as it goes out. */
enum err kex_offer(struct kex *k, struct bytes payload) MUST_USE;
/* Takes the peer's KEXINIT in, ours being there, and agrees on algorithms. *is_strict is what holds
 * for the connection; when is_first it is learned here. */
enum err kex_take_offer(struct kex *k, struct bytes payload, bool is_first, bool *is_strict,
	struct fault *f) MUST_USE;
bool kex_has_peer_offer(const struct kex *k);

/* Client: makes the ephemeral key, writes KEX_ECDH_INIT. */
enum err kex_init(struct kex *k, struct writer *w) MUST_USE;
/* Client: KEX_ECDH_REPLY; hash and signature are good when it returns E_OK. */
enum err kex_on_reply(
	struct kex *k, struct bytes payload, const struct kex_idents *v, struct fault *f) MUST_USE;
/* Server: KEX_ECDH_INIT; the hash is to be signed then. */
enum err kex_on_init(struct kex *k, struct bytes payload, struct bytes host_key,
	const struct kex_idents *v, struct fault *f) MUST_USE;
/* Server: writes KEX_ECDH_REPLY. */
size_t kex_reply_room(const struct kex *k, struct bytes signature);
void kex_reply(struct kex *k, struct bytes signature, struct writer *w);

/* Makes both ciphers, next_in and *out; the secret is gone after it, whatever happens. */
enum err kex_make_ciphers(struct kex *k, struct bytes session_id, struct cipher **out) MUST_USE;

/* --- the two formulas ------------------------------------------------------------------------- */

struct kex_transcript { /* RFC 4253 8, RFC 5656 4: what is hashed, in this order */
	struct bytes v_c, v_s, i_c, i_s, k_s, q_c, q_s;
	struct bytes k; /* encoded already, with its length in front */
};
enum err kex_hash(enum digest_alg alg, const struct kex_transcript *t,
	uint8_t out[static DIGEST_MAX]) MUST_USE;
/* RFC 4253 7.2: len bytes for one of the letters A..F. k is encoded. */
enum err kex_expand(enum digest_alg alg, struct bytes k, struct bytes h, char letter,
	struct bytes session_id, uint8_t *out, size_t len) MUST_USE;

#endif
