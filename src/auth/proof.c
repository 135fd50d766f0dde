/* SPDX-License-Identifier: ISC */
#include "auth/proof.h"

#include "auth/publickey.h"
#include "keys/cert.h"
#include "keys/pubkey.h"
#include "wire/msgs.h"

static bool is_request(struct bytes text, struct bytes user, struct bytes blob, struct bytes *alg)
{
	struct reader r;
	struct bytes id, who, service, method, key;
	uint8_t number;
	bool is_signed;

	rd_init(&r, text);
	id = rd_string(&r, PUBLICKEY_SESSION_ID_MAX);
	number = rd_u8(&r);
	who = rd_string(&r, LIMIT_STRING);
	service = rd_string(&r, LIMIT_NAME);
	method = rd_string(&r, LIMIT_NAME);
	is_signed = rd_bool(&r);
	*alg = rd_string(&r, LIMIT_NAME);
	key = rd_string(&r, LIMIT_BLOB);
	return rd_end(&r) && id.len > 0 && number == MSG_USERAUTH_REQUEST && bytes_eq(who, user) &&
	       bytes_is(service, "ssh-connection") && bytes_is(method, "publickey") && is_signed &&
	       bytes_eq(key, blob);
}

const char *proof_flaw(const struct pk *key, const struct keyalg *found, struct bytes text,
	struct bytes signature, struct auth_terms terms)
{
	const struct sig_alg *alg = sig_alg_find(bytes_str(found->sig_name));
	struct pk_presence at;

	if (alg == NULL || pk_verify_presence(key, alg, text, signature, &at) != VERDICT_GOOD)
		return "the signature is wrong";
	if (at.is_sk && !at.was_touched && !terms.may_be_untouched)
		return "user presence (authenticator touch) requirement not met";
	if (at.is_sk && !at.was_verified && terms.must_be_verified)
		return "user verification requirement not met";
	return NULL;
}

const char *proof_check(struct bytes text, struct bytes signature, struct bytes user,
	struct bytes blob, struct auth_terms terms)
{
	const struct keyalg *found;
	struct bytes alg;
	const char *flaw;
	struct pk *key;

	if (!is_request(text, user, blob, &alg))
		return "what is signed is no request of this user with this key";
	found = keyalg_find(alg);
	if (found == NULL || !bytes_is(pubkey_blob_type(blob), found->key_name) ||
		cert_key_from_blob(blob, &key) != E_OK)
		return "the algorithm is not one of this key";
	flaw = proof_flaw(key, found, text, signature, terms);
	pk_free(key);
	return flaw;
}
