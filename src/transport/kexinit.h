/* SPDX-License-Identifier: ISC */
/*
 * SSH_MSG_KEXINIT (RFC 4253 7.1): our offer, the peer's, and what both agree on. Parsed lists
 * borrow the payload. Marker names (ext-info-*, kex-strict-*) are announced in the first KEXINIT of
 * a connection only and are never chosen; kexguess2 is never announced.
 */
#ifndef TRANSPORT_KEXINIT_H
#define TRANSPORT_KEXINIT_H

#include "base/err.h"
#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "crypto/pk.h"
#include "keys/keyalg.h"
#include "wire/msgs.h"
#include "wire/writer.h"

enum kexinit_list { /* in the order of the message; CS is client to server */
	KEXINIT_KEX,
	KEXINIT_HOST_KEY,
	KEXINIT_CIPHER_CS,
	KEXINIT_CIPHER_SC,
	KEXINIT_MAC_CS,
	KEXINIT_MAC_SC,
	KEXINIT_COMPRESS_CS,
	KEXINIT_COMPRESS_SC,
	KEXINIT_LANG_CS,
	KEXINIT_LANG_SC,
	KEXINIT_LISTS
};

enum {
	KEXINIT_COOKIE_LEN = 16,
	/* The largest payload that can be legal. */
	KEXINIT_MAX = 1 + KEXINIT_COOKIE_LEN + KEXINIT_LISTS * (4 + LIMIT_NAMELIST) + 1 + 4
};

struct kexinit {
	struct bytes list[KEXINIT_LISTS];
	bool first_follows; /* a guessed packet of the exchange comes right behind */
};

struct kexinit_offer {
	bool is_server, is_first;
	const char *kex, *host_key_algs, *ciphers, *macs;
	uint8_t cookie[KEXINIT_COOKIE_LEN];
};

struct kexinit_way { /* one direction */
	const struct cipher_alg *cipher;
	const struct mac_alg *mac; /* NULL for AEAD */
};

struct kexinit_choice {
	const struct exchange_alg *kex;
	const struct keyalg *host_alg;	 /* agreed on; plain or a certificate */
	const struct sig_alg *host_key; /* what it signs with */
	struct kexinit_way cs, sc;
};

/* Room that kexinit_build needs at most. */
size_t kexinit_room(const struct kexinit_offer *offer);
void kexinit_build(struct writer *w, const struct kexinit_offer *offer);
/* E_FORMAT, E_SHORT, E_TRAILING. */
enum err kexinit_parse(struct bytes payload, struct kexinit *out) MUST_USE;
/* The client's first choice that the server has as well, list by list. Without strict key exchange
 * ciphers that need it are passed over. E_NOALG: f names the list and theirs. */
enum err kexinit_negotiate(const struct kexinit *ours, const struct kexinit *theirs, bool is_server,
	bool is_strict, struct kexinit_choice *out, struct fault *f) MUST_USE;

/* Does the peer (a server if we are none) announce strict key exchange, and that it takes EXT_INFO?
 */
bool kexinit_has_strict(const struct kexinit *theirs, bool peer_is_server);
bool kexinit_has_ext_info(const struct kexinit *theirs, bool peer_is_server);
/* A guess is right when both sides put the same exchange and the same host key algorithm first. */
bool kexinit_is_guess_wrong(const struct kexinit *ours, const struct kexinit *theirs);

#endif
