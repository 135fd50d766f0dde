/* SPDX-License-Identifier: ISC */
/*
 * The SSH transport of one connection (RFC 4253, 5656, 8308, 8731, strict key exchange): version
 * lines, packets, key exchange and re-exchange. The session above checks legality of each message
 * before it gives it back to transport_handle.
 *
 * Exchanges need the outside twice: a client wants the host key judged, a server wants the exchange
 * hash signed. The machine then waits (transport_need) until it is answered; no packet is taken
 * meanwhile.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "crypto/pk.h"
#include "crypto/rand.h"
#include "transport/outbox.h"
#include "wire/port.h"
#include "wire/writer.h"

enum { TRANSPORT_HOSTKEYS_MAX = 8, TRANSPORT_SESSION_ID_MAX = 64 };

struct transport_hostkey { /* server: one key it can have signed */
	enum pk_type type;
	struct bytes blob;
};

/* All memory it points to outlives the transport. */
struct transport_config {
	bool is_server;
	const char *kex, *ciphers, *macs; /* our lists, most wanted first; without marker names */
	const char *host_key_algs;        /* client: what we accept; server: what we can sign */
	struct transport_hostkey hostkeys[TRANSPORT_HOSTKEYS_MAX]; /* server */
	size_t hostkey_count;
	uint64_t rekey_bytes;             /* 0: the cipher's limit; 2^31 packets always */
	uint64_t rekey_ms;                /* 0: never by time */
	const char *sig_algs;             /* server: what may log in; server-sig-algs is made of it */
	/* Server: further extensions to announce in EXT_INFO, as name-list of "name=value". */
	const char *extensions;
	struct rng *rng;
	struct pool *pool;
	/* Progress in words, for -v; may be NULL. level: 1..3. */
	void (*trace)(void *ctx, int level, const char *text);
	void *trace_ctx;
};

enum transport_need {
	TRANSPORT_NEEDS_NOTHING,
	TRANSPORT_NEEDS_VERDICT,  /* client: transport_host_key is proven to be the peer's; accept it? */
	TRANSPORT_NEEDS_SIGNATURE /* server: sign transport_hash with host key transport_sign_index */
};

enum transport_phase {
	TRANSPORT_IDENT,   /* the peer's version line is awaited */
	TRANSPORT_KEX,     /* the first exchange */
	TRANSPORT_READY,   /* keys in force, no KEXINIT of the peer is open */
	TRANSPORT_REKEY    /* the peer's KEXINIT was seen; its NEWKEYS is awaited */
};

enum transport_ext { /* extensions the peer announced in EXT_INFO that we know */
	TRANSPORT_EXT_PING = 1 << 0,           /* ping@openssh.com */
	TRANSPORT_EXT_HOSTBOUND = 1 << 1,      /* publickey-hostbound@openssh.com */
	TRANSPORT_EXT_FORWARD_REASON = 1 << 2, /* forward-reason@sallyport.dev */
	TRANSPORT_EXT_TUNNEL_POOL = 1 << 3     /* tunnel-pool@sallyport.dev */
};

struct transport; /* opaque */

enum err transport_new(const struct transport_config *cfg, struct transport **t) MUST_USE;
void transport_free(struct transport *t); /* wipes all keys */

/* Queues our version line and KEXINIT (both at once: neither side waits). */
enum err transport_start(struct transport *t, uint64_t now_ms) MUST_USE;

/* --- in ------------------------------------------------------------------------------------- */

/* Takes what stands at the front of data. E_OK: *used bytes are done with; payload->len > 0 when they
 * were a packet (a version line or skipped bytes give none). E_AGAIN: more bytes needed, *used is how
 * many must be there in all. Other errors end the connection. Must not be called while
 * transport_need says something. */
enum err transport_next(struct transport *t, struct span data, size_t *used, struct span *payload,
	struct fault *f) MUST_USE;
/* True: this packet is the one guessed wrong by the peer (RFC 4253 7) and must be dropped unseen. */
bool transport_drops(struct transport *t, uint8_t msg);
/* The one message of 20..49 that is legal now, 0 for none. In TRANSPORT_READY that is KEXINIT. */
uint8_t transport_expects(const struct transport *t);
/* EXT_INFO (7), KEXINIT, NEWKEYS and the exchange messages. */
enum err transport_handle(struct transport *t, struct bytes payload, uint64_t now_ms, struct fault *f) MUST_USE;

enum transport_phase transport_phase_of(const struct transport *t);
bool transport_is_strict(const struct transport *t);   /* known after the first KEXINIT */
uint32_t transport_last_seq(const struct transport *t);  /* of the packet taken last, for UNIMPLEMENTED */
void transport_set_max_packet(struct transport *t, uint32_t packet_length);

/* --- questions and answers -------------------------------------------------------------------- */

enum transport_need transport_need(const struct transport *t);
/* Client: the signature by which the host key was proven, while its verdict is awaited; else empty. */
struct bytes transport_host_signature(const struct transport *t);
struct bytes transport_host_key(const struct transport *t);    /* blob; after the first exchange as well */
struct bytes transport_hash(const struct transport *t);        /* exchange hash H */
size_t transport_sign_index(const struct transport *t);        /* into cfg.hostkeys */
const struct sig_alg *transport_sign_alg(const struct transport *t);
enum err transport_answer_verdict(struct transport *t, enum verdict v, uint64_t now_ms, struct fault *f) MUST_USE;
enum err transport_answer_signature(struct transport *t, struct bytes signature, uint64_t now_ms,
	struct fault *f) MUST_USE;

struct bytes transport_session_id(const struct transport *t);  /* fixed for life; empty before */
struct bytes transport_peer_ident(const struct transport *t);  /* without CR LF; printable or escaped by the caller */
unsigned transport_peer_ext(const struct transport *t);        /* bits of enum transport_ext */
/* Name-list the peer gave as server-sig-algs; empty when none. */
struct bytes transport_peer_sig_algs(const struct transport *t);

/* Packets sealed since transport_new or transport_thaw. */
uint64_t transport_packets_out(const struct transport *t);

struct transport_names { /* what was agreed on, for -v and the dump of a live session */
	const char *kex, *host_key, *cipher_in, *cipher_out, *mac_in, *mac_out; /* mac "" for AEAD */
};
void transport_names(const struct transport *t, struct transport_names *out);

/* --- out -------------------------------------------------------------------------------------- */

/* Messages and bulk data, see wire/port.h. While an exchange of ours is open, DISCONNECT goes out at
 * once, all other messages are held back in order (LIMIT_HOLD), and lend gives nothing. */
void transport_port(struct transport *t, struct port *port);
struct outbox *transport_outbox(struct transport *t);
/* May bulk data leave now? (keys in force, no exchange of ours open, nothing cold) */
bool transport_is_open(const struct transport *t);
/* Starts a new exchange if one is due by bytes, packets or time, or if forced. Only after login. */
enum err transport_rekey(struct transport *t, bool is_forced, uint64_t now_ms) MUST_USE;
/* When time alone makes transport_rekey due, or an open re-exchange is overdue; UINT64_MAX never. The
 * first exchange, which may wait for a person's verdict, has no limit here. */
uint64_t transport_deadline(const struct transport *t);
bool transport_is_overdue(const struct transport *t, uint64_t now_ms); /* a re-exchange open too long */

/* --- freeze: only in TRANSPORT_READY with no exchange of ours open (else E_AGAIN) ---------------- */

/* Bytes of a packet that is not whole stay with the caller and are given to transport_next anew.
 * Nothing may be under way on the port. E_LIMIT: w is too small. The output is full of secrets. */
enum err transport_freeze(const struct transport *t, uint64_t now_ms, struct writer *w) MUST_USE;
/* cfg as for transport_new; reads exactly what freeze wrote. Nothing in it is trusted: E_FORMAT. */
struct reader;
enum err transport_thaw(const struct transport_config *cfg, struct reader *r, uint64_t now_ms,
	struct transport **t) MUST_USE;

#endif
