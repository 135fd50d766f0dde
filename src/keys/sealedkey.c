/* SPDX-License-Identifier: ISC */
#include "keys/sealedkey.h"

#include "base/text.h"
#include "crypto/bcryptpbkdf.h"
#include "crypto/unseal.h"
#include "wire/reader.h"

enum { NAME_TEXT = 80 };

size_t sealedkey_tag_len(const struct sealedkey *k)
{
	const struct unseal_alg *alg = unseal_find(k->cipher);

	return alg != NULL ? alg->tag_len : 0;
}

static enum err unknown(struct fault *f, const char *what, struct bytes name)
{
	char shown[NAME_TEXT];

	return fault_set(f, E_UNKNOWN, 0,
		"it is encrypted by %s %s, which is not supported (ssh-keygen -p -f makes it anew)",
		what, text_escape(shown, sizeof shown, name));
}

/* kdf options: string salt, uint32 rounds. */
static enum err derive(
	const struct sealedkey *k, const char *passphrase, struct span secret, struct fault *f)
{
	struct reader r;
	struct bytes salt;
	uint32_t rounds;
	enum err e;

	rd_init(&r, k->options);
	salt = rd_string(&r, BCRYPTPBKDF_SALT_MAX);
	rounds = rd_u32(&r);
	if (!rd_end(&r) || salt.len == 0 || rounds == 0)
		return fault_set(f, E_FORMAT, 0, "the private key is damaged");
	if (rounds > BCRYPTPBKDF_ROUNDS_MAX)
		return fault_set(f, E_LIMIT, 0,
			"its passphrase takes %u rounds of bcrypt, more than the %d that are done",
			rounds, BCRYPTPBKDF_ROUNDS_MAX);
	e = bcryptpbkdf(bytes_str(passphrase), salt, rounds, secret);
	return e == E_OK ? E_OK : fault_set(f, e, 0, "%s", err_text(e));
}

enum err sealedkey_open(const struct sealedkey *k, const char *passphrase, struct span section,
	struct bytes tag, struct fault *f)
{
	uint8_t mem[UNSEAL_SECRET_MAX];
	const struct unseal_alg *alg = unseal_find(k->cipher);
	struct span secret = {mem, 0};
	enum err e;

	if (alg == NULL)
		return unknown(f, "the cipher", k->cipher);
	if (!bytes_is(k->kdf, "bcrypt"))
		return unknown(f, "a key made with", k->kdf);
	/* No key is encrypted with the empty passphrase. */
	if (passphrase[0] == '\0')
		return fault_set(f, E_AUTH, 0, "the passphrase is empty");
	secret.len = alg->key_len + alg->iv_len;
	e = derive(k, passphrase, secret, f);
	if (e == E_OK) {
		e = unseal(alg, bytes_of(mem, secret.len), section, tag);
		if (e == E_MAC)
			e = fault_set(f, E_AUTH, 0, "the passphrase is not the right one");
		else if (e == E_VALUE)
			e = fault_set(f, E_FORMAT, 0, "the private key is damaged");
		else if (e != E_OK)
			e = fault_set(f, e, 0, "%s", err_text(e));
	}
	bytes_wipe(mem, sizeof mem);
	return e;
}
