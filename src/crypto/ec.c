/* SPDX-License-Identifier: ISC */
/*
 * NIST curve keys in and out of libcrypto. Every point that comes in is checked (RFC 5656 4, SEC 1
 * 3.2.2.1: on the curve, coordinates in range, not infinity; the cofactor of all three is 1, so
 * that is the whole check).
 */
#include "crypto/ec.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto/evp.h"

enum { UNCOMPRESSED = 4 };

const struct ec_curve ec_p256 = {"P-256", 256, 32};
const struct ec_curve ec_p384 = {"P-384", 384, 48};
const struct ec_curve ec_p521 = {"P-521", 521, 66};

static enum err build(
	const struct ec_curve *curve, struct bytes point, struct bytes d_native, EVP_PKEY **pkey)
{
	/* libcrypto's parameters are not const, but these are only read. */
	OSSL_PARAM params[4] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)curve->group, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point.ptr, point.len),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};
	if (d_native.len > 0)
		params[2] = OSSL_PARAM_construct_BN(
			OSSL_PKEY_PARAM_PRIV_KEY, (void *)(uintptr_t)d_native.ptr, d_native.len);
	int selection = d_native.len > 0 ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return evp_err(E_CRYPTO);
	}
	*pkey = NULL;
	int ok = EVP_PKEY_fromdata(ctx, pkey, selection, params);
	EVP_PKEY_CTX_free(ctx);
	return ok == 1 ? E_OK : evp_err(E_VALUE);
}

static enum err check(EVP_PKEY *pkey, int (*how)(EVP_PKEY_CTX *ctx))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (!ctx)
		return evp_err(E_CRYPTO);
	int ok = how(ctx);
	EVP_PKEY_CTX_free(ctx);
	return ok == 1 ? E_OK : evp_err(E_VALUE);
}

static bool is_shaped(const struct ec_curve *curve, struct bytes point)
{
	return point.len == ec_point_len(curve) && point.ptr[0] == UNCOMPRESSED;
}

static enum err checked(enum err e, EVP_PKEY **pkey, int (*how)(EVP_PKEY_CTX *ctx))
{
	if (!e)
		e = check(*pkey, how);
	if (e) {
		EVP_PKEY_free(*pkey);
		*pkey = NULL;
	}
	return e;
}

enum err ec_public(const struct ec_curve *curve, struct bytes point, EVP_PKEY **pkey)
{
	*pkey = NULL;
	if (!is_shaped(curve, point))
		return E_VALUE;
	enum err e = build(curve, point, bytes_of(NULL, 0), pkey);
	return checked(e, pkey, EVP_PKEY_public_check_quick);
}

enum err ec_pair(const struct ec_curve *curve, struct bytes point, struct bytes d, EVP_PKEY **pkey)
{
	uint8_t native[EC_FIELD_MAX];
	*pkey = NULL;
	if (!is_shaped(curve, point) || d.len == 0)
		return E_VALUE;
	while (d.len > 0 && d.ptr[0] == 0)
		d = bytes_of(d.ptr + 1, d.len - 1);
	if (d.len == 0 || d.len > curve->field_len)
		return E_VALUE;
	/* OSSL_PARAM integers are in the byte order of the machine. */
	BIGNUM *bn = BN_secure_new();
	enum err e = E_OK;
	if (!bn || !BN_bin2bn(d.ptr, (int)d.len, bn) ||
		BN_bn2nativepad(bn, native, (int)curve->field_len) < 0)
		e = evp_err(E_CRYPTO);
	else
		e = build(curve, point, bytes_of(native, curve->field_len), pkey);
	BN_clear_free(bn);
	bytes_wipe(native, sizeof(native));
	return checked(e, pkey, EVP_PKEY_check);
}

enum err ec_generate(const struct ec_curve *curve, EVP_PKEY **pkey)
{
	*pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->group);
	return *pkey ? E_OK : evp_err(E_CRYPTO);
}

enum err ec_point(const struct ec_curve *curve, EVP_PKEY *pkey, struct span out, size_t *len)
{
	if (out.len < ec_point_len(curve))
		return E_LIMIT;
	if (EVP_PKEY_get_octet_string_param(
		    pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, out.ptr, out.len, len) != 1 ||
		*len != ec_point_len(curve) || out.ptr[0] != UNCOMPRESSED)
		return evp_err(E_CRYPTO);
	return E_OK;
}
