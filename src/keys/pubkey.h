/* SPDX-License-Identifier: ISC */
/*
 * Public keys in their SSH encodings: wire blobs (RFC 4253 6.6, 5656 3.1, 8709 4, and OpenSSH's
 * PROTOCOL.u2f for keys in hardware), the one-line text form "type base64 [comment]", and SHA256 fingerprints.
 */
#ifndef KEYS_PUBKEY_H
#define KEYS_PUBKEY_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/pk.h"

enum {
	FINGERPRINT_MAX = 64,
	PUBKEY_BLOB_MAX = 1100, /* the longest pubkey_to_blob writes: RSA of 8192 bits */
};

/* Parses a wire blob that must end exactly. E_UNKNOWN for types we do not speak, E_FORMAT, E_SHORT,
 * E_TRAILING, E_VALUE. The key is the caller's to pk_free. */
enum err pubkey_from_blob(struct bytes blob, struct pk **key) MUST_USE;
/* Writes the wire blob of a key (public part). */
enum err pubkey_to_blob(const struct pk *key, struct span out, size_t *len) MUST_USE;
/* "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa" ... of a type. Never NULL. */
const char *pubkey_type_name(enum pk_type type);
/* The other way; false for types we do not speak. */
bool pubkey_type_find(struct bytes name, enum pk_type *type);
/* "nistp256" ... as RFC 5656 puts it into keys; NULL for types without a curve of that kind. */
const char *pubkey_curve_name(enum pk_type type);
/* The type name a blob starts with; empty when it has none that could be one (RFC 4251 6). */
struct bytes pubkey_blob_type(struct bytes blob);
/* "SHA256:" and unpadded base64, as ssh-keygen -l prints it. */
enum err pubkey_fingerprint(struct bytes blob, char out[static FINGERPRINT_MAX]) MUST_USE;

/* One key as text: finds type and base64, decodes into blob (at most its len), checks that the type
 * names agree; *rest is what follows (comment), blanks trimmed. A line end after it is fine, more
 * lines or a NUL are E_FORMAT. Does not check the key's numbers. E_LIMIT: blob is too small. */
enum err pubkey_from_text(
	struct bytes line, struct span blob, size_t *blob_len, struct bytes *rest) MUST_USE;
/* "type base64" without comment or newline, NUL-terminated. */
enum err pubkey_to_text(struct bytes blob, char *out, size_t cap) MUST_USE;

#endif
