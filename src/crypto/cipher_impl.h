/* SPDX-License-Identifier: ISC */
/*
 * Private to crypto: what a cipher is inside and what each construction implements. cipher.c owns
 * the registry and the checks that all share (direction, size); the operations may rely on them.
 */
#ifndef CRYPTO_CIPHER_IMPL_H
#define CRYPTO_CIPHER_IMPL_H

#include "crypto/cipher.h"
#include "crypto/evp.h"
#include "crypto/hmac.h"

struct cipher_ops {
	/* c->keys, alg and mac stand; what is half made after a failure is undone by fini. */
	enum err (*init)(struct cipher *c);
	void (*fini)(struct cipher *c);
	/* NULL: the length is in clear. */
	enum err (*length)(struct cipher *c, uint32_t seq, uint8_t *head, uint32_t *packet_length);
	enum err (*open)(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length);
	enum err (*seal)(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length);
};

struct cipher_def {
	struct cipher_alg alg; /* first: the public face */
	const struct cipher_ops *ops;
	enum evp_cipher_id evp;
};

struct mac_def {
	struct mac_alg alg; /* first */
	enum digest_alg hash;
};

struct cipher {
	const struct cipher_def *def;
	const struct cipher_ops *ops;
	const struct mac_def *mac; /* NULL for AEAD */
	enum cipher_dir dir;
	struct cipher_keys keys; /* iv is always that of the next packet */
	EVP_CIPHER_CTX *body;
	union {
		void *vaes_key; /* cipher_gcm_vaes.c */
		struct {
			EVP_CIPHER_CTX *length;
			EVP_MAC_CTX *mac;
		} chapoly;
		struct {
			struct hmac *mac;
			bool head_done; /* cipher_length has decrypted the first block */
		} ctr;
	};
};

enum {
	LENGTH_LEN = 4, /* RFC 4253 6: packet_length */
	GCM_IV_LEN = 12
};

extern const struct cipher_ops cipher_gcm, cipher_gcm_vaes, cipher_chapoly, cipher_ctr_plain,
	cipher_ctr_etm;

/* Takes the next nonce. RFC 5647 7.1: never the same one twice under a key. */
void gcm_next_iv(struct cipher *c, uint8_t iv[static GCM_IV_LEN]);

/* cipher_gcm_vaes may be used; only after a load that went well. */
bool cipher_gcm_vaes_is_ready(void);
/* NULL: it is ready. Otherwise why not. */
const char *cipher_gcm_vaes_load(void);

#endif
