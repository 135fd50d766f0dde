/* SPDX-License-Identifier: ISC */
/*
 * Two transports joined in memory, client and server, each with a machine around it that does what
 * a session would: answers questions, drops wrong guesses, keeps what was received. For the
 * transport's own tests, which look inside.
 */
#ifndef UNIT_TRANSPORT_PAIR_H
#define UNIT_TRANSPORT_PAIR_H

#include <stdio.h>

#include "harness.h"
#include "seed.h"

#include "keys/pubkey.h"
#include "transport/transport_impl.h"

enum { IN_MAX = 1 << 20, HOT_MAX = 640 * 1024, LOG_MAX = 1 << 20, LIST_MAX = 512 };

struct side {
	struct transport *t;
	struct transport_config cfg;
	char kex[LIST_MAX], ciphers[LIST_MAX], macs[LIST_MAX], host_key_algs[LIST_MAX];
	struct port port;
	uint8_t in[IN_MAX]; /* came over the wire, not taken yet */
	size_t in_len;
	uint8_t log[LOG_MAX]; /* payloads above 49 and below 20, one after another */
	size_t log_len, packets;
	struct fault fault;
	enum err err;
	enum verdict verdict;		    /* the client's answer */
	bool spoils_signature, keeps_quiet; /* server: flips a bit; does not answer at all */
	bool is_cold;			    /* works without a hot area */
	size_t step;			    /* wire bytes given at a time; 0: all */
	char trace[8192];
};

struct pair {
	struct side c, s;
	struct pool *pool;
	struct rng rng;
	struct seed seed;
	uint64_t now;
	uint8_t hot[HOT_MAX];
};

static const char *const all_kex[] = {"curve25519-sha256", "curve25519-sha256@libssh.org",
	"ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"};
static const struct suite {
	const char *cipher, *mac;
} all_suites[] = {
	{"aes128-gcm@openssh.com", ""},
	{"aes256-gcm@openssh.com", ""},
	{"chacha20-poly1305@openssh.com", ""},
	{"aes128-ctr", "hmac-sha2-256-etm@openssh.com"},
	{"aes128-ctr", "hmac-sha2-512-etm@openssh.com"},
	{"aes128-ctr", "hmac-sha2-256"},
	{"aes128-ctr", "hmac-sha2-512"},
	{"aes256-ctr", "hmac-sha2-256-etm@openssh.com"},
	{"aes256-ctr", "hmac-sha2-512-etm@openssh.com"},
	{"aes256-ctr", "hmac-sha2-256"},
	{"aes256-ctr", "hmac-sha2-512"},
};
enum {
	KEX_COUNT = sizeof(all_kex) / sizeof(all_kex[0]),
	SUITE_COUNT = sizeof(all_suites) / sizeof(all_suites[0])
};

/* --- keys, made once a program
 * -------------------------------------------------------------------- */

enum { HOST_KEYS = 5 };
static struct pk *pair_keys[HOST_KEYS];
static uint8_t pair_blobs[HOST_KEYS][PUBKEY_BLOB_MAX];
static size_t pair_blob_lens[HOST_KEYS];

__attribute__((destructor)) static void pair_forget_keys(void)
{
	for (int i = 0; i < HOST_KEYS; i++)
		pk_free(pair_keys[i]);
}

static inline struct transport_hostkey pair_host_key(enum pk_type type)
{
	if (pair_keys[type] == NULL) {
		REQUIRE_EQ(pk_generate(&pair_keys[type], type, 2048), E_OK);
		REQUIRE_EQ(pubkey_to_blob(pair_keys[type],
				   (struct span){pair_blobs[type], PUBKEY_BLOB_MAX},
				   &pair_blob_lens[type]),
			E_OK);
	}
	return (struct transport_hostkey){type, bytes_of(pair_blobs[type], pair_blob_lens[type])};
}

/* --- making
 * --------------------------------------------------------------------------------------- */

static inline enum err pair_random(void *ctx, uint8_t *dst, size_t n)
{
	seed_fill(ctx, dst, n);
	return E_OK;
}

static inline void pair_trace(void *ctx, int level, const char *text)
{
	struct side *x = ctx;
	size_t at = strlen(x->trace);

	snprintf(x->trace + at, sizeof(x->trace) - at, "%s\n", text);
}

static inline void side_lists(
	struct side *x, const char *kex, const char *cipher, const char *mac, const char *algs)
{
	snprintf(x->kex, LIST_MAX, "%s", kex);
	snprintf(x->ciphers, LIST_MAX, "%s", cipher);
	snprintf(x->macs, LIST_MAX, "%s", mac);
	snprintf(x->host_key_algs, LIST_MAX, "%s", algs);
}

static inline void pair_lists(
	struct pair *p, const char *kex, const char *cipher, const char *mac, const char *algs)
{
	side_lists(&p->c, kex, cipher, mac, algs);
	side_lists(&p->s, kex, cipher, mac, algs);
}

static inline void side_config(struct pair *p, struct side *x, bool is_server)
{
	x->verdict = VERDICT_GOOD;
	x->cfg = (struct transport_config){
		.is_server = is_server,
		.kex = x->kex,
		.ciphers = x->ciphers,
		.macs = x->macs,
		.host_key_algs = x->host_key_algs,
		.sig_algs = is_server ? "ssh-ed25519,rsa-sha2-512" : NULL,
		.extensions =
			is_server ? "ping@openssh.com=0,forward-reason@sallyport.dev=0" : NULL,
		.rng = &p->rng,
		.pool = p->pool,
		.trace = pair_trace,
		.trace_ctx = x,
	};
}

/* One pair a program: it is large. Ed25519 host key, curve25519, AES-GCM unless changed before
 * pair_open. */
static struct pair pair_one;

static inline struct pair *pair_init(void)
{
	struct pair *p = &pair_one;

	memset(p, 0, sizeof(*p));
	seed_init(&p->seed, 1);
	rng_init(&p->rng, pair_random, &p->seed);
	p->pool = pool_new(0);
	REQUIRE(p->pool != NULL);
	p->now = 1000;
	pair_lists(p, all_kex[0], all_suites[0].cipher, "hmac-sha2-256", "ssh-ed25519");
	side_config(p, &p->c, false);
	side_config(p, &p->s, true);
	p->s.cfg.hostkeys[0] = pair_host_key(PK_ED25519);
	p->s.cfg.hostkey_count = 1;
	return p;
}

/* Only allocates and starts; nothing is delivered. */
static inline enum err pair_start(struct pair *p)
{
	struct side *sides[] = {&p->c, &p->s};

	for (int i = 0; i < 2; i++) {
		enum err e = transport_new(&sides[i]->cfg, &sides[i]->t);

		if (e == E_OK) {
			transport_port(sides[i]->t, &sides[i]->port);
			e = transport_start(sides[i]->t, p->now);
		}
		if (e != E_OK)
			return e;
	}
	return E_OK;
}

static inline void pair_fini(struct pair *p)
{
	transport_free(p->c.t);
	transport_free(p->s.t);
	p->c.t = p->s.t = NULL;
	CHECK_EQ(pool_out(p->pool), 0);
	pool_free(p->pool);
	p->pool = NULL;
}

/* --- running
 * -------------------------------------------------------------------------------------- */

static inline enum err side_sign(struct pair *p, struct side *x)
{
	uint8_t sig[PK_SIGNATURE_MAX];
	size_t len;
	const struct sig_alg *alg = transport_sign_alg(x->t);
	size_t i = transport_sign_index(x->t);
	enum err e;

	CHECK_EQ(x->cfg.hostkeys[i].type, alg->type);
	e = pk_sign(pair_keys[x->cfg.hostkeys[i].type], alg, transport_hash(x->t),
		(struct span){sig, sizeof(sig)}, &len);
	if (e != E_OK)
		return e;
	if (x->spoils_signature)
		sig[len - 1] ^= 1;
	return transport_answer_signature(x->t, bytes_of(sig, len), p->now, &x->fault);
}

static inline enum err side_answer(struct pair *p, struct side *x)
{
	if (transport_need(x->t) == TRANSPORT_NEEDS_SIGNATURE)
		return side_sign(p, x);
	return transport_answer_verdict(x->t, x->verdict, p->now, &x->fault);
}

static inline void side_keep(struct side *x, struct span payload)
{
	/* Between the peer's KEXINIT and its NEWKEYS nothing but the exchange may come (RFC 4253
	 * 7.1): OpenSSH ends the connection over it. */
	CHECK(x->t->kex == NULL || !kex_has_peer_offer(x->t->kex));
	if (!CHECK(payload.len <= LOG_MAX - x->log_len))
		return;
	memcpy(x->log + x->log_len, payload.ptr, payload.len);
	x->log_len += payload.len;
	x->packets++;
}

/* Takes one step with the first avail bytes of what came; false when there is nothing to do. */
static inline bool side_step(struct pair *p, struct side *x, size_t avail)
{
	struct span payload;
	size_t used = 0;
	uint8_t msg;

	if (x->err != E_OK)
		return false;
	if (transport_need(x->t) != TRANSPORT_NEEDS_NOTHING) {
		if (x->keeps_quiet)
			return false;
		x->err = side_answer(p, x);
		return true;
	}
	x->err = transport_next(x->t, (struct span){x->in, avail}, &used, &payload, &x->fault);
	if (x->err == E_AGAIN) {
		CHECK(used > avail);
		x->err = E_OK;
		return false;
	}
	if (x->err != E_OK)
		return true;
	msg = payload.len > 0 ? payload.ptr[0] : 0;
	if (payload.len > 0 && transport_drops(x->t, msg))
		payload.len = 0;
	if (payload.len > 0 && (msg == MSG_EXT_INFO || (msg >= MSG_KEXINIT && msg <= MSG_KEX_LAST)))
		x->err = transport_handle(
			x->t, bytes_of(payload.ptr, payload.len), p->now, &x->fault);
	else if (payload.len > 0)
		side_keep(x, payload);
	CHECK(used <= x->in_len);
	memmove(x->in, x->in + used, x->in_len - used);
	x->in_len -= used;
	return true;
}

/* Appends what `from` has to send to what `to` received. */
static inline size_t side_carry(struct side *from, struct side *to)
{
	struct outbox *o = transport_outbox(from->t);
	struct span pieces[16];
	size_t n, total = 0;

	while ((n = outbox_pieces(o, pieces, 16)) > 0) {
		size_t part = 0;

		for (size_t i = 0; i < n; i++) {
			REQUIRE(pieces[i].len <= IN_MAX - to->in_len);
			memcpy(to->in + to->in_len, pieces[i].ptr, pieces[i].len);
			to->in_len += pieces[i].len;
			part += pieces[i].len;
		}
		outbox_sent(o, part);
		total += part;
	}
	return total;
}

/* A turn: takes what came, piece by piece if so set. True when anything happened. */
static inline bool side_turn(struct pair *p, struct side *x)
{
	bool happened = false;
	size_t seen = x->step == 0 ? x->in_len : 0;

	if (!x->is_cold)
		outbox_attach(transport_outbox(x->t), (struct span){p->hot, HOT_MAX});
	for (;;) {
		size_t before = x->in_len;

		if (side_step(p, x, seen < x->in_len ? seen : x->in_len)) {
			happened = true;
			seen -= before - x->in_len < seen ? before - x->in_len : seen;
		} else if (x->err == E_OK && seen < x->in_len &&
			   transport_need(x->t) == TRANSPORT_NEEDS_NOTHING) {
			seen += x->step;
		} else {
			break;
		}
	}
	if (!x->is_cold) {
		enum err e = outbox_park(transport_outbox(x->t));

		if (x->err == E_OK)
			x->err = e;
	}
	return happened;
}

/* Until nothing moves any more. */
static inline void pair_run(struct pair *p)
{
	bool moves = true;

	while (moves) {
		moves = side_carry(&p->c, &p->s) > 0;
		moves |= side_turn(p, &p->s);
		moves |= side_carry(&p->s, &p->c) > 0;
		moves |= side_turn(p, &p->c);
	}
}

/* The first exchange; must succeed. */
static inline void pair_open(struct pair *p)
{
	REQUIRE_EQ(pair_start(p), E_OK);
	pair_run(p);
	REQUIRE_STR(p->c.fault.text, "");
	REQUIRE_STR(p->s.fault.text, "");
	REQUIRE_EQ(p->c.err, E_OK);
	REQUIRE_EQ(p->s.err, E_OK);
	REQUIRE_EQ(transport_phase_of(p->c.t), TRANSPORT_READY);
	REQUIRE_EQ(transport_phase_of(p->s.t), TRANSPORT_READY);
}

/* Sends one payload of msg and len - 1 bytes of filling. */
static inline enum err side_send(struct side *x, uint8_t msg, uint8_t filling, size_t len)
{
	struct writer w;
	enum err e = x->port.begin(x->port.ctx, len, &w);

	if (e != E_OK)
		return e;
	wr_u8(&w, msg);
	for (size_t i = 1; i < len; i++)
		wr_u8(&w, filling);
	return x->port.end(x->port.ctx, &w);
}

/* Takes the version line and KEXINIT that wait to be sent back and sends others: a peer that offers
 * what ours never would. The lists must be such that the exchange can go on. */
static inline void side_offer_anew(
	struct side *x, const char *const lists[static KEXINIT_LISTS], bool first_follows)
{
	struct outbox *o = transport_outbox(x->t);
	struct writer w;

	outbox_sent(o, outbox_len(o));
	x->t->out.packet.seq = 0;
	REQUIRE_EQ(sender_raw(&x->t->out, bytes_str(VERSION_OURS "\r\n")), E_OK);
	REQUIRE_EQ(x->port.begin(x->port.ctx, KEXINIT_MAX, &w), E_OK);
	wr_u8(&w, MSG_KEXINIT);
	for (uint8_t i = 0; i < KEXINIT_COOKIE_LEN; i++)
		wr_u8(&w, i);
	for (int i = 0; i < KEXINIT_LISTS; i++)
		wr_cstring(&w, lists[i]);
	wr_bool(&w, first_follows);
	wr_u32(&w, 0);
	buf_fini(&x->t->kex->ours);
	REQUIRE_EQ(kex_offer(x->t->kex, wr_bytes(&w)), E_OK);
	REQUIRE_EQ(x->port.end(x->port.ctx, &w), E_OK);
}

/* The other side's log is what side_send made of these; forgets it. */
static inline bool side_got(struct side *x, uint8_t msg, uint8_t filling, size_t len)
{
	bool is_same = x->log_len >= len && len > 0 && x->log[0] == msg;

	for (size_t i = 1; is_same && i < len; i++)
		is_same = x->log[i] == filling;
	if (!is_same)
		return false;
	memmove(x->log, x->log + len, x->log_len - len);
	x->log_len -= len;
	return true;
}

#endif
