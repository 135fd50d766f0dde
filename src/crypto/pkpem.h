/* SPDX-License-Identifier: ISC */
/*
 * Private keys in PEM as other tools write them: PKCS#1 and SEC 1 (RFC 8017 A.1, RFC 5915), PKCS#8
 * (RFC 5958). Only libcrypto decodes ASN.1; the numbers it finds go through the constructors of
 * pk.h, so the same rules hold for every key whatever file it came from.
 */
#ifndef CRYPTO_PKPEM_H
#define CRYPTO_PKPEM_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/pk.h"

/* The first private key in the text. passphrase NULL: there is none. E_DENIED: it is encrypted, and
 * there is none. E_AUTH: the passphrase does not open it. E_FORMAT: no private key is found or it cannot be decoded. E_UNKNOWN: a type or curve that SSH
 * does not use here. Otherwise the errors of the constructors. */
enum err pk_from_pem(struct bytes text, const char *passphrase, struct pk **key) MUST_USE;

#endif
