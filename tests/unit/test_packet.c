/* SPDX-License-Identifier: ISC */
#include "transport/packet.h"

#include "wire/msgs.h"

#include "harness.h"
#include "seed.h"

/* Every shape of frame. */
static const struct shape {
	const char *cipher, *mac;
	size_t block, outside, tag;
} shapes[] = {
	{NULL, NULL, 8, 0, 0},
	{"aes128-gcm@openssh.com", NULL, 16, 4, 16},
	{"aes256-gcm@openssh.com", NULL, 16, 4, 16},
	{"chacha20-poly1305@openssh.com", NULL, 8, 4, 16},
	{"aes128-ctr", "hmac-sha2-256-etm@openssh.com", 16, 4, 32},
	{"aes256-ctr", "hmac-sha2-512-etm@openssh.com", 16, 4, 64},
	{"aes128-ctr", "hmac-sha2-256", 16, 0, 32},
	{"aes256-ctr", "hmac-sha2-512", 16, 0, 64},
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]), FRAME_MAX = 64 * 1024 };

struct link {
	struct packet_in in;
	struct packet_out out;
	struct cipher *raw; /* seals what packet_seal never would */
	struct rng rng;
	struct seed seed;
	struct fault f;
};

static enum err fill(void *ctx, uint8_t *dst, size_t n)
{
	seed_fill(ctx, dst, n);
	return E_OK;
}

static struct cipher *cipher_of(const struct shape *s, enum cipher_dir dir)
{
	struct cipher_keys keys;
	struct cipher *c;

	memset(&keys, 0x42, sizeof(keys));
	c = cipher_new(dir, cipher_alg_find(bytes_str(s->cipher)),
		s->mac == NULL ? NULL : mac_alg_find(bytes_str(s->mac)), &keys);
	REQUIRE(c != NULL);
	return c;
}

static void link_open(struct link *l, const struct shape *s)
{
	*l = (struct link){.in = {.max_length = LIMIT_PACKET_LOGIN}};
	seed_init(&l->seed, 3);
	rng_init(&l->rng, fill, &l->seed);
	harness_note("%s %s", s->cipher ? s->cipher : "clear", s->mac ? s->mac : "");
	if (s->cipher == NULL)
		return;
	packet_in_rekey(&l->in, cipher_of(s, CIPHER_OPEN), true);
	packet_out_rekey(&l->out, cipher_of(s, CIPHER_SEAL), true);
	l->raw = cipher_of(s, CIPHER_SEAL);
}

static void link_close(struct link *l)
{
	packet_in_fini(&l->in);
	packet_out_fini(&l->out);
	cipher_free(l->raw);
}

static uint8_t frame[LIMIT_PACKET_OPEN + 1024];

static size_t seal(struct link *l, size_t payload_len)
{
	size_t len = 0;

	for (size_t i = 0; i < payload_len; i++)
		frame[PACKET_HEAD + i] = (uint8_t)(i * 7 + 1);
	REQUIRE_EQ(packet_seal(&l->out, &l->rng, frame, payload_len, &len), E_OK);
	return len;
}

static bool is_payload(struct span p, size_t len)
{
	bool is_same = p.len == len;

	for (size_t i = 0; is_same && i < len; i++)
		is_same = p.ptr[i] == (uint8_t)(i * 7 + 1);
	return is_same;
}

TEST(every_size_goes_through_and_keeps_the_rules_of_rfc_4253_6)
{
	for (int i = 0; i < SHAPES; i++) {
		const struct shape *s = &shapes[i];
		uint64_t blocks = 0;
		struct link l;

		link_open(&l, s);
		for (size_t n = 1; n < 300; n++) {
			size_t want = packet_frame_len(&l.out, n), len = seal(&l, n), used;
			struct span payload;

			REQUIRE_EQ(len, want);
			CHECK_EQ((len - s->tag - s->outside) % s->block, 0);
			CHECK(len - s->tag - PACKET_HEAD - n >= PADDING_MIN);
			CHECK(len - s->tag - PACKET_HEAD - n < PADDING_MIN + s->block);
			CHECK(s->cipher != NULL || len >= 16);
			REQUIRE_EQ(packet_next(
					   &l.in, (struct span){frame, len}, &used, &payload, &l.f),
				E_OK);
			CHECK_EQ(used, len);
			CHECK(is_payload(payload, n));
			CHECK_EQ(l.in.seq, n);
			CHECK_EQ(l.out.seq, n);
			blocks += (len - s->tag) / s->block;
		}
		CHECK_EQ(l.in.packets, 299);
		CHECK_EQ(l.in.bytes, l.out.bytes);
		CHECK_EQ(l.in.blocks, l.out.blocks);
		CHECK_EQ(l.in.blocks, blocks);
		link_close(&l);
	}
}

/* Bytes of a packet that is not whole are not touched, whatever was learned from them, and what is
 * asked for grows only to what is needed. */
TEST(one_byte_at_a_time)
{
	static uint8_t copy[FRAME_MAX];

	for (int i = 0; i < SHAPES; i++) {
		struct link l;

		link_open(&l, &shapes[i]);
		for (int round = 0; round < 3; round++) {
			size_t len = seal(&l, 100), used;
			struct span payload;

			memcpy(copy, frame, len);
			for (size_t n = 0; n < len; n++) {
				REQUIRE_EQ(packet_next(&l.in, (struct span){frame, n}, &used,
						   &payload, &l.f),
					E_AGAIN);
				CHECK(used > n && used <= len);
				CHECK_MEM(frame, len, copy);
			}
			REQUIRE_EQ(packet_next(
					   &l.in, (struct span){frame, len}, &used, &payload, &l.f),
				E_OK);
			CHECK(is_payload(payload, 100));
		}
		link_close(&l);
	}
}

/* A frame that says packet_length, sealed properly when the cipher can take it. */
static void forge(struct link *l, uint32_t length, uint8_t padding)
{
	uint32_t sealed = l->raw != NULL && cipher_length_outside(l->raw) == 0 ? 44 : 48;

	memset(frame, 0x55, sizeof(frame));
	frame[4] = padding;
	store_be32(frame, length);
	if (l->raw == NULL)
		return;
	if (length <= FRAME_MAX && cipher_seal(l->raw, l->in.seq, frame, length) == E_OK)
		return;
	store_be32(frame, sealed);
	REQUIRE_EQ(cipher_seal(l->raw, l->in.seq, frame, sealed), E_OK);
	/* A clear length is replaced, an encrypted one is bent: both ways are stream ciphers. */
	store_be32(frame, load_be32(frame) ^ sealed ^ length);
}

/* R10, CVE-2019-3855, CVE-2026-55200. */
TEST(r10_r11_cve_2019_3855_cve_2019_17498_cve_2020_22218_cve_2024_43410_cve_2026_55200_lengths_at_every_edge)
{
	static const uint32_t lengths[] = {0, 1, 4, 5, 6, 7, 8, 11, 13, 15, 17,
		LIMIT_PACKET_LOGIN - 1, LIMIT_PACKET_LOGIN, LIMIT_PACKET_LOGIN + 1, 0x7fffffff,
		0x80000000, 0xfffffffb, 0xfffffffc, 0xffffffff};

	for (int i = 0; i < SHAPES; i++)
		for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
			const struct shape *s = &shapes[i];
			uint32_t length = lengths[k];
			bool is_legal = length >= 6 && length <= LIMIT_PACKET_LOGIN &&
					(4 - s->outside + length) % s->block == 0;
			struct link l;
			struct span payload;
			size_t used;
			enum err e;

			link_open(&l, s);
			harness_note("%s %s length %u", s->cipher ? s->cipher : "clear",
				s->mac ? s->mac : "", length);
			forge(&l, length, 4);
			/* Only so much is there that the length can be read. */
			e = packet_next(&l.in, (struct span){frame, 16}, &used, &payload, &l.f);
			if (is_legal) {
				CHECK(e == E_AGAIN || e == E_OK);
				CHECK(e == E_OK || used == 4 + (size_t)length + s->tag);
			} else {
				CHECK_EQ(e, length > LIMIT_PACKET_LOGIN ? E_LIMIT : E_FORMAT);
				if (s->cipher == NULL) {
					CHECK(strncmp(l.f.text, "bad packet length ", 18) == 0);
				} else {
					CHECK_STR(l.f.text, "integrity check failed");
					CHECK_EQ(l.f.code, DISCONNECT_MAC_ERROR);
				}
			}
			link_close(&l);
		}
}

/* R12: padding of 4 at least, one byte of payload at least; proven only after authentication. */
TEST(r12_cve_2021_43565_cve_2026_46597_padding_lies)
{
	for (int i = 0; i < SHAPES; i++)
		for (unsigned padding = 0; padding < 256; padding++) {
			const struct shape *s = &shapes[i];
			uint32_t length = s->outside ? 48 : 44;
			bool is_legal = padding >= 4 && padding <= length - 2;
			struct link l;
			struct span payload;
			size_t used;
			enum err e;

			link_open(&l, s);
			forge(&l, length, (uint8_t)padding);
			e = packet_next(&l.in, (struct span){frame, 4 + length + s->tag}, &used,
				&payload, &l.f);
			CHECK_EQ(e, is_legal ? E_OK : E_FORMAT);
			if (is_legal)
				CHECK_EQ(payload.len, length - 1 - padding);
			link_close(&l);
		}
}

/* A cap above login, and the largest packet of all. */
TEST(r10_the_cap_is_what_was_set)
{
	for (int i = 0; i < SHAPES; i++) {
		struct link l;
		struct span payload;
		size_t len, used, most = LIMIT_PACKET_OPEN - 300;

		link_open(&l, &shapes[i]);
		len = seal(&l, most);
		CHECK_EQ(packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f),
			E_LIMIT);
		link_close(&l);
		link_open(&l, &shapes[i]);
		l.in.max_length = LIMIT_PACKET_OPEN;
		len = seal(&l, most);
		REQUIRE_EQ(
			packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_OK);
		CHECK(is_payload(payload, most));
		link_close(&l);
	}
}

/* R56: any flipped bit looks the same from outside. */
TEST(r56_cve_2008_5161_every_flipped_byte_is_one_and_the_same_failure)
{
	static uint8_t copy[FRAME_MAX];

	for (int i = 1; i < SHAPES; i++) {
		struct link l;
		size_t len;

		link_open(&l, &shapes[i]);
		len = seal(&l, 50);
		memcpy(copy, frame, len);
		link_close(&l);
		for (size_t at = 0; at < len; at++) {
			struct span payload;
			size_t used, have = len;
			enum err e;

			link_open(&l, &shapes[i]);
			memcpy(frame, copy, len);
			frame[at] ^= 1;
			e = packet_next(&l.in, (struct span){frame, have}, &used, &payload, &l.f);
			if (e == E_AGAIN) { /* the length became a larger one that may be */
				CHECK(at < 4);
				e = packet_next(
					&l.in, (struct span){frame, used}, &used, &payload, &l.f);
			}
			CHECK(e == E_MAC || e == E_FORMAT || e == E_LIMIT);
			CHECK_STR(l.f.text, "integrity check failed");
			CHECK_EQ(l.f.code, DISCONNECT_MAC_ERROR);
			link_close(&l);
		}
	}
}

TEST(a_replayed_packet_is_not_taken)
{
	static uint8_t copy[FRAME_MAX];

	for (int i = 1; i < SHAPES; i++) {
		struct link l;
		struct span payload;
		size_t len, used;
		enum err e;

		link_open(&l, &shapes[i]);
		len = seal(&l, 30);
		memcpy(copy, frame, len);
		REQUIRE_EQ(
			packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_OK);
		e = packet_next(&l.in, (struct span){copy, len}, &used, &payload, &l.f);
		CHECK(e != E_OK);
		link_close(&l);
	}
}

TEST(sequence_numbers_wrap_only_under_a_key)
{
	for (int i = 0; i < SHAPES; i++) {
		struct link l;
		struct span payload;
		size_t len, used;

		link_open(&l, &shapes[i]);
		l.in.seq = l.out.seq = 0xffffffff;
		len = seal(&l, 10);
		REQUIRE_EQ(
			packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_OK);
		CHECK_EQ(l.in.seq, 0);
		CHECK_EQ(l.in.has_wrapped, shapes[i].cipher == NULL);
		CHECK_EQ(l.out.has_wrapped, shapes[i].cipher == NULL);
		len = seal(&l, 10);
		CHECK_EQ(
			packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_OK);
		link_close(&l);
	}
}

/* RFC 4344 3.1: never 2^32 packets under one key, or chacha20 would repeat a nonce. */
TEST(a_key_ends_before_its_numbers_do)
{
	struct link l;
	struct span payload;
	size_t len, used;

	link_open(&l, &shapes[3]);
	l.in.packets = l.out.packets = UINT32_MAX;
	len = seal(&l, 10);
	CHECK_EQ(packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_OK);
	CHECK_EQ(packet_seal(&l.out, &l.rng, frame, 10, &len), E_LIMIT);
	l.out.packets = 0;
	len = seal(&l, 10);
	CHECK_EQ(packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_LIMIT);
	link_close(&l);
}

TEST(what_cannot_be_sent_is_refused)
{
	struct link l;
	size_t len;

	link_open(&l, &shapes[0]);
	CHECK_EQ(packet_seal(&l.out, &l.rng, frame, 0, &len), E_STATE);
	CHECK_EQ(packet_seal(&l.out, &l.rng, frame, LIMIT_PACKET_OPEN + 1, &len), E_LIMIT);
	CHECK_EQ(l.out.seq, 0);
	link_close(&l);
}

TEST(a_new_key_restarts_the_counters_and_under_strict_the_sequence)
{
	for (int strict = 0; strict < 2; strict++) {
		struct link l;
		struct span payload;
		size_t len, used;

		link_open(&l, &shapes[1]);
		len = seal(&l, 20);
		REQUIRE_EQ(
			packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_OK);
		packet_in_rekey(&l.in, cipher_of(&shapes[3], CIPHER_OPEN), strict);
		packet_out_rekey(&l.out, cipher_of(&shapes[3], CIPHER_SEAL), strict);
		CHECK_EQ(l.in.seq, strict ? 0 : 1);
		CHECK_EQ(l.out.seq, strict ? 0 : 1);
		CHECK_EQ(l.in.bytes + l.in.packets + l.in.blocks, 0);
		CHECK_EQ(l.out.bytes + l.out.packets + l.out.blocks, 0);
		len = seal(&l, 20);
		CHECK_EQ(
			packet_next(&l.in, (struct span){frame, len}, &used, &payload, &l.f), E_OK);
		link_close(&l);
	}
}

/* The key given out is that of the start of the packet at the front, at every byte of it. */
TEST(export_at_every_byte)
{
	for (int i = 1; i < SHAPES; i++)
		for (size_t n = 0;; n++) {
			struct link l;
			struct span payload;
			struct cipher_keys keys;
			struct cipher *c;
			size_t len, used;
			enum err e;

			link_open(&l, &shapes[i]);
			len = seal(&l, 40);
			REQUIRE_EQ(packet_next(
					   &l.in, (struct span){frame, len}, &used, &payload, &l.f),
				E_OK);
			len = seal(&l, 33);
			if (n >= len) {
				link_close(&l);
				break;
			}
			e = packet_next(&l.in, (struct span){frame, n}, &used, &payload, &l.f);
			REQUIRE_EQ(e, E_AGAIN);
			packet_in_export(&l.in, &keys);
			c = cipher_new(CIPHER_OPEN, cipher_alg_of(l.in.cipher),
				cipher_mac_of(l.in.cipher), &keys);
			REQUIRE(c != NULL);
			l.in.has_length = false;
			cipher_free(l.in.cipher);
			l.in.cipher = c;
			CHECK_EQ(packet_next(
					 &l.in, (struct span){frame, len}, &used, &payload, &l.f),
				E_OK);
			CHECK(is_payload(payload, 33));
			link_close(&l);
		}
}
