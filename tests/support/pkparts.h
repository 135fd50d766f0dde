/* SPDX-License-Identifier: ISC */
/* Keys of every kind, and their numbers taken out, changed and put in again, for the tests of pk.
 */
#ifndef SUPPORT_PKPARTS_H
#define SUPPORT_PKPARTS_H

#include "crypto/pk.h"
#include "harness.h"
#include "wire/writer.h"

#include <string.h>

static const struct {
	const char *keygen; /* arguments of ssh-keygen */
	enum pk_type type;
	unsigned bits;
	const char *sig;
} kinds[] = {
	{"-t ed25519", PK_ED25519, 256, "ssh-ed25519"},
	{"-t ecdsa -b 256", PK_ECDSA_256, 256, "ecdsa-sha2-nistp256"},
	{"-t ecdsa -b 384", PK_ECDSA_384, 384, "ecdsa-sha2-nistp384"},
	{"-t ecdsa -b 521", PK_ECDSA_521, 521, "ecdsa-sha2-nistp521"},
	{"-t rsa -b 2048", PK_RSA, 2048, "rsa-sha2-512"},
};

enum { KINDS = 5 };

static inline size_t field_len(size_t kind)
{
	return (kinds[kind].bits + 7) / 8;
}

static const struct sig_alg *alg_of(const char *name)
{
	const struct sig_alg *alg = sig_alg_find(bytes_str(name));
	REQUIRE(alg != NULL);
	return alg;
}

/* One key of each kind, made once: RSA takes its time. */
static inline struct pk *own_key(size_t kind)
{
	static struct pk *keys[KINDS];
	if (!keys[kind])
		REQUIRE_EQ(pk_generate(&keys[kind], kinds[kind].type, kinds[kind].bits), E_OK);
	return keys[kind];
}

struct copied {
	uint8_t mem[6][1024];
	size_t len[6];
};

static inline struct bytes part(const struct copied *c, size_t i)
{
	return bytes_of(c->mem[i], c->len[i]);
}

/* The numbers of a key, taken out and put in again; want_private false drops the private ones. */
static inline void numbers_of(const struct pk *key, struct copied *c)
{
	memset(c, 0, sizeof(*c));
	if (pk_type_of(key) != PK_RSA) {
		REQUIRE_EQ(pk_get_public(key, (struct span){c->mem[0], 1024}, &c->len[0]), E_OK);
		if (pk_has_private(key))
			REQUIRE_EQ(pk_get_private(key, (struct span){c->mem[1], 1024}, &c->len[1]),
				E_OK);
		return;
	}
	for (unsigned i = 0; i < (pk_has_private(key) ? 6 : 2); i++)
		REQUIRE_EQ(pk_rsa_get(key, (enum pk_rsa_part)i, (struct span){c->mem[i], 1024},
				   &c->len[i]),
			E_OK);
}

static inline enum err build(struct pk **key, enum pk_type type, const struct copied *c)
{
	if (type == PK_ED25519)
		return pk_ed25519(key, part(c, 0), part(c, 1));
	if (type != PK_RSA)
		return pk_ecdsa(key, type, part(c, 0), part(c, 1));
	struct pk_rsa_numbers n = {
		.n = part(c, PK_RSA_N),
		.e = part(c, PK_RSA_E),
		.d = part(c, PK_RSA_D),
		.iqmp = part(c, PK_RSA_IQMP),
		.p = part(c, PK_RSA_P),
		.q = part(c, PK_RSA_Q),
	};
	return pk_rsa(key, &n);
}

static inline struct pk *public_of(const struct pk *key)
{
	struct copied c;
	struct pk *pub = NULL;
	numbers_of(key, &c);
	for (size_t i = pk_type_of(key) == PK_RSA ? 2 : 1; i < 6; i++)
		c.len[i] = 0;
	REQUIRE_EQ(build(&pub, pk_type_of(key), &c), E_OK);
	CHECK(!pk_has_private(pub));
	return pub;
}

static inline size_t sign(const struct pk *key, const char *alg, const char *msg, uint8_t *sig)
{
	size_t len = 0;
	REQUIRE_EQ(pk_sign(key, alg_of(alg), bytes_str(msg), (struct span){sig, PK_SIGNATURE_MAX},
			   &len),
		E_OK);
	return len;
}

/* Rebuilds a blob around another value. */
static inline struct bytes blob(uint8_t *mem, const char *name, struct bytes value)
{
	struct writer w;
	wr_init(&w, (struct span){mem, 2048});
	wr_cstring(&w, name);
	wr_string(&w, value);
	REQUIRE(wr_ok(&w));
	return wr_bytes(&w);
}

#endif
