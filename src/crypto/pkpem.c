/* SPDX-License-Identifier: ISC */
/* PEM private keys: decoded by libcrypto, taken apart into numbers, rebuilt by the pk constructors.
 */
#include "crypto/pkpem.h"

#include "crypto/evp.h"

#include <limits.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

enum {
	NUMBER_MAX = RSA_BITS_MAX / 8,
	ED25519_LEN = 32,
	FIELD_MAX = 66, /* P-521 */
};

struct number {
	uint8_t mem[NUMBER_MAX];
	size_t len;
};

static struct bytes number_bytes(const struct number *n)
{
	return bytes_of(n->mem, n->len);
}

/* One parameter as a big-endian magnitude, left-filled with zeros to width (0: as short as it is).
 */
static enum err get_number(const EVP_PKEY *pkey, const char *name, size_t width, struct number *out)
{
	BIGNUM *bn = NULL;
	enum err e = E_VALUE;
	int len;

	if (EVP_PKEY_get_bn_param(pkey, name, &bn) != 1)
		return E_VALUE;
	len = BN_num_bytes(bn);
	if (len <= (int)sizeof out->mem && (width == 0 || len <= (int)width)) {
		out->len = width == 0 ? (size_t)len : width;
		if (BN_bn2binpad(bn, out->mem, (int)out->len) == (int)out->len)
			e = E_OK;
	}
	BN_clear_free(bn);
	return e;
}

static enum err rsa_key(const EVP_PKEY *pkey, struct pk **key)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E,
		OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
		OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2};
	enum { COUNT = sizeof names / sizeof names[0] };
	struct number numbers[COUNT];
	struct pk_rsa_numbers rsa;
	BIGNUM *third = NULL;
	enum err e = E_OK;

	/* RFC 8017 3.2: a key of three primes or more; SSH has no place for the others. */
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_FACTOR3, &third) == 1) {
		BN_clear_free(third);
		return E_UNKNOWN;
	}
	for (size_t i = 0; i < COUNT && e == E_OK; i++)
		e = get_number(pkey, names[i], 0, &numbers[i]);
	if (e == E_OK) {
		rsa = (struct pk_rsa_numbers){.n = number_bytes(&numbers[0]),
			.e = number_bytes(&numbers[1]),
			.d = number_bytes(&numbers[2]),
			.iqmp = number_bytes(&numbers[3]),
			.p = number_bytes(&numbers[4]),
			.q = number_bytes(&numbers[5])};
		e = pk_rsa(key, &rsa);
	}
	bytes_wipe(numbers, sizeof numbers);
	return e;
}

/* Which of our curves. Parameters written out have a name only when they are exactly those of a
 * named curve, base point included (CVE-2020-0601); without a name they are refused. */
static bool curve_of(const EVP_PKEY *pkey, enum pk_type *type, size_t *field)
{
	char name[64];
	size_t len;

	if (EVP_PKEY_get_group_name(pkey, name, sizeof name, &len) != 1)
		return false;
	switch (OBJ_txt2nid(name)) {
	case NID_X9_62_prime256v1:
		*type = PK_ECDSA_256;
		*field = 32;
		return true;
	case NID_secp384r1:
		*type = PK_ECDSA_384;
		*field = 48;
		return true;
	case NID_secp521r1:
		*type = PK_ECDSA_521;
		*field = FIELD_MAX;
		return true;
	default:
		return false;
	}
}

/* The point is put together from its coordinates: the file may hold it compressed. */
static enum err ec_key(const EVP_PKEY *pkey, struct pk **key)
{
	uint8_t point[1 + 2 * FIELD_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
	struct number x, y, d;
	enum pk_type type;
	size_t field;
	enum err e;

	if (!curve_of(pkey, &type, &field))
		return E_UNKNOWN;
	e = get_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, field, &x);
	if (e == E_OK)
		e = get_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, field, &y);
	if (e != E_OK)
		return e;
	memcpy(point + 1, x.mem, field);
	memcpy(point + 1 + field, y.mem, field);
	e = get_number(pkey, OSSL_PKEY_PARAM_PRIV_KEY, 0, &d);
	if (e == E_OK)
		e = pk_ecdsa(key, type, bytes_of(point, 1 + 2 * field), number_bytes(&d));
	bytes_wipe(&d, sizeof d);
	return e;
}

static enum err ed25519_key(const EVP_PKEY *pkey, struct pk **key)
{
	uint8_t pub[ED25519_LEN], seed[ED25519_LEN];
	size_t pub_len = sizeof pub, seed_len = sizeof seed;
	enum err e = E_VALUE;

	if (EVP_PKEY_get_raw_public_key(pkey, pub, &pub_len) == 1 &&
		EVP_PKEY_get_raw_private_key(pkey, seed, &seed_len) == 1)
		e = pk_ed25519(key, bytes_of(pub, pub_len), bytes_of(seed, seed_len));
	bytes_wipe(seed, sizeof seed);
	return e;
}

struct passphrase {
	const char *text; /* NULL: none */
	bool was_asked;
};

/* Called only for an encrypted key; without a passphrase it refuses before any key stretching. */
static int give_passphrase(char *buf, int size, int writing, void *ctx)
{
	struct passphrase *p = ctx;
	size_t len = p->text != NULL ? strlen(p->text) : 0;

	p->was_asked = true;
	if (len == 0 || len > (size_t)size)
		return -1;
	memcpy(buf, p->text, len);
	return (int)len;
}

static enum err why_not(const struct passphrase *p)
{
	enum err e = evp_err(E_FORMAT);

	if (!p->was_asked || e == E_NOMEM)
		return e;
	return p->text == NULL ? E_DENIED : E_AUTH;
}

enum err pk_from_pem(struct bytes text, const char *passphrase, struct pk **key)
{
	struct passphrase p = {passphrase, false};
	EVP_PKEY *pkey;
	BIO *bio;
	enum err e;

	*key = NULL;
	if (text.len == 0 || text.len > INT_MAX)
		return E_FORMAT;
	bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	if (bio == NULL)
		return E_NOMEM;
	pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &p);
	BIO_free(bio);
	if (pkey == NULL)
		e = why_not(&p);
	else if (EVP_PKEY_is_a(pkey, "RSA"))
		e = rsa_key(pkey, key);
	else if (EVP_PKEY_is_a(pkey, "EC"))
		e = ec_key(pkey, key);
	else if (EVP_PKEY_is_a(pkey, "ED25519"))
		e = ed25519_key(pkey, key);
	else
		e = E_UNKNOWN;
	EVP_PKEY_free(pkey);
	/* What libcrypto noted about a file is nobody else's error. */
	ERR_clear_error();
	return e;
}
