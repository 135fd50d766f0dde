/* SPDX-License-Identifier: ISC */
/*
 * Public-key signatures: Ed25519 (RFC 8709), ECDSA on the NIST curves (RFC 5656), RSA with SHA-2
 * (RFC 8332), and the first two by keys in hardware (PROTOCOL.u2f of OpenSSH), which are checked but
 * not made. Keys are made from their numbers; the SSH encodings of keys live in keys/.
 *
 * pk_sign and pk_verify speak the SSH form of signatures: string algorithm name, string value; by
 * keys in hardware byte flags and uint32 counter follow.
 */
#ifndef CRYPTO_PK_H
#define CRYPTO_PK_H

#include "base/bytes.h"
#include "base/err.h"

enum pk_type {
	PK_ED25519,
	PK_ECDSA_256,
	PK_ECDSA_384,
	PK_ECDSA_521,
	PK_RSA,
	PK_SK_ED25519, /* in hardware: public keys only */
	PK_SK_ECDSA
};
enum {
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 8192,
	PK_SIGNATURE_MAX = 1200,
	PK_APPLICATION_MAX = 256
};

struct pk; /* opaque: a public key, or a pair when it has the private part */

/* All return E_VALUE for numbers out of range (lengths, curve membership, RSA size and exponent:
 * odd, at most 64 bits), E_NOMEM, E_CRYPTO. */
enum err pk_ed25519(struct pk **key, struct bytes pub, struct bytes seed_or_empty) MUST_USE;
/* point: uncompressed, 0x04 first; d: big-endian magnitude or empty. A pair must fit together. */
enum err pk_ecdsa(struct pk **key, enum pk_type curve, struct bytes point, struct bytes d) MUST_USE;
struct pk_rsa_numbers {
	struct bytes n, e;	    /* always */
	struct bytes d, iqmp, p, q; /* all or none */
};
enum err pk_rsa(struct pk **key, const struct pk_rsa_numbers *numbers) MUST_USE;
/* A key in hardware: pub as for Ed25519, or the point on P-256; application is what it was made for,
 * "ssh:" as a rule. */
enum err pk_sk(struct pk **key, enum pk_type type, struct bytes pub, struct bytes application) MUST_USE;
/* A new pair, of no type in hardware. bits: RSA only. */
enum err pk_generate(struct pk **key, enum pk_type type, unsigned bits) MUST_USE;
void pk_free(struct pk *key); /* NULL is fine */

enum pk_type pk_type_of(const struct pk *key);
bool pk_has_private(const struct pk *key);
unsigned pk_bits(const struct pk *key);
/* The numbers of a key in the shapes the constructors take; *len is what was written. For Ed25519
 * pub is 32 bytes and priv the seed; for ECDSA pub is the point and priv is d. RSA: use pk_rsa_get.
 */
enum err pk_get_public(const struct pk *key, struct span pub, size_t *len) MUST_USE;
enum err pk_get_private(const struct pk *key, struct span priv, size_t *len) MUST_USE;
enum pk_rsa_part { PK_RSA_N, PK_RSA_E, PK_RSA_D, PK_RSA_IQMP, PK_RSA_P, PK_RSA_Q };
enum err pk_rsa_get(
	const struct pk *key, enum pk_rsa_part part, struct span out, size_t *len) MUST_USE;

bool pk_type_is_sk(enum pk_type type);
/* Of a key in hardware; empty for others. Borrows the key. */
struct bytes pk_application(const struct pk *key);

/* Signature algorithms: ssh-ed25519, ecdsa-sha2-nistp256/384/521, rsa-sha2-256, rsa-sha2-512, and
 * sk-ssh-ed25519@openssh.com and sk-ecdsa-sha2-nistp256@openssh.com, which are only checked. */
struct sig_alg {
	const char *name;
	enum pk_type type;
	const char *key_name; /* the key type inside the blob: "ssh-rsa" for both RSA algorithms */
};
const struct sig_alg *sig_alg_find(struct bytes name); /* NULL when unknown; "ssh-rsa" is unknown */
/* The algorithms that can be signed by, in our order of preference; NULL-terminated walk by index. */
const struct sig_alg *sig_alg_at(size_t i);
const char *sig_default_list(void); /* name-list of all of them */

/* Signs data; out gets the whole SSH signature blob. RSA signatures are checked before they are
 * given out (a faulty one would betray the key). */
enum err pk_sign(const struct pk *key, const struct sig_alg *alg, struct bytes data,
	struct span out, size_t *len) MUST_USE;
/* What a key in hardware says of its owner while it signed. */
struct pk_presence {
	bool is_sk; /* false: another kind of key, which says nothing */
	bool was_touched, was_verified; /* by a PIN or a finger, for instance */
	uint32_t counter;
};

/* alg is what was negotiated or named in the request; the name inside the blob must be the same. A
 * key in hardware may sign without its owner's touch: who minds asks for it. */
enum verdict pk_verify(const struct pk *key, const struct sig_alg *alg, struct bytes data,
	struct bytes signature) MUST_USE;
enum verdict pk_verify_presence(const struct pk *key, const struct sig_alg *alg, struct bytes data,
	struct bytes signature, struct pk_presence *out) MUST_USE;

#endif
