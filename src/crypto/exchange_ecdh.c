/* SPDX-License-Identifier: ISC */
/*
 * ecdh-sha2-nistp256, -nistp384 and -nistp521 (RFC 5656 4). The secret is the x coordinate at the
 * full length of the field; as mpint it loses its leading zeros.
 */
#include "crypto/evp.h"
#include "crypto/exchange_impl.h"

static enum err start_on(
	const struct ec_curve *curve, struct exchange_key **key, struct span pub, size_t *pub_len)
{
	EVP_PKEY *pkey;
	if (pub.len < ec_point_len(curve))
		return E_LIMIT;
	enum err e = ec_generate(curve, &pkey);
	if (e)
		return e;
	e = ec_point(curve, pkey, pub, pub_len);
	if (e) {
		EVP_PKEY_free(pkey);
		return e;
	}
	return exchange_key_new(pkey, curve, key);
}

static enum err finish(struct exchange_key *key, struct bytes peer, struct exchange_secret *secret)
{
	EVP_PKEY *pkey;
	exchange_secret_wipe(secret);
	enum err e = ec_public(key->curve, peer, &pkey);
	if (e)
		return e;
	e = exchange_derive(key->pkey, pkey, key->curve->field_len, secret);
	EVP_PKEY_free(pkey);
	return e;
}

static enum err start_p256(struct exchange_key **key, struct span pub, size_t *pub_len)
{
	return start_on(&ec_p256, key, pub, pub_len);
}

static enum err start_p384(struct exchange_key **key, struct span pub, size_t *pub_len)
{
	return start_on(&ec_p384, key, pub, pub_len);
}

static enum err start_p521(struct exchange_key **key, struct span pub, size_t *pub_len)
{
	return start_on(&ec_p521, key, pub, pub_len);
}

static enum err respond_p256(
	struct bytes peer, struct span pub, size_t *pub_len, struct exchange_secret *secret)
{
	return exchange_respond(start_p256, finish, peer, pub, pub_len, secret);
}

static enum err respond_p384(
	struct bytes peer, struct span pub, size_t *pub_len, struct exchange_secret *secret)
{
	return exchange_respond(start_p384, finish, peer, pub, pub_len, secret);
}

static enum err respond_p521(
	struct bytes peer, struct span pub, size_t *pub_len, struct exchange_secret *secret)
{
	return exchange_respond(start_p521, finish, peer, pub, pub_len, secret);
}

/* RFC 5656 6.2.1: the hash follows the size of the curve. */
const struct exchange_alg exchange_p256 = {
	.name = "ecdh-sha2-nistp256",
	.hash = DIGEST_SHA256,
	.pub_len = 65,
	.start = start_p256,
	.respond = respond_p256,
	.finish = finish,
};

const struct exchange_alg exchange_p384 = {
	.name = "ecdh-sha2-nistp384",
	.hash = DIGEST_SHA384,
	.pub_len = 97,
	.start = start_p384,
	.respond = respond_p384,
	.finish = finish,
};

const struct exchange_alg exchange_p521 = {
	.name = "ecdh-sha2-nistp521",
	.hash = DIGEST_SHA512,
	.pub_len = 133,
	.start = start_p521,
	.respond = respond_p521,
	.finish = finish,
};
