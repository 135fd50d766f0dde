/* SPDX-License-Identifier: ISC */
/*
 * Keys and signatures independent of their kind: the registry of signature algorithms and the outer
 * SSH form of a signature (RFC 4253 6.6). A verdict is good only where libcrypto said exactly 1 and
 * every byte of the blob was accounted for; all else, also a shortage of memory, is bad.
 */
#include "crypto/pk.h"

#include <stdlib.h>

#include "crypto/pk_impl.h"
#include "wire/reader.h"

enum { NAME_MAX_LEN = 48, TOUCHED = 0x01, VERIFIED = 0x04 };

struct sig_def {
	struct sig_alg alg; /* first: the public face */
	const char *md;
};

/* ssh-rsa as a signature algorithm means SHA-1 and is not known here (RFC 8332 3). */
static const struct sig_def algs[] = {
	{{"ssh-ed25519", PK_ED25519, "ssh-ed25519"}, NULL},
	{{"ecdsa-sha2-nistp256", PK_ECDSA_256, "ecdsa-sha2-nistp256"}, "SHA2-256"},
	{{"ecdsa-sha2-nistp384", PK_ECDSA_384, "ecdsa-sha2-nistp384"}, "SHA2-384"},
	{{"ecdsa-sha2-nistp521", PK_ECDSA_521, "ecdsa-sha2-nistp521"}, "SHA2-512"},
	{{"rsa-sha2-512", PK_RSA, "ssh-rsa"}, "SHA2-512"},
	{{"rsa-sha2-256", PK_RSA, "ssh-rsa"}, "SHA2-256"},
	/* From here on nothing is signed by them. */
	{{"sk-ssh-ed25519@openssh.com", PK_SK_ED25519, "sk-ssh-ed25519@openssh.com"}, NULL},
	{{"sk-ecdsa-sha2-nistp256@openssh.com", PK_SK_ECDSA, "sk-ecdsa-sha2-nistp256@openssh.com"},
		"SHA2-256"},
};

enum { ALG_COUNT = sizeof(algs) / sizeof(*algs), SIGNING_COUNT = ALG_COUNT - 2 };

const struct sig_alg *sig_alg_find(struct bytes name)
{
	for (size_t i = 0; i < ALG_COUNT; i++)
		if (bytes_is(name, algs[i].alg.name))
			return &algs[i].alg;
	return NULL;
}

const struct sig_alg *sig_alg_at(size_t i)
{
	return i < SIGNING_COUNT ? &algs[i].alg : NULL;
}

const char *sig_default_list(void)
{
	return "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
	       "rsa-sha2-512,rsa-sha2-256";
}

static const struct pk_ops *ops_of(enum pk_type type)
{
	switch (type) {
	case PK_ED25519:
	case PK_SK_ED25519:
		return &pk_ops_ed25519;
	case PK_RSA:
		return &pk_ops_rsa;
	case PK_ECDSA_256:
	case PK_ECDSA_384:
	case PK_ECDSA_521:
	case PK_SK_ECDSA:
		break;
	}
	return &pk_ops_ecdsa;
}

enum err pk_wrap(struct pk **key, enum pk_type type, bool has_private, EVP_PKEY *pkey)
{
	struct pk *k = calloc(1, sizeof(*k));
	if (!k) {
		EVP_PKEY_free(pkey);
		return E_NOMEM;
	}
	*k = (struct pk){.type = type, .has_private = has_private, .pkey = pkey};
	*key = k;
	return E_OK;
}

enum err pk_generate(struct pk **key, enum pk_type type, unsigned bits)
{
	EVP_PKEY *pkey = NULL;
	*key = NULL;
	if (pk_type_is_sk(type))
		return E_VALUE;
	enum err e = ops_of(type)->generate(type, bits, &pkey);
	return e ? e : pk_wrap(key, type, true, pkey);
}

void pk_free(struct pk *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey); /* libcrypto wipes the private part */
	free(key->application);
	free(key);
}

enum pk_type pk_type_of(const struct pk *key)
{
	return key->type;
}

bool pk_has_private(const struct pk *key)
{
	return key->has_private;
}

unsigned pk_bits(const struct pk *key)
{
	if (key->type == PK_ED25519 || key->type == PK_SK_ED25519)
		return 256; /* as everybody counts it; libcrypto says 253 */
	return (unsigned)EVP_PKEY_get_bits(key->pkey);
}

enum err pk_get_public(const struct pk *key, struct span pub, size_t *len)
{
	const struct pk_ops *ops = ops_of(key->type);
	return ops->get_public ? ops->get_public(key, pub, len) : E_STATE;
}

enum err pk_get_private(const struct pk *key, struct span priv, size_t *len)
{
	const struct pk_ops *ops = ops_of(key->type);
	return ops->get_private && key->has_private ? ops->get_private(key, priv, len) : E_STATE;
}

enum err pk_evp_sign(
	const struct pk *key, const char *md, struct bytes data, uint8_t *sig, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok = ctx && EVP_DigestSignInit_ex(ctx, NULL, md, NULL, NULL, key->pkey, NULL) == 1 &&
		 EVP_DigestSign(ctx, sig, len, data.ptr, data.len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? E_OK : evp_err(E_CRYPTO);
}

enum verdict pk_evp_verify(
	const struct pk *key, const char *md, struct bytes data, struct bytes sig)
{
	enum verdict v = VERDICT_BAD;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (ctx && EVP_DigestVerifyInit_ex(ctx, NULL, md, NULL, NULL, key->pkey, NULL) == 1 &&
		EVP_DigestVerify(ctx, sig.ptr, sig.len, data.ptr, data.len) == 1)
		v = VERDICT_GOOD;
	else
		(void)evp_err(E_SIG);
	EVP_MD_CTX_free(ctx);
	return v;
}

enum err pk_sign(const struct pk *key, const struct sig_alg *alg, struct bytes data,
	struct span out, size_t *len)
{
	struct writer w;
	if (!key->has_private)
		return E_STATE;
	if (alg->type != key->type)
		return E_VALUE;
	wr_init(&w, out);
	wr_cstring(&w, alg->name);
	size_t mark = wr_mark(&w);
	enum err e = ops_of(key->type)->sign(key, ((const struct sig_def *)alg)->md, data, &w);
	if (e)
		return e;
	wr_close(&w, mark);
	if (!wr_ok(&w))
		return E_LIMIT;
	*len = wr_bytes(&w).len;
	return E_OK;
}

enum verdict pk_verify_presence(const struct pk *key, const struct sig_alg *alg, struct bytes data,
	struct bytes signature, struct pk_presence *out)
{
	const struct pk_ops *ops = ops_of(key->type);
	const char *md = ((const struct sig_def *)alg)->md;
	bool is_sk = pk_type_is_sk(alg->type);
	enum verdict v;
	struct reader r;
	rd_init(&r, signature);
	struct bytes name = rd_string(&r, NAME_MAX_LEN);
	struct bytes value = rd_string(&r, PK_SIGNATURE_MAX);
	uint8_t flags = is_sk ? rd_u8(&r) : 0;
	uint32_t counter = is_sk ? rd_u32(&r) : 0;
	*out = (struct pk_presence){.is_sk = is_sk};
	if (!rd_end(&r) || !bytes_is(name, alg->name) || alg->type != key->type)
		return VERDICT_BAD;
	if (!is_sk)
		return ops->verify(key, md, data, value);
	v = pk_sk_verify(key, ops, md, data, value, flags, counter);
	if (v == VERDICT_GOOD) {
		out->was_touched = flags & TOUCHED;
		out->was_verified = flags & VERIFIED;
		out->counter = counter;
	}
	return v;
}

enum verdict pk_verify(
	const struct pk *key, const struct sig_alg *alg, struct bytes data, struct bytes signature)
{
	struct pk_presence unused;
	return pk_verify_presence(key, alg, data, signature, &unused);
}
