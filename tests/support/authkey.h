/* SPDX-License-Identifier: ISC */
/* Keys of every type with their blobs, and login requests made by hand, for the tests of login. */
#ifndef SUPPORT_AUTHKEY_H
#define SUPPORT_AUTHKEY_H

#include "auth/publickey.h"
#include "crypto/pk.h"
#include "harness.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"

#include <stdlib.h>

enum { AUTHKEYS = 7, AUTHKEY_RSA = 4, AUTHKEY_SPARE = 6 };

struct authkey_pair {
	struct pk *key;
	uint8_t mem[1200];
	struct bytes blob;
	const struct sig_alg *alg;
};

/* One of each algorithm, made once for the program; the last is a second Ed25519 key. */
static inline struct authkey_pair *authkey_pair_at(size_t i)
{
	static const struct {
		enum pk_type type;
		const char *alg;
	} kinds[AUTHKEYS] = {
		{PK_ED25519, "ssh-ed25519"},
		{PK_ECDSA_256, "ecdsa-sha2-nistp256"},
		{PK_ECDSA_384, "ecdsa-sha2-nistp384"},
		{PK_ECDSA_521, "ecdsa-sha2-nistp521"},
		{PK_RSA, "rsa-sha2-512"},
		{PK_RSA, "rsa-sha2-256"},
		{PK_ED25519, "ssh-ed25519"},
	};
	static struct authkey_pair pairs[AUTHKEYS];
	struct authkey_pair *p = &pairs[i];

	if (p->key == NULL) {
		REQUIRE_EQ(pk_generate(&p->key, kinds[i].type, 2048), E_OK);
		REQUIRE_EQ(
			pubkey_to_blob(p->key, (struct span){p->mem, sizeof(p->mem)}, &p->blob.len),
			E_OK);
		p->blob.ptr = p->mem;
		p->alg = sig_alg_find(bytes_str(kinds[i].alg));
		REQUIRE(p->alg != NULL);
	}
	return p;
}

/* A request as bytes. signer NULL: a query. */
struct authkey_request {
	const char *user, *service;
	struct bytes session_id, blob;
	const struct sig_alg *alg;
	const struct pk *signer;
	uint8_t mem[4096];
	struct bytes bytes;
};

static inline void authkey_build(struct authkey_request *q)
{
	struct publickey p = {.user = bytes_str(q->user),
		.service = bytes_str(q->service != NULL ? q->service : "ssh-connection"),
		.alg = bytes_str(q->alg->name),
		.blob = q->blob,
		.is_signed = q->signer != NULL};
	uint8_t sig[PK_SIGNATURE_MAX];
	struct span to_sign;
	struct writer w;
	size_t sig_len = 0;

	wr_init(&w, (struct span){q->mem, sizeof(q->mem)});
	publickey_write(&w, &p);
	if (q->signer != NULL) {
		REQUIRE_EQ(publickey_to_sign(q->session_id, &p, 0, &to_sign), E_OK);
		REQUIRE_EQ(pk_sign(q->signer, q->alg, bytes_of(to_sign.ptr, to_sign.len),
				   (struct span){sig, sizeof(sig)}, &sig_len),
			E_OK);
		free(to_sign.ptr);
		wr_string(&w, bytes_of(sig, sig_len));
	}
	REQUIRE(wr_ok(&w));
	q->bytes = wr_bytes(&w);
}

#endif
