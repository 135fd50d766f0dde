/* SPDX-License-Identifier: ISC */
/*
 * RFC 4253 6 with the frame shapes of the ciphers (RFC 5647, PROTOCOL of OpenSSH 1.5 and 1.6).
 *
 * The peer's packet_length is compared with the cap before anything is computed from it, and every
 * sum is in size_t (CVE-2019-3855, CVE-2026-55200). Under a cipher every failure up to and with the
 * authentication looks the same from outside (CVE-2008-5161).
 */
#include "transport/packet.h"

#include <assert.h>

#include "wire/msgs.h"

enum {
	LENGTH_LEN = 4,
	BLOCK_CLEAR = 8,		  /* RFC 4253 6: without a cipher */
	LENGTH_MIN = 1 + 1 + PADDING_MIN, /* padding_length, one byte of payload, padding */
};

/* RFC 4344 3.1: a key never sees a sequence number twice. */
#define PACKETS_MAX (UINT64_C(1) << 32)

static size_t block_of(const struct cipher *c)
{
	return c == NULL ? BLOCK_CLEAR : cipher_alg_of(c)->block;
}

static size_t outside_of(const struct cipher *c)
{
	return c == NULL ? 0 : cipher_length_outside(c);
}

static size_t tag_of(const struct cipher *c)
{
	return c == NULL ? 0 : cipher_tag_len(c);
}

static enum err integrity_fault(enum err e, struct fault *f)
{
	return fault_set(f, e, DISCONNECT_MAC_ERROR, "integrity check failed");
}

static enum err length_fault(
	const struct packet_in *in, enum err e, uint32_t length, struct fault *f)
{
	if (in->cipher != NULL)
		return integrity_fault(e, f);
	return fault_set(f, e, DISCONNECT_PROTOCOL_ERROR, "bad packet length %u", length);
}

/* Reads the length of the packet that starts at data and proves that it may be used. */
static enum err learn_length(
	struct packet_in *in, const uint8_t *data, size_t head_len, struct fault *f)
{
	uint32_t length;

	memcpy(in->head, data, head_len);
	if (in->cipher == NULL) {
		length = load_be32(in->head);
	} else {
		enum err e;

		if (outside_of(in->cipher) == 0) {
			struct cipher_keys keys;

			cipher_export(in->cipher, &keys);
			memcpy(in->head_iv, keys.iv, sizeof(in->head_iv));
			bytes_wipe(&keys, sizeof(keys));
		}
		e = cipher_length(in->cipher, in->seq, in->head, &length);
		if (e != E_OK)
			return integrity_fault(e, f);
	}
	if (length > in->max_length)
		return length_fault(in, E_LIMIT, length, f);
	if (length < LENGTH_MIN ||
		(LENGTH_LEN - outside_of(in->cipher) + length) % block_of(in->cipher) != 0)
		return length_fault(in, E_FORMAT, length, f);
	in->length = length;
	in->has_length = true;
	return E_OK;
}

static void count_in(struct packet_in *in)
{
	in->packets++;
	in->bytes += LENGTH_LEN + in->length;
	in->blocks += (LENGTH_LEN + in->length) / block_of(in->cipher);
	if (++in->seq == 0 && in->cipher == NULL)
		in->has_wrapped = true;
}

/* The whole frame is there. */
static enum err open_frame(
	struct packet_in *in, uint8_t *frame, struct span *payload, struct fault *f)
{
	size_t padding;

	if (in->cipher != NULL) {
		enum err e;

		if (in->packets >= PACKETS_MAX)
			return fault_set(f, E_LIMIT, DISCONNECT_PROTOCOL_ERROR,
				"too many packets under one key");
		memcpy(frame, in->head, cipher_head_len(in->cipher));
		e = cipher_open(in->cipher, in->seq, frame, in->length);
		if (e != E_OK)
			return integrity_fault(e, f);
	}
	padding = frame[LENGTH_LEN];
	if (padding < PADDING_MIN || padding > in->length - 2) /* room for one byte of payload */
		return fault_set(f, E_FORMAT, DISCONNECT_PROTOCOL_ERROR, "bad packet padding");
	*payload = (struct span){frame + PACKET_HEAD, in->length - 1 - padding};
	in->has_length = false;
	bytes_wipe(in->head, sizeof(in->head));
	count_in(in);
	return E_OK;
}

enum err packet_next(
	struct packet_in *in, struct span data, size_t *used, struct span *payload, struct fault *f)
{
	enum err e;

	if (!in->has_length) {
		size_t head_len = in->cipher == NULL ? LENGTH_LEN : cipher_head_len(in->cipher);

		*used = head_len;
		if (data.len < head_len)
			return E_AGAIN;
		e = learn_length(in, data.ptr, head_len, f);
		if (e != E_OK)
			return e;
	}
	*used = LENGTH_LEN + (size_t)in->length + tag_of(in->cipher);
	if (data.len < *used)
		return E_AGAIN;
	return open_frame(in, data.ptr, payload, f);
}

/* RFC 4253 6: at least 4 bytes, up to the block; the length counts where it is encrypted. The unit
 * of 8 makes the smallest frame 16 bytes as the RFC wants it. */
static size_t padding_for(const struct packet_out *out, size_t payload_len)
{
	size_t block = block_of(out->cipher);
	size_t measured = LENGTH_LEN - outside_of(out->cipher) + 1 + payload_len;
	size_t padding = block - measured % block;

	return padding < PADDING_MIN ? padding + block : padding;
}

size_t packet_frame_len(const struct packet_out *out, size_t payload_len)
{
	return PACKET_HEAD + payload_len + padding_for(out, payload_len) + tag_of(out->cipher);
}

enum err packet_seal(struct packet_out *out, struct rng *rng, uint8_t *frame, size_t payload_len,
	size_t *frame_len)
{
	size_t padding, length;
	enum err e;

	if (payload_len == 0)
		return E_STATE;
	if (payload_len > LIMIT_PACKET_OPEN || out->packets >= PACKETS_MAX)
		return E_LIMIT;
	padding = padding_for(out, payload_len);
	length = 1 + payload_len + padding;
	store_be32(frame, (uint32_t)length);
	frame[LENGTH_LEN] = (uint8_t)padding;
	e = rng_bytes(rng, frame + PACKET_HEAD + payload_len, padding);
	if (e == E_OK && out->cipher != NULL)
		e = cipher_seal(out->cipher, out->seq, frame, length);
	if (e != E_OK)
		return e;
	*frame_len = LENGTH_LEN + length + tag_of(out->cipher);
	out->packets++;
	out->total++;
	out->bytes += LENGTH_LEN + length;
	out->blocks += (LENGTH_LEN + length) / block_of(out->cipher);
	if (++out->seq == 0 && out->cipher == NULL)
		out->has_wrapped = true;
	return E_OK;
}

void packet_in_export(const struct packet_in *in, struct cipher_keys *keys)
{
	cipher_export(in->cipher, keys);
	if (in->has_length && outside_of(in->cipher) == 0)
		memcpy(keys->iv, in->head_iv, sizeof(keys->iv));
}

void packet_in_rekey(struct packet_in *in, struct cipher *cipher, bool is_strict)
{
	assert(!in->has_length);
	cipher_free(in->cipher);
	in->cipher = cipher;
	in->bytes = in->packets = in->blocks = 0;
	if (is_strict)
		in->seq = 0;
}

void packet_out_rekey(struct packet_out *out, struct cipher *cipher, bool is_strict)
{
	cipher_free(out->cipher);
	out->cipher = cipher;
	out->bytes = out->packets = out->blocks = 0;
	if (is_strict)
		out->seq = 0;
}

void packet_in_fini(struct packet_in *in)
{
	cipher_free(in->cipher);
	bytes_wipe(in, sizeof(*in));
}

void packet_out_fini(struct packet_out *out)
{
	cipher_free(out->cipher);
	bytes_wipe(out, sizeof(*out));
}
