/* SPDX-License-Identifier: ISC */
/*
 * RSA with SHA-2, RFC 8332. Numbers are checked before any arithmetic that grows with them: a
 * modulus of 2048 to 8192 bits, a public exponent that is odd and fits 64 bits. A pair must fit
 * together, and a signature is verified before anybody gets it, since one computed wrongly betrays
 * the factors.
 */
#include "crypto/pk_impl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

enum { MODULUS_MAX = RSA_BITS_MAX / 8, EXPONENT_MAX = 8 };

enum number { N, E, D, IQMP, P, Q, DMP1, DMQ1, NUMBERS };

static const char *const param_names[NUMBERS] = {
	[N] = OSSL_PKEY_PARAM_RSA_N,
	[E] = OSSL_PKEY_PARAM_RSA_E,
	[D] = OSSL_PKEY_PARAM_RSA_D,
	[IQMP] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	[P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[DMP1] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[DMQ1] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
};

static struct bytes stripped(struct bytes b)
{
	while (b.len > 0 && b.ptr[0] == 0)
		b = bytes_of(b.ptr + 1, b.len - 1);
	return b;
}

static enum err load(BIGNUM **bn, struct bytes b, size_t max)
{
	b = stripped(b);
	if (b.len == 0 || b.len > max)
		return E_VALUE;
	*bn = BN_secure_new(); /* libcrypto wipes what it makes of these */
	if (!*bn || !BN_bin2bn(b.ptr, (int)b.len, *bn))
		return evp_err(E_CRYPTO);
	BN_set_flags(*bn, BN_FLG_CONSTTIME);
	return E_OK;
}

static enum err load_public(BIGNUM *bn[static NUMBERS], const struct pk_rsa_numbers *numbers)
{
	enum err e = load(&bn[N], numbers->n, MODULUS_MAX);
	if (!e)
		e = load(&bn[E], numbers->e, EXPONENT_MAX);
	if (e)
		return e;
	if (BN_num_bits(bn[N]) < RSA_BITS_MIN || !BN_is_odd(bn[N]) || !BN_is_odd(bn[E]) ||
		BN_is_one(bn[E]))
		return E_VALUE;
	return E_OK;
}

/* a * b = 1 modulo m */
static int is_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BIGNUM *tmp, BN_CTX *ctx)
{
	return BN_mod_mul(tmp, a, b, m, ctx) == 1 && BN_is_one(tmp);
}

/* The exponents for the remainder theorem, and whether all numbers belong to one key. */
static enum err complete(BIGNUM *bn[static NUMBERS], BN_CTX *ctx)
{
	enum err e = E_CRYPTO;
	BIGNUM *p1 = BN_secure_new(), *q1 = BN_secure_new(), *tmp = BN_secure_new();
	bn[DMP1] = BN_secure_new();
	bn[DMQ1] = BN_secure_new();
	if (!p1 || !q1 || !tmp || !bn[DMP1] || !bn[DMQ1] ||
		BN_sub(p1, bn[P], BN_value_one()) != 1 || BN_sub(q1, bn[Q], BN_value_one()) != 1 ||
		BN_mul(tmp, bn[P], bn[Q], ctx) != 1 || BN_mod(bn[DMP1], bn[D], p1, ctx) != 1 ||
		BN_mod(bn[DMQ1], bn[D], q1, ctx) != 1)
		goto out;
	e = E_VALUE;
	if (BN_cmp(tmp, bn[N]) == 0 && BN_cmp(bn[D], bn[N]) < 0 &&
		is_inverse(bn[E], bn[DMP1], p1, tmp, ctx) &&
		is_inverse(bn[E], bn[DMQ1], q1, tmp, ctx) && BN_cmp(bn[IQMP], bn[P]) < 0 &&
		is_inverse(bn[IQMP], bn[Q], bn[P], tmp, ctx))
		e = E_OK;
out:
	BN_clear_free(p1);
	BN_clear_free(q1);
	BN_clear_free(tmp);
	return e ? evp_err(e) : E_OK;
}

static enum err load_private(BIGNUM *bn[static NUMBERS], const struct pk_rsa_numbers *numbers)
{
	enum err e = load(&bn[D], numbers->d, MODULUS_MAX);
	if (!e)
		e = load(&bn[IQMP], numbers->iqmp, MODULUS_MAX);
	if (!e)
		e = load(&bn[P], numbers->p, MODULUS_MAX);
	if (!e)
		e = load(&bn[Q], numbers->q, MODULUS_MAX);
	if (e)
		return e;
	/* One would make the modulus of an exponent zero. */
	if (!BN_is_odd(bn[P]) || !BN_is_odd(bn[Q]) || BN_is_one(bn[P]) || BN_is_one(bn[Q]))
		return E_VALUE;
	BN_CTX *ctx = BN_CTX_secure_new();
	if (!ctx)
		return evp_err(E_CRYPTO);
	e = complete(bn, ctx);
	BN_CTX_free(ctx);
	return e;
}

static enum err build(BIGNUM *bn[static NUMBERS], int selection, EVP_PKEY **pkey)
{
	enum err e = E_CRYPTO;
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (!bld || !ctx)
		goto out;
	for (size_t i = 0; i < NUMBERS; i++)
		if (bn[i] && OSSL_PARAM_BLD_push_BN(bld, param_names[i], bn[i]) != 1)
			goto out;
	params = OSSL_PARAM_BLD_to_param(bld);
	if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, pkey, selection, params) != 1)
		goto out;
	e = E_OK;
out:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return e ? evp_err(e) : E_OK;
}

enum err pk_rsa(struct pk **key, const struct pk_rsa_numbers *numbers)
{
	BIGNUM *bn[NUMBERS] = {NULL};
	EVP_PKEY *pkey = NULL;
	bool has_private = numbers->d.len + numbers->iqmp.len + numbers->p.len + numbers->q.len > 0;
	*key = NULL;
	enum err e = load_public(bn, numbers);
	if (!e && has_private)
		e = load_private(bn, numbers);
	if (!e)
		e = build(bn, has_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, &pkey);
	for (size_t i = 0; i < NUMBERS; i++)
		BN_clear_free(bn[i]);
	return e ? e : pk_wrap(key, PK_RSA, has_private, pkey);
}

static enum err generate(enum pk_type type, unsigned bits, EVP_PKEY **pkey)
{
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
		return E_VALUE;
	*pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	return *pkey ? E_OK : evp_err(E_CRYPTO);
}

enum err pk_rsa_get(const struct pk *key, enum pk_rsa_part part, struct span out, size_t *len)
{
	static const enum number numbers[] = {
		[PK_RSA_N] = N,
		[PK_RSA_E] = E,
		[PK_RSA_D] = D,
		[PK_RSA_IQMP] = IQMP,
		[PK_RSA_P] = P,
		[PK_RSA_Q] = Q,
	};
	if (key->type != PK_RSA || (part > PK_RSA_E && !key->has_private))
		return E_STATE;
	BIGNUM *bn = BN_secure_new();
	enum err e = E_OK;
	if (!bn || EVP_PKEY_get_bn_param(key->pkey, param_names[numbers[part]], &bn) != 1)
		e = evp_err(E_CRYPTO);
	else if ((size_t)BN_num_bytes(bn) > out.len)
		e = E_LIMIT;
	else
		*len = (size_t)BN_bn2bin(bn, out.ptr);
	BN_clear_free(bn);
	return e;
}

static enum err sign(const struct pk *key, const char *md, struct bytes data, struct writer *w)
{
	size_t modulus_len = (size_t)EVP_PKEY_get_size(key->pkey), len = modulus_len;
	uint8_t *room = wr_room(w, modulus_len);
	if (!room)
		return E_LIMIT;
	enum err e = pk_evp_sign(key, md, data, room, &len);
	if (!e && (len != modulus_len ||
			  pk_evp_verify(key, md, data, bytes_of(room, len)) != VERDICT_GOOD))
		e = E_CRYPTO;
	if (e)
		bytes_wipe(room, modulus_len);
	return e;
}

static enum verdict verify(
	const struct pk *key, const char *md, struct bytes data, struct bytes value)
{
	uint8_t full[MODULUS_MAX] = {0};
	size_t modulus_len = (size_t)EVP_PKEY_get_size(key->pkey);
	if (value.len == 0 || value.len > modulus_len || modulus_len > sizeof(full))
		return VERDICT_BAD;
	/* RFC 4253 6.6 wants s unpadded, which some signers take to mean without leading zeros. */
	memcpy(full + modulus_len - value.len, value.ptr, value.len);
	return pk_evp_verify(key, md, data, bytes_of(full, modulus_len));
}

const struct pk_ops pk_ops_rsa = {
	.generate = generate,
	.sign = sign,
	.verify = verify,
};
