/* SPDX-License-Identifier: ISC */
/*
 * Certificates of keys (PROTOCOL.certkeys of OpenSSH): taken apart, and judged. A certificate says
 * nothing by itself: who relies on one checks its signature, that the authority is one that is
 * trusted for the purpose, and what it may be used for. Bytes in, verdict out; the time is an
 * argument.
 */
#ifndef KEYS_CERT_H
#define KEYS_CERT_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/pk.h"
#include "keys/pubkey.h"

enum cert_kind { CERT_USER = 1, CERT_HOST = 2 };
enum { CERT_PRINCIPALS_MAX = 256 };

/* Slices borrow the blob. */
struct cert {
	const char *type;	   /* "ssh-ed25519-cert-v01@openssh.com" ... */
	const char *plain_type;	   /* of the key that is certified */
	struct bytes fields;	   /* of that key, behind its type name */
	uint64_t serial;
	enum cert_kind kind;
	struct bytes key_id;
	struct bytes principals;   /* strings one behind the other */
	uint64_t after_s, before_s; /* valid from, and until before; seconds since 1970 */
	struct bytes critical, extensions; /* pairs of strings: name and value */
	struct bytes authority;	   /* key blob of who signed */
	struct bytes signed_part, signature;
};

/* Takes the whole blob apart; nothing is verified. E_UNKNOWN: of a type that is not known. E_FORMAT;
 * E_LIMIT: more than CERT_PRINCIPALS_MAX principals. The key id has no NUL in it. */
enum err cert_parse(struct bytes blob, struct cert *c) MUST_USE;
/* The blob of the key that is certified, as it would stand in a file. E_LIMIT. */
enum err cert_plain(const struct cert *c, struct span out, size_t *len) MUST_USE;
/* pubkey_fingerprint of the key in a blob that may be a certificate: as ssh shows both alike. */
enum err cert_fingerprint(struct bytes blob, char out[static FINGERPRINT_MAX]) MUST_USE;
/* The key in a blob that may be a certificate or the key itself; errors as of pubkey_from_blob. */
enum err cert_key_from_blob(struct bytes blob, struct pk **key) MUST_USE;
/* Is the signature one of the authority's, by an algorithm of this name-list? f says what is not. */
enum verdict cert_verify(const struct cert *c, const char *algs, struct fault *f) MUST_USE;
/* May a host of this name show it now? Its principals may be patterns; none at all match nobody. f
 * says why not, in ssh's words. */
enum verdict cert_is_for_host(
	const struct cert *c, const char *name, uint64_t now_s, struct fault *f) MUST_USE;

#endif
