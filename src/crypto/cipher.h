/* SPDX-License-Identifier: ISC */
/*
 * Packet protection of one direction: AES-GCM (RFC 5647 as OpenSSH uses it), chacha20-poly1305
 * @openssh.com, and AES-CTR with HMAC, plain or encrypt-then-mac. Everything works in place on one
 * whole frame:
 *
 *     [packet_length 4][padding_length 1][payload][padding][tag]
 *
 * The caller frames and pads (transport/packet.h); this unit encrypts and authenticates. A struct
 * cipher is one key's life: after every key exchange a new one takes its place. It makes no
 * allocation after cipher_new; with a MAC, libcrypto 3.0 makes and frees two small ones a packet.
 */
#ifndef CRYPTO_CIPHER_H
#define CRYPTO_CIPHER_H

#include "base/bytes.h"
#include "base/err.h"

enum {
	CIPHER_KEY_MAX = 64,
	CIPHER_IV_MAX = 16,
	CIPHER_TAG_MAX = 64,
	MAC_KEY_MAX = 64,
	CIPHER_HEAD_MAX = 16, /* bytes that cipher_length may want to see */
	/* More than any packet the transport allows (wire/msgs.h), and all sums stay far inside an
	   int. */
	CIPHER_PACKET_MAX = 16 * 1024 * 1024
};

struct cipher_alg {
	const char *name; /* SSH name, RFC 4253 6.3 */
	size_t key_len, iv_len;
	size_t block;	/* padding unit: 8 or 16 */
	size_t tag_len; /* 0: needs a MAC algorithm */
	bool is_aead;
	bool needs_strict;     /* usable only with strict key exchange (CVE-2023-48795) */
	uint64_t rekey_blocks; /* default limit of blocks a key, as OpenSSH counts them */
};

struct mac_alg {
	const char *name;
	size_t key_len, tag_len;
	bool etm;
};

const struct cipher_alg *cipher_alg_find(struct bytes name); /* NULL when unknown */
const struct mac_alg *mac_alg_find(struct bytes name);
/* The built-in order of preference as a name-list; AES-GCM first where the processor has AES. */
const char *cipher_default_list(void);
const char *mac_default_list(void);
bool cpu_has_aes(void);

/* Looks for an AES-GCM that is faster on this processor than libcrypto's. Once, when a program starts:
 * a file may be opened, so before any fence and any thread; ciphers made before it stay as they are.
 * NULL: there is one and it is used from now on. Otherwise why not, which is no error. */
const char *cipher_prepare(void);

/* The raw secrets of one direction, as derived (RFC 4253 7.2) or as thawed. Wipe after use. */
struct cipher_keys {
	uint8_t key[CIPHER_KEY_MAX], iv[CIPHER_IV_MAX], mac_key[MAC_KEY_MAX];
};

enum cipher_dir { CIPHER_SEAL, CIPHER_OPEN };

struct cipher; /* opaque */

/* mac is NULL for AEAD ciphers. NULL result: libcrypto failed or memory is short. */
struct cipher *cipher_new(enum cipher_dir dir, const struct cipher_alg *alg,
	const struct mac_alg *mac, const struct cipher_keys *keys);
void cipher_free(struct cipher *c); /* wipes */

const struct cipher_alg *cipher_alg_of(const struct cipher *c);
const struct mac_alg *cipher_mac_of(const struct cipher *c); /* NULL for AEAD */
/* The keys as they would make an equal cipher now: GCM's counter and CTR's position are in the iv.
 * Only between whole packets (not after cipher_length and before cipher_open). */
void cipher_export(const struct cipher *c, struct cipher_keys *keys);

/* Bytes behind the encrypted part: the AEAD tag or the MAC. */
size_t cipher_tag_len(const struct cipher *c);
/* The bytes before the part whose length must be a multiple of block: 4 when the length is not part
 * of it (AEAD, EtM), 0 when it is (plain MAC). RFC 4253 6 and PROTOCOL of OpenSSH 1.5, 1.6. */
size_t cipher_length_outside(const struct cipher *c);
/* How many bytes of a frame cipher_length needs: 4, or one block with a plain MAC. */
size_t cipher_head_len(const struct cipher *c);

/* The packet_length of the frame that starts at head. With a plain MAC this decrypts the first
 * block in place, so it is called exactly once a packet; cipher_open continues behind it. The value
 * is still the peer's word: the caller checks it before any use. */
enum err cipher_length(
	struct cipher *c, uint32_t seq, uint8_t *head, uint32_t *packet_length) MUST_USE;

/*
 * Authenticates and decrypts 4 + packet_length bytes in place; the tag behind them is read, so that
 * 4 + packet_length + cipher_tag_len bytes must be there. Afterwards the four length bytes are
 * clear.
 *
 * packet_length may be anything the caller has bytes for. E_LIMIT: over CIPHER_PACKET_MAX. E_VALUE:
 * CTR wants whole blocks (of what lies behind cipher_length_outside), nothing was touched. E_STATE:
 * a sealing cipher, or with a plain MAC no cipher_length before. The other rules of RFC 4253 6 (a
 * minimum, room for the padding) are the caller's, and so is the count of packets: a key may see
 * 2^32 of them.
 *
 * E_MAC: nothing of the frame may be used. Nothing is decrypted before it is authenticated, with
 * two exceptions: a plain MAC covers the plain text; and GCM does both at once, but wipes on
 * failure.
 */
enum err cipher_open(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length) MUST_USE;

/* Encrypts in place and writes the tag behind 4 + packet_length bytes. The frame starts with its
 * length in clear. Errors as cipher_open; after one the frame must not be sent. */
enum err cipher_seal(struct cipher *c, uint32_t seq, uint8_t *frame, size_t packet_length) MUST_USE;

#endif
