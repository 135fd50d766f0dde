/* SPDX-License-Identifier: ISC */
/*
 * Public key algorithms as SSH names them in requests and lists: plain keys, certificates
 * (PROTOCOL.certkeys of OpenSSH) and keys in hardware (PROTOCOL.u2f). Each has three names that may
 * differ: its own, the one its key blobs begin with, and the one its signatures carry. By keys in
 * hardware we can check signatures, and offer such keys for somebody who has them.
 */
#ifndef KEYS_KEYALG_H
#define KEYS_KEYALG_H

#include "base/bytes.h"

struct keyalg {
	const char *name;
	const char *key_name; /* RSA: "ssh-rsa" or its certificate, whatever the digest */
	const char *sig_name; /* of the signature, and in server-sig-algs: never a certificate's */
	const char *word;     /* the type as OpenSSH puts it into messages: "ED25519", "RSA-CERT" */
	bool is_cert, is_sk;
};

const struct keyalg *keyalg_find(struct bytes name); /* NULL when unknown; "ssh-rsa" is unknown */
/* The word for a blob of this type; "unknown" for others. */
const char *keyalg_word(struct bytes key_name);
/* Whether a blob of this type is a certificate, of any kind that OpenSSH has. */
bool keyalg_is_cert_type(struct bytes key_name);
/* The type a signature of this shape carries: string name, string value, and for keys in hardware
 * byte flags, uint32 counter. Empty when it has another shape. Borrows the signature. */
struct bytes keyalg_of_signature(struct bytes signature);
/* Name-lists in our order of preference: all that may log in; all that may prove a host; all by which
 * an authority may have signed a certificate. */
const char *keyalg_login_list(void);
const char *keyalg_host_list(void);
const char *keyalg_authority_list(void);
/* The names of the signatures that algorithms of this list give, each once, as server-sig-algs wants
 * them (RFC 8308 3.1). */
enum { KEYALG_SIG_LIST_MAX = 256 };
void keyalg_sig_list(const char *algs, char out[static KEYALG_SIG_LIST_MAX]);

#endif
