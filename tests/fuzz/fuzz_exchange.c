/* SPDX-License-Identifier: ISC */
/*
 * A first key exchange of two honest ends, whose messages somebody in the middle changes, cuts,
 * drops, repeats and makes up. Steps, one a message that is under way, whichever end sent it:
 *
 *     0..99      as it is
 *     100..159   a byte of it is changed: uint16 where, uint8 by what
 *     160..189   it is cut: uint16 how much is left
 *     190..209   it is dropped
 *     210..229   it comes twice
 *     230..255   another message comes before it: uint8 length, so many bytes
 *
 * Whatever comes of it: with nothing but strict key exchange both are ready only when nothing was
 * changed, or they agree on the hash of all that was said.
 */
#include "fuzz.h"

#include <string.h>

#include "crypto/cipher.h"
#include "crypto/exchange.h"
#include "keys/pubkey.h"
#include "transport/transport.h"
#include "wire/msgs.h"

enum { QUEUE = 64 * 1024, STEPS = 64 };

struct end {
	struct transport_config cfg;
	struct transport *t;
	uint8_t queue[QUEUE]; /* to the other end */
	size_t len;
	bool is_over, has_version; /* version: ours is out of the queue */
};

struct input {
	const uint8_t *at;
	size_t left;
};

static struct pool *pool;
static struct rng rng;
static struct pk *key;
static uint8_t blob[64];
static struct end ends[2]; /* client, server */

static unsigned take(struct input *in, size_t bytes)
{
	unsigned v = 0;

	for (; bytes > 0; bytes--) {
		v = v << 8 | (in->left > 0 ? *in->at : 0);
		in->at += in->left > 0;
		in->left -= in->left > 0;
	}
	return v;
}

static void begin(void)
{
	size_t len;

	if (pool == NULL) {
		pool = pool_new(0);
		rng_system(&rng);
		PROMISE(pool != NULL && pk_generate(&key, PK_ED25519, 0) == E_OK);
		PROMISE(pubkey_to_blob(key, (struct span){blob, sizeof(blob)}, &len) == E_OK);
	}
	for (int i = 0; i < 2; i++) {
		ends[i] = (struct end){.cfg = {.is_server = i == 1,
					       .kex = exchange_default_list(),
					       .ciphers = cipher_default_list(),
					       .macs = mac_default_list(),
					       .host_key_algs = "ssh-ed25519",
					       .sig_algs = "ssh-ed25519",
					       .hostkeys = {{PK_ED25519, {blob, 51}}},
					       .hostkey_count = 1,
					       .rng = &rng,
					       .pool = pool}};
		PROMISE(transport_new(&ends[i].cfg, &ends[i].t) == E_OK);
		PROMISE(transport_start(ends[i].t, 1) == E_OK);
	}
}

static void answer(struct end *d, struct fault *f)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len = 0;
	enum err e = E_OK;

	if (transport_need(d->t) == TRANSPORT_NEEDS_VERDICT) {
		PROMISE(bytes_eq(transport_host_key(d->t), bytes_of(blob, 51)));
		e = transport_answer_verdict(d->t, VERDICT_GOOD, 1, f);
	} else if (transport_need(d->t) == TRANSPORT_NEEDS_SIGNATURE) {
		PROMISE(pk_sign(key, transport_sign_alg(d->t), transport_hash(d->t),
				(struct span){sig, sizeof(sig)}, &len) == E_OK);
		e = transport_answer_signature(d->t, bytes_of(sig, len), 1, f);
	}
	PROMISE(e == E_OK);
}

static void drain(struct end *d)
{
	struct outbox *o = transport_outbox(d->t);
	struct span piece;

	while (outbox_pieces(o, &piece, 1) > 0) {
		PROMISE(piece.len <= QUEUE - d->len);
		memcpy(d->queue + d->len, piece.ptr, piece.len);
		d->len += piece.len;
		outbox_sent(o, piece.len);
	}
}

/* All that is in mem, in an area of its own. */
static void feed(struct end *to, const uint8_t *mem, size_t len)
{
	static uint8_t area[QUEUE];
	struct span payload;
	size_t at = 0, used;

	PROMISE(len <= QUEUE);
	memcpy(area, mem, len);
	while (!to->is_over && at < len) {
		struct fault f = {.err = E_OK};
		enum err e = transport_next(
			to->t, (struct span){area + at, len - at}, &used, &payload, &f);

		if (e == E_AGAIN && used > len - at)
			break; /* what was cut */
		if (e == E_OK && payload.len > 0 && !transport_drops(to->t, payload.ptr[0]) &&
			(payload.ptr[0] == MSG_EXT_INFO || payload.ptr[0] >= MSG_KEXINIT))
			e = transport_handle(to->t, bytes_of(payload.ptr, payload.len), 1, &f);
		if (e == E_OK || e == E_AGAIN)
			answer(to, &f);
		else
			PROMISE(f.err != E_OK && f.text[0] != '\0');
		to->is_over = e != E_OK && e != E_AGAIN;
		at += used;
	}
}

static void feed_made_up(struct end *to, struct input *in)
{
	uint8_t frame[5 + 256 + 16] = {0};
	size_t len = take(in, 1), pad;

	if (len > in->left)
		len = in->left;
	pad = 8 - (5 + len) % 8;
	pad += pad < 4 ? 8 : 0;
	store_be32(frame, (uint32_t)(1 + len + pad));
	frame[4] = (uint8_t)pad;
	memcpy(frame + 5, in->at, len);
	in->at += len;
	in->left -= len;
	feed(to, frame, 5 + len + pad);
}

/* The next thing under way: the version line, or a frame in clear; behind NEWKEYS all of the rest.
 */
static size_t next_len(const struct end *from)
{
	const uint8_t *line = memchr(from->queue, '\n', from->len);
	size_t frame;

	if (!from->has_version)
		return line == NULL ? from->len : (size_t)(line + 1 - from->queue);
	frame = from->len < 4 ? from->len : 4 + (size_t)load_be32(from->queue);
	return frame < from->len ? frame : from->len;
}

static void step(struct end *from, struct end *to, struct input *in)
{
	size_t len = next_len(from), n;
	unsigned op = take(in, 1);

	if (op >= 230)
		feed_made_up(to, in);
	if (op >= 100 && op < 160) {
		n = take(in, 2) % len;
		from->queue[n] ^= (uint8_t)take(in, 1);
	}
	n = op >= 160 && op < 190 ? take(in, 2) % len : len;
	if (op < 190 || op >= 210)
		feed(to, from->queue, n);
	if (op >= 210 && op < 230)
		feed(to, from->queue, n);
	from->has_version = true;
	memmove(from->queue, from->queue + len, from->len - len);
	from->len -= len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	bool is_ready;

	begin();
	for (int i = 0; i < STEPS; i++) {
		struct end *from = &ends[i % 2], *to = &ends[1 - i % 2];

		drain(from);
		if (from->len > 0 && !to->is_over)
			step(from, to, &in);
	}
	is_ready = true;
	for (int i = 0; i < 2; i++)
		is_ready = is_ready && !ends[i].is_over &&
			   transport_phase_of(ends[i].t) == TRANSPORT_READY;
	if (is_ready)
		PROMISE(bytes_eq(transport_session_id(ends[0].t), transport_session_id(ends[1].t)));
	PROMISE(size > 0 || is_ready);
	for (int i = 0; i < 2; i++)
		transport_free(ends[i].t);
	PROMISE(pool_out(pool) == 0);
	return 0;
}
