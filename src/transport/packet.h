/* SPDX-License-Identifier: ISC */
/*
 * Framing of one direction (RFC 4253 6): length, padding, sequence number, and protection by a cipher
 * in place. Counts what the present key has carried, for rekeying.
 */
#ifndef TRANSPORT_PACKET_H
#define TRANSPORT_PACKET_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/cipher.h"
#include "crypto/rand.h"

enum { PACKET_HEAD = 5 }; /* packet_length and padding_length stand before the payload */

struct packet_in {
	struct cipher *cipher; /* NULL before the first NEWKEYS; owned */
	uint32_t seq;
	uint32_t max_length;   /* of packet_length: LIMIT_PACKET_LOGIN, then LIMIT_PACKET_OPEN */
	uint32_t length;       /* of the packet at the front, once known */
	bool has_length;
	bool has_wrapped;      /* seq went round before the first NEWKEYS: illegal (RFC 4253 6.4, strict) */
	uint64_t bytes, packets, blocks; /* under the present key */
	/* While has_length: the front of the packet as cipher_length left it, and the iv before that.
	 * The bytes of a packet that is not whole are never touched, so the caller may carry them
	 * elsewhere and start there anew. */
	uint8_t head[CIPHER_HEAD_MAX], head_iv[CIPHER_IV_MAX];
};

struct packet_out {
	struct cipher *cipher; /* owned */
	uint32_t seq;
	bool has_wrapped;
	uint64_t bytes, packets, blocks;
	uint64_t total; /* packets under whatever key */
};

/* The packet at the front of data. E_OK: *payload is in place, *used is the frame's length. E_AGAIN:
 * not whole yet, *used is how many bytes from the front are needed before it is worth asking again.
 * E_FORMAT, E_LIMIT, E_MAC end the connection; f says why without telling more than "integrity". */
enum err packet_next(struct packet_in *in, struct span data, size_t *used, struct span *payload,
	struct fault *f) MUST_USE;

/* Length of the whole frame for a payload, with the least padding. */
size_t packet_frame_len(const struct packet_out *out, size_t payload_len);
/* The payload stands at frame + PACKET_HEAD; pads, seals in place, counts. */
enum err packet_seal(struct packet_out *out, struct rng *rng, uint8_t *frame, size_t payload_len,
	size_t *frame_len) MUST_USE;

/* The keys as they would make an equal cipher that stands at the start of the packet at the front,
 * whether its length was read or not. There must be a cipher. Wipe after use. */
void packet_in_export(const struct packet_in *in, struct cipher_keys *keys);

/* A new key: takes the cipher, restarts the counters; seq goes to 0 under strict key exchange. */
void packet_in_rekey(struct packet_in *in, struct cipher *cipher, bool is_strict);
void packet_out_rekey(struct packet_out *out, struct cipher *cipher, bool is_strict);
void packet_in_fini(struct packet_in *in);
void packet_out_fini(struct packet_out *out);

#endif
