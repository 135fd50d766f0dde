/* SPDX-License-Identifier: ISC */
/*
 * Private to crypto: algorithms fetched from libcrypto once a process and kept for its life (an
 * implicit fetch at every use costs more than a small packet), and libcrypto's errors in our words.
 */
#ifndef CRYPTO_EVP_H
#define CRYPTO_EVP_H

#include <openssl/evp.h>

#include "base/err.h"
#include "crypto/digest.h"

enum evp_cipher_id {
	EVP_ID_AES128_GCM,
	EVP_ID_AES256_GCM,
	EVP_ID_AES128_CTR,
	EVP_ID_AES256_CTR,
	EVP_ID_CHACHA20,
	EVP_CIPHER_COUNT
};

enum evp_mac_id { EVP_ID_HMAC, EVP_ID_POLY1305, EVP_MAC_COUNT };

/* Borrowed; NULL when libcrypto does not have it or memory is short (the next call tries again). */
const EVP_CIPHER *evp_cipher(enum evp_cipher_id id);
const EVP_MD *evp_md(enum digest_alg alg);
EVP_MAC *evp_mac(enum evp_mac_id id);

/* Empties libcrypto's error queue: E_NOMEM when an allocation failed there, else the given error.
 */
enum err evp_err(enum err otherwise);

#endif
