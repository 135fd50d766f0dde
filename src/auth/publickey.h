/* SPDX-License-Identifier: ISC */
/*
 * The messages of the login method "publickey" (RFC 4252 7) and of its form that is bound to a host
 * key, read and written side by side, and the
 * bytes its signature covers. Used by both roles; holds no state.
 */
#ifndef AUTH_PUBLICKEY_H
#define AUTH_PUBLICKEY_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/reader.h"
#include "wire/writer.h"

enum { PUBLICKEY_SESSION_ID_MAX = 64 }; /* SHA-512 */

struct publickey {
	struct bytes user, service;
	struct bytes alg, blob;
	struct bytes signature; /* empty in a query */
	bool is_signed;
	/* Writing only: the request is also bound to this key of the server (PROTOCOL of OpenSSH,
	 * 3.1, publickey-hostbound-v00@openssh.com). Empty: plain publickey. */
	struct bytes host_key;
};

/* Reads what follows the method name of a request; the message must end there. user and service are
 * not touched. E_FORMAT leaves *p as it was. */
enum err publickey_read(struct reader *r, struct publickey *p) MUST_USE;
/* Writes a whole USERAUTH_REQUEST but for the signature, whose string follows when is_signed. */
void publickey_write(struct writer *w, const struct publickey *p);
size_t publickey_len(const struct publickey *p); /* of what publickey_write writes */

/* USERAUTH_PK_OK: the key of a query would do. The slices borrow the payload. */
enum err publickey_read_ok(struct bytes payload, struct bytes *alg, struct bytes *blob) MUST_USE;
void publickey_write_ok(struct writer *w, struct bytes alg, struct bytes blob);

/* What the signature of this request covers: the session id as a string, then the request as sent
 * up to the signature. In fresh memory with spare bytes behind it, the caller's to free; without a
 * host key blob stands at its end. E_LIMIT when a field is longer than any that may be sent. */
enum err publickey_to_sign(struct bytes session_id, const struct publickey *p, size_t spare,
	struct span *out) MUST_USE;

#endif
