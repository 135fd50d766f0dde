/* SPDX-License-Identifier: ISC */
/*
 * ECDSA on the NIST curves, RFC 5656. The value of a signature in SSH is mpint r, mpint s (3.1.2);
 * libcrypto speaks DER.
 */
#include "crypto/pk_impl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <stddef.h>

#include "crypto/ec.h"
#include "wire/reader.h"

enum { DER_MAX = 8 + 2 * (EC_FIELD_MAX + 3) };

static const struct ec_curve *curve_of(enum pk_type type)
{
	switch (type) {
	case PK_ECDSA_256:
	case PK_SK_ECDSA:
		return &ec_p256;
	case PK_ECDSA_384:
		return &ec_p384;
	case PK_ECDSA_521:
		return &ec_p521;
	case PK_ED25519:
	case PK_SK_ED25519:
	case PK_RSA:
		break;
	}
	return NULL;
}

enum err pk_ecdsa(struct pk **key, enum pk_type curve, struct bytes point, struct bytes d)
{
	EVP_PKEY *pkey;
	const struct ec_curve *on = curve_of(curve);
	*key = NULL;
	if (!on)
		return E_VALUE;
	enum err e = d.len > 0 ? ec_pair(on, point, d, &pkey) : ec_public(on, point, &pkey);
	return e ? e : pk_wrap(key, curve, d.len > 0, pkey);
}

static enum err generate(enum pk_type type, unsigned bits, EVP_PKEY **pkey)
{
	return ec_generate(curve_of(type), pkey);
}

static enum err der_to_ssh(const uint8_t *der, size_t len, size_t field_len, struct writer *w)
{
	uint8_t r[EC_FIELD_MAX], s[EC_FIELD_MAX];
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	if (!sig)
		return evp_err(E_CRYPTO);
	enum err e = E_OK;
	if (BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, (int)field_len) < 0 ||
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, (int)field_len) < 0) {
		e = evp_err(E_CRYPTO);
	} else {
		wr_mpint(w, bytes_of(r, field_len));
		wr_mpint(w, bytes_of(s, field_len));
	}
	ECDSA_SIG_free(sig);
	return e;
}

static enum err sign(const struct pk *key, const char *md, struct bytes data, struct writer *w)
{
	uint8_t der[DER_MAX];
	size_t len = sizeof(der);
	enum err e = pk_evp_sign(key, md, data, der, &len);
	return e ? e : der_to_ssh(der, len, curve_of(key->type)->field_len, w);
}

/* The length of the DER form, 0 on failure. */
static size_t ssh_to_der(struct bytes r, struct bytes s, uint8_t der[static DER_MAX])
{
	BIGNUM *bn_r = BN_bin2bn(r.ptr, (int)r.len, NULL);
	BIGNUM *bn_s = BN_bin2bn(s.ptr, (int)s.len, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	int len = -1;
	if (!bn_r || !bn_s || !sig || ECDSA_SIG_set0(sig, bn_r, bn_s) != 1)
		goto out;
	bn_r = bn_s = NULL; /* sig has them */
	len = i2d_ECDSA_SIG(sig, NULL);
	if (len > 0 && len <= DER_MAX)
		len = i2d_ECDSA_SIG(sig, &der);
	else
		len = -1;
out:
	BN_free(bn_r);
	BN_free(bn_s);
	ECDSA_SIG_free(sig);
	return len > 0 ? (size_t)len : 0;
}

static enum verdict verify(
	const struct pk *key, const char *md, struct bytes data, struct bytes value)
{
	uint8_t der[DER_MAX];
	size_t field_len = curve_of(key->type)->field_len;
	struct reader rd;
	rd_init(&rd, value);
	struct bytes r = rd_mpint(&rd, field_len);
	struct bytes s = rd_mpint(&rd, field_len);
	if (!rd_end(&rd))
		return VERDICT_BAD;
	size_t len = ssh_to_der(r, s, der);
	if (len == 0) {
		(void)evp_err(E_SIG);
		return VERDICT_BAD;
	}
	return pk_evp_verify(key, md, data, bytes_of(der, len));
}

static enum err get_public(const struct pk *key, struct span pub, size_t *len)
{
	return ec_point(curve_of(key->type), key->pkey, pub, len);
}

static enum err get_private(const struct pk *key, struct span priv, size_t *len)
{
	size_t field_len = curve_of(key->type)->field_len;
	if (priv.len < field_len)
		return E_LIMIT;
	BIGNUM *d = BN_secure_new();
	enum err e = E_OK;
	/* Full length always, so that the length says nothing about d. */
	if (!d || EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) != 1 ||
		BN_bn2binpad(d, priv.ptr, (int)field_len) < 0)
		e = evp_err(E_CRYPTO);
	else
		*len = field_len;
	BN_clear_free(d);
	return e;
}

const struct pk_ops pk_ops_ecdsa = {
	.generate = generate,
	.sign = sign,
	.verify = verify,
	.get_public = get_public,
	.get_private = get_private,
};
