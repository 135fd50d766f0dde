/* SPDX-License-Identifier: ISC */
/*
 * A list of keys that are not to be taken any more (RevokedKeys): a line for each, with the key as
 * in a .pub file or its SHA256 fingerprint. A list that cannot be understood to its end revokes
 * everything: a key that was meant to be on it must not get in by a slip of the pen. Text in,
 * verdict out.
 */
#ifndef KEYS_REVOKED_H
#define KEYS_REVOKED_H

#include "base/bytes.h"
#include "base/err.h"

/* VERDICT_GOOD: every line can be read, and none of them is this key. f says what is not so. An
 * empty blob is on no list. */
enum verdict revoked_check(struct bytes text, struct bytes blob, struct fault *f) MUST_USE;

#endif
