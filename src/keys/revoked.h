/* SPDX-License-Identifier: ISC */
/*
 * A list of keys that are not to be taken any more (RevokedKeys): text with a line for each, the key
 * as in a .pub file or its SHA256 fingerprint, or the binary form of keys/krl.h. A certificate is on
 * it when its key or its authority is, or in the binary form itself. A list that cannot be understood
 * to its end revokes everything: a key that was meant to be on it must not get in by a slip of the
 * pen. Bytes in, verdict out.
 */
#ifndef KEYS_REVOKED_H
#define KEYS_REVOKED_H

#include "base/bytes.h"
#include "base/err.h"

/* VERDICT_GOOD: the list can be read, and this key or certificate is not on it. f says what is not
 * so. An empty blob is on no list. */
enum verdict revoked_check(struct bytes list, struct bytes blob, struct fault *f) MUST_USE;

#endif
