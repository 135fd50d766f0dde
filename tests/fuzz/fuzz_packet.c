/* SPDX-License-Identifier: ISC */
/*
 * The first byte picks a cipher, the second how: bit 0 seals what follows, cut into frames as its
 * own lengths say, with the key that opens it, so that what lies behind authentication is reached;
 * the other bits are the step in which bytes are shown. Whole or in steps, the outcome must be the
 * same.
 */
#include "fuzz.h"

#include <string.h>

#include "transport/packet.h"
#include "wire/msgs.h"

static const struct {
	const char *cipher, *mac;
} shapes[] = {
	{NULL, NULL},
	{"aes128-gcm@openssh.com", NULL},
	{"aes256-gcm@openssh.com", NULL},
	{"chacha20-poly1305@openssh.com", NULL},
	{"aes128-ctr", "hmac-sha2-256-etm@openssh.com"},
	{"aes256-ctr", "hmac-sha2-512-etm@openssh.com"},
	{"aes128-ctr", "hmac-sha2-256"},
	{"aes256-ctr", "hmac-sha2-512"},
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]), WIRE_MAX = 8192, TAG_MAX = 64 };

static struct cipher *cipher_of(unsigned shape, enum cipher_dir dir)
{
	struct cipher_keys keys;
	struct cipher *c;

	if (shapes[shape].cipher == NULL)
		return NULL;
	memset(&keys, 0x24, sizeof(keys));
	c = cipher_new(dir, cipher_alg_find(bytes_str(shapes[shape].cipher)),
		shapes[shape].mac == NULL ? NULL : mac_alg_find(bytes_str(shapes[shape].mac)),
		&keys);
	PROMISE(c != NULL);
	return c;
}

/* Each frame of the input that is as long as it says becomes a sealed one; what remains stays. */
static size_t seal_frames(unsigned shape, struct bytes in, uint8_t *wire)
{
	struct cipher *c = cipher_of(shape, CIPHER_SEAL);
	size_t tag = c == NULL ? 0 : cipher_tag_len(c), len = 0, at = 0;

	for (uint32_t seq = 0; in.len - at >= 4; seq++) {
		size_t frame = 4 + (size_t)load_be32(in.ptr + at);

		if (frame > in.len - at || len + frame + tag > WIRE_MAX)
			break;
		memcpy(wire + len, in.ptr + at, frame);
		if (c != NULL && cipher_seal(c, seq, wire + len, frame - 4) != E_OK)
			break;
		len += frame + tag;
		at += frame;
	}
	cipher_free(c);
	if (in.len - at > WIRE_MAX - len)
		return len;
	memcpy(wire + len, in.ptr + at, in.len - at);
	return len + in.len - at;
}

struct outcome {
	enum err e;
	size_t packets, taken, payload_bytes;
	uint32_t sum; /* of all payload bytes */
};

static struct outcome run(unsigned shape, const uint8_t *wire, size_t len, size_t step)
{
	static uint8_t mem[WIRE_MAX];
	struct packet_in in = {.max_length = LIMIT_PACKET_LOGIN};
	struct outcome o = {.e = E_OK};
	size_t shown = step < len ? step : len;

	packet_in_rekey(&in, cipher_of(shape, CIPHER_OPEN), true);
	memcpy(mem, wire, len);
	for (;;) {
		struct fault f = {.err = E_OK};
		struct span data = {mem + o.taken, shown - o.taken}, payload;
		size_t used = 0;

		o.e = packet_next(&in, data, &used, &payload, &f);
		if (o.e == E_AGAIN) {
			PROMISE(used > data.len);
			PROMISE(used <= 4 + LIMIT_PACKET_LOGIN + TAG_MAX);
			PROMISE(memcmp(data.ptr, wire + o.taken, data.len) == 0);
			if (shown == len)
				break;
			shown = len - shown < step ? len : shown + step;
			continue;
		}
		if (o.e != E_OK) {
			PROMISE(f.err == o.e && f.code != 0);
			break;
		}
		PROMISE(used <= data.len && payload.len >= 1);
		PROMISE(payload.ptr == data.ptr + PACKET_HEAD);
		PROMISE(payload.len + PACKET_HEAD + PADDING_MIN <= used);
		o.taken += used;
		o.packets++;
		o.payload_bytes += payload.len;
		for (size_t i = 0; i < payload.len; i++)
			o.sum = o.sum * 31 + payload.ptr[i];
	}
	PROMISE(in.packets == o.packets && in.seq == o.packets);
	packet_in_fini(&in);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t wire[WIRE_MAX];
	struct outcome whole, steps;
	unsigned shape;
	size_t len;

	if (size < 2 || size > WIRE_MAX)
		return 0;
	shape = data[0] % SHAPES;
	len = size - 2;
	memcpy(wire, data + 2, len);
	if (data[1] & 1)
		len = seal_frames(shape, bytes_of(data + 2, size - 2), wire);
	whole = run(shape, wire, len, WIRE_MAX);
	steps = run(shape, wire, len, 1 + (data[1] >> 1));
	PROMISE(whole.e == steps.e && whole.packets == steps.packets);
	PROMISE(whole.taken == steps.taken && whole.payload_bytes == steps.payload_bytes);
	PROMISE(whole.sum == steps.sum);
	return 0;
}
